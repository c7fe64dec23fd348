// What happened between two answers of GET /status: requests per second and how long they took. Goes to the browser
// as format.ts does.
import { quantileOf } from '../histogram.ts'
import type { LaneRoute, RouteName } from '../metrics-source.ts'
import type { Status } from '../status.ts'

export type Rates = {
  /** Requests per second. */
  readonly perSecond: Readonly<Record<RouteName, number>>
  readonly all: number
  /** Seconds; NaN for a route that was not used. */
  readonly p50: Readonly<Record<LaneRoute, number>>
  readonly p99: Readonly<Record<LaneRoute, number>>
}

/** Without a `before`, since the proxy started. `seconds` is the time between the two. */
export function ratesOf(now: Status, before: Status | undefined, seconds: number): Rates {
  const since = before !== undefined && before.proxy.startedAt === now.proxy.startedAt ? before : undefined
  const span = since === undefined ? now.proxy.uptimeSeconds : seconds
  const perSecond = (route: RouteName): number =>
    (now.requests.total[route] - (since?.requests.total[route] ?? 0)) / Math.max(span, 0.001)
  const quantile = (route: LaneRoute, q: number): number =>
    quantileOf(
      now.latency.boundsSeconds,
      now.latency.counts[route].map((count, bucket) => count - (since?.latency.counts[route][bucket] ?? 0)),
      q
    )
  const rates = {
    master: perSecond('master'),
    replica: perSecond('replica'),
    pinned: perSecond('pinned'),
    proxy: perSecond('proxy'),
    refused: perSecond('refused')
  }
  const each = (q: number): Record<LaneRoute, number> => ({
    master: quantile('master', q),
    replica: quantile('replica', q),
    pinned: quantile('pinned', q)
  })
  return {
    perSecond: rates,
    all: rates.master + rates.replica + rates.pinned + rates.proxy + rates.refused,
    p50: each(0.5),
    p99: each(0.99)
  }
}
