// Durations counted in fixed buckets, cheap enough to be fed from the data path [O1]. Knows no metric name and no
// exporter: metrics.ts reads it at scrape time, the status page estimates quantiles from it.

/** Upper bounds in seconds of a request's way to Redis and back. */
export const REQUEST_SECONDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5
]

/** Upper bounds in seconds of what a failover makes wait. */
export const FAILOVER_SECONDS: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60]

export class LatencyHistogram {
  /** Upper bounds in seconds, ascending; the last bucket, above all of them, has none. */
  readonly bounds: readonly number[]
  readonly #boundsMs: Float64Array
  // Doubles count exactly up to 2^53; 32 bits would wrap within half a day of 100,000 requests a second.
  readonly #counts: Float64Array
  #sumMs = 0

  constructor(bounds: readonly number[] = REQUEST_SECONDS) {
    this.bounds = bounds
    this.#boundsMs = Float64Array.from(bounds, (seconds) => seconds * 1000)
    this.#counts = new Float64Array(bounds.length + 1)
  }

  /** Counts `count` durations of `ms` milliseconds each; what is not a duration (negative, NaN) counts as 0. */
  observeMs(ms: number, count = 1): void {
    const taken = ms > 0 ? ms : 0
    const bounds = this.#boundsMs
    let bucket = 0
    while (taken > (bounds[bucket] ?? Infinity)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count
    this.#sumMs += taken * count
  }

  /** How many durations were counted. */
  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  /** The sum of all durations, in seconds. */
  get sum(): number {
    return this.#sumMs / 1000
  }

  /** How many were at most as long as each bound, and last the count of all. */
  cumulative(): number[] {
    let seen = 0
    return Array.from(this.#counts, (count) => (seen += count))
  }

  /** The q-quantile (0 to 1) in seconds, as `quantileOf` estimates it. */
  quantile(q: number): number {
    return quantileOf(this.bounds, this.cumulative(), q)
  }
}

/**
 * The q-quantile in seconds of cumulative bucket counts, interpolated within its bucket as PromQL's
 * histogram_quantile does: NaN while nothing was counted, the highest bound for what lies above it.
 */
export function quantileOf(bounds: readonly number[], cumulative: readonly number[], q: number): number {
  const total = cumulative.at(-1) ?? 0
  if (total === 0) return NaN
  const rank = q * total
  const bucket = cumulative.findIndex((count) => count >= rank && count > 0)
  const upper = bounds[bucket]
  if (upper === undefined) return bounds.at(-1) ?? NaN
  const lower = bounds[bucket - 1] ?? 0
  const below = cumulative[bucket - 1] ?? 0
  return lower + ((upper - lower) * (rank - below)) / ((cumulative[bucket] as number) - below)
}
