// The status page's parts as HTML, made in the browser from each answer of GET /status. Goes to the browser as
// format.ts does. Everything that comes from outside passes through `escapeHtml`.
import type { FlightRecord, Status } from '../status.ts'
import {
  costOf,
  formatBytes,
  formatInstant,
  formatMs,
  formatNumber,
  formatSeconds,
  proofOf,
  stateOf
} from './format.ts'
import type { Rates } from './rates.ts'

export function escapeHtml(text: unknown): string {
  const names: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;'
  }
  return String(text).replace(/[&<>"']/g, (character) => names[character] ?? '')
}

/** A state is a sign and a word before it is a colour. */
export function moodHtml(mood: string, word: string): string {
  const sign = mood === 'good' ? '\u25cf' : mood === 'busy' ? '\u25d0' : '\u25cb'
  return `<span class="mood ${mood}"><span aria-hidden="true">${sign}</span> ${escapeHtml(word)}</span>`
}

/** Read out when it changes, and so without the numbers that always do. */
export function stateHtml(status: Status): string {
  const { word, mood } = stateOf(status)
  return `${moodHtml(mood, word)} phase <b>${escapeHtml(status.phase)}</b>`
}

export function headHtml(status: Status): string {
  return `master name <b>${escapeHtml(status.masterName)}</b> epoch <b>${status.epoch}</b>
    generation <b>${status.generation}</b> up <b>${formatSeconds(status.proxy.uptimeSeconds)}</b>
    version <b>${escapeHtml(status.proxy.version)}</b>`
}

/** A line of the last values, without axes: its numbers stand beside it. */
export function sparkHtml(values: readonly number[], label: string): string {
  const known = values.map((value) => (Number.isFinite(value) ? value : 0))
  const top = Math.max(...known, 1e-9)
  const points = known.map((value, at) => `${(at * 100) / 59},${(23 - (value / top) * 22).toFixed(1)}`)
  return `<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img"
    aria-label="${escapeHtml(label)}, last ${values.length} s"><polyline points="${points.join(' ')}"/></svg>`
}

export function tileHtml(name: string, value: string, note: string, spark = ''): string {
  return `<div class="tile"><h3>${escapeHtml(name)}</h3><p>${escapeHtml(value)}</p>
    <small>${escapeHtml(note)}</small>${spark}</div>`
}

type Recent = { readonly all: readonly number[]; readonly p99: readonly number[] }

export function tilesHtml(status: Status, rates: Rates, recent: Recent): string {
  const { clients, held, requests } = status
  const slowest = Math.max(...Object.values(rates.p99).filter((seconds) => Number.isFinite(seconds)))
  const inFlight = requests.inFlight.master + requests.inFlight.replica + requests.inFlight.pinned
  return [
    tileHtml(
      'Requests',
      `${formatNumber(rates.all)}/s`,
      `${formatNumber(inFlight)} in flight`,
      sparkHtml(recent.all, 'requests per second')
    ),
    tileHtml(
      'Slowest p99',
      formatSeconds(slowest),
      'of the routes, right now',
      sparkHtml(recent.p99, 'slowest p99')
    ),
    tileHtml('Clients', formatNumber(clients.connected), `of ${formatNumber(clients.max)}`),
    tileHtml(
      'Held',
      formatNumber(held.count),
      held.count === 0
        ? 'nothing waits'
        : `oldest ${formatSeconds(held.oldestAgeSeconds)}, ${formatBytes(held.bytes)}`
    ),
    tileHtml('In doubt', formatNumber(requests.inDoubt), 'writes, since the start'),
    tileHtml('Failovers', formatNumber(status.failovers.length), 'most recent 20 kept')
  ].join('')
}

export function tableHtml(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[]
): string {
  const cells = (row: readonly string[]): string =>
    row
      .map((cell, at) =>
        at === 0 ? `<th scope="row">${escapeHtml(cell)}</th>` : `<td>${escapeHtml(cell)}</td>`
      )
      .join('')
  const columns = head.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('')
  return `<table><caption>${escapeHtml(caption)}</caption><thead><tr>${columns}</tr></thead>
    <tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join('')}</tbody></table>`
}

export function tablesHtml(status: Status, rates: Rates): string {
  const { clients, requests } = status
  const routes = (['master', 'replica', 'pinned'] as const).map((route) => [
    route,
    formatNumber(requests.total[route]),
    formatNumber(rates.perSecond[route]),
    formatNumber(requests.inFlight[route]),
    formatSeconds(rates.p50[route]),
    formatSeconds(rates.p99[route])
  ])
  const own = (['proxy', 'refused'] as const).map((route) => [
    route,
    formatNumber(requests.total[route]),
    formatNumber(rates.perSecond[route]),
    '-',
    '-',
    '-'
  ])
  const lanes = status.lanes.map(({ node, kinds }) => [
    node,
    ...[kinds.shared, kinds.bulk, kinds.pinned, kinds.service, kinds.pubsub, kinds.monitor].map((count) =>
      formatNumber(count)
    )
  ])
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name.replace('_', ' ')} ${formatNumber(count)}`)
      .join(', ')
  return [
    tableHtml('Requests', ['Route', 'Total', 'Per second', 'In flight', 'p50', 'p99'], [...routes, ...own]),
    tableHtml('Lanes', ['Node', 'Shared', 'Bulk', 'Pinned', 'Service', 'Pub/sub', 'Monitor'], lanes),
    tableHtml(
      'Clients',
      ['What', 'Now'],
      [
        ['connected', formatNumber(clients.connected)],
        ['since the start', formatNumber(clients.opened)],
        ['rejected', formatNumber(clients.rejected)],
        ['unread reply bytes', formatBytes(clients.outputBufferBytes)],
        ['arriving request bytes', formatBytes(clients.uploadBytes)],
        ['pinned', counted(clients.pinned)],
        ['subscriptions', counted(clients.subscriptions)]
      ]
    )
  ].join('')
}

/** The marks on a line as long as the failover, for the eye; the list below it says the same in words. */
export function stripHtml(flight: FlightRecord): string {
  const end = Math.max(flight.durationMs ?? 0, ...flight.timeline.map(({ atMs }) => atMs), 1)
  const ticks = flight.timeline.map(({ atMs }) => {
    const x = (8 + (atMs / end) * 984).toFixed(1)
    return `<line x1="${x}" x2="${x}" y1="3" y2="21"/>`
  })
  return `<svg class="strip" viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true">
    <line class="axis" x1="8" x2="992" y1="12" y2="12"/>${ticks.join('')}</svg>`
}

export function flightHtml(flight: FlightRecord, at: number): string {
  const mood = flight.proof === 'proved' ? 'good' : flight.proof === 'lossy' ? 'bad' : 'busy'
  const marks = flight.timeline.map(
    ({ atMs, what }) => `<li><span>${formatMs(atMs)}</span> ${escapeHtml(what)}</li>`
  )
  return `<details id="flight-${escapeHtml(flight.startedAt)}"${at === 0 ? ' open' : ''}>
    <summary><time datetime="${escapeHtml(flight.startedAt)}">${escapeHtml(formatInstant(flight.startedAt))} UTC</time>
    <b>${escapeHtml(flight.from ?? 'none')} \u2192 ${escapeHtml(flight.to ?? 'none')}</b>
    <span>${escapeHtml(costOf(flight))}</span></summary>
    <p>${moodHtml(mood, proofOf(flight))} Noticed by ${escapeHtml(flight.reason)}. Epoch ${flight.epoch}, generation ${flight.generation}.</p>
    ${stripHtml(flight)}<ol>${marks.join('')}</ol></details>`
}

export function failoversHtml(status: Status): string {
  if (status.failovers.length === 0) return '<p class="none">None since the proxy started.</p>'
  return status.failovers.map((flight, at) => flightHtml(flight, at)).join('')
}

export function settingsHtml(status: Status): string {
  const rows = status.settings.map(({ name, value, source }) => [name, value, source])
  return tableHtml('In force', ['Setting', 'Value', 'From'], rows)
}
