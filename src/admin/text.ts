// The status as one screen of plain text, for `curl` and `holdfast status`.
import type { FlightRecord, Status } from '../status.ts'
import {
  costOf,
  formatBytes,
  formatInstant,
  formatNumber,
  formatSeconds,
  proofOf,
  stateOf
} from './format.ts'
import { ratesOf, type Rates } from './rates.ts'

/** At most 100 columns, and as many lines as there are nodes and failovers; ends in a newline. */
export function renderText(status: Status): string {
  const lines = [
    ...headLines(status),
    '',
    ...nodeLines(status),
    '',
    ...trafficLines(status),
    '',
    ...failoverLines(status)
  ]
  return `${lines.map(printable).join('\n')}\n`
}

// Addresses and reasons come from the network: an escape sequence among them would reach the operator's terminal.
function printable(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').trimEnd()
}

function headLines(status: Status): string[] {
  const { proxy } = status
  return [
    `holdfast ${proxy.version}   ${stateOf(status).word.toUpperCase()}   phase ${status.phase}   up ${formatSeconds(proxy.uptimeSeconds)}`,
    `${status.listen} -> master "${status.masterName}"   epoch ${status.epoch}   generation ${status.generation}   pid ${proxy.pid}`
  ]
}

function row(label: string, facts: readonly string[]): string {
  return `  ${label.padEnd(10)}${facts.filter((fact) => fact !== '').join(', ')}`
}

function nodeLines({ master, replicas, sentinels }: Status): string[] {
  const up = (isUp: boolean): string => (isUp ? 'up' : 'DOWN')
  return [
    'NODES',
    master === null
      ? row('master', ['none is bound'])
      : row('master', [master.address, up(master.up), offset(master)]),
    ...replicas.map((replica) =>
      row('replica', [
        replica.address,
        up(replica.up),
        replica.eligible ? 'serves reads' : 'serves no reads',
        `lag ${formatSeconds(replica.lagSeconds)}`,
        offset(replica)
      ])
    ),
    ...sentinels.map((sentinel) =>
      row('sentinel', [
        sentinel.address,
        up(sentinel.up),
        sentinel.quorum === null ? 'quorum unknown' : sentinel.quorum ? 'quorum' : 'NO QUORUM',
        `names ${sentinel.master ?? 'no master'}`
      ])
    )
  ]
}

function offset(node: { readonly offset: number | null }): string {
  return node.offset === null ? '' : `offset ${node.offset}`
}

function trafficLines(status: Status): string[] {
  const { clients, requests } = status
  const connected = `${formatNumber(clients.connected)} of ${formatNumber(clients.max)}`
  const routes = Object.entries(requests.total).map(([route, count]) => `${formatNumber(count)} ${route}`)
  const lanes = status.lanes.flatMap(({ kinds }) => Object.values(kinds))
  return [
    'TRAFFIC',
    row('clients', [
      connected,
      `${formatNumber(clients.opened)} since the start`,
      `${formatNumber(clients.rejected)} rejected`
    ]),
    row('requests', routes),
    row('latency', latencies(ratesOf(status, undefined, 0))),
    row('trouble', [
      `${formatNumber(requests.errors)} error replies`,
      `${formatNumber(requests.inDoubt)} in doubt`,
      `${formatNumber(requests.replayed)} replayed`
    ]),
    row('held', heldFacts(status)),
    row('lanes', [formatNumber(lanes.reduce((sum, count) => sum + count, 0))])
  ]
}

function heldFacts({ held }: Status): string[] {
  if (held.count === 0) return ['nothing']
  return [
    formatNumber(held.count),
    formatBytes(held.bytes),
    `the oldest for ${formatSeconds(held.oldestAgeSeconds)}`
  ]
}

function latencies({ p50, p99 }: Rates): string[] {
  const used = (['master', 'replica', 'pinned'] as const).filter((route) => !Number.isNaN(p50[route]))
  if (used.length === 0) return ['nothing was measured']
  return used.map((route) => `${route} p50 ${formatSeconds(p50[route])} p99 ${formatSeconds(p99[route])}`)
}

function failoverLines({ failovers }: Status): string[] {
  if (failovers.length === 0) return ['FAILOVERS', '  none since the start']
  return ['FAILOVERS (newest first, UTC)', ...failovers.slice(0, 3).flatMap(flightLines)]
}

function flightLines(flight: FlightRecord): string[] {
  return [
    `  ${formatInstant(flight.startedAt)}  ${flight.from ?? 'none'} -> ${flight.to ?? 'none'}  ${flight.reason}`,
    `    ${costOf(flight)}`,
    `    ${proofOf(flight)}`
  ]
}
