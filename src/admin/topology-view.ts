// The drawing on the status page: clients, proxy, master and replicas, with the Sentinels above. Goes to the browser
// as format.ts does. Coordinates are those of a view box 960 wide.
import type { MasterStatus, ReplicaStatus, Status } from '../status.ts'
import { formatNumber, formatSeconds, stateOf } from './format.ts'
import type { Rates } from './rates.ts'
import { escapeHtml } from './view.ts'

type Box = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly mood: string
  readonly title: string
  readonly note: string
}

export function boxSvg({ x, y, width, height, mood, title, note }: Box): string {
  const middle = x + width / 2
  return `<g class="box ${mood}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>
    <text class="title" x="${middle}" y="${y + height / 2 - 5}">${escapeHtml(title)}</text>
    <text class="note" x="${middle}" y="${y + height / 2 + 14}">${escapeHtml(note)}</text></g>`
}

type Edge = {
  readonly from: readonly [number, number]
  readonly to: readonly [number, number]
  readonly label: string
}

/** `kind` says what moves along it: `flow` requests, `idle` nothing, `broken` nothing can. */
export function edgeSvg({ from, to, label }: Edge, kind: string): string {
  const bend = (from[0] + to[0]) / 2
  const path = `M${from[0]} ${from[1]} C${bend} ${from[1]} ${bend} ${to[1]} ${to[0]} ${to[1]}`
  return `<path class="edge ${kind}" d="${path}"/>
    <text class="rate" x="${to[0] - 8}" y="${to[1] - 8}">${escapeHtml(label)}</text>`
}

export function sentinelsSvg(status: Status): string {
  const count = Math.max(status.sentinels.length, 1)
  const width = Math.min(220, (940 - (count - 1) * 12) / count)
  const left = (960 - count * width - (count - 1) * 12) / 2
  const drawn = status.sentinels.map((sentinel, at) => {
    const x = left + at * (width + 12)
    const trusted = sentinel.up && sentinel.quorum !== false
    const word = !sentinel.up ? '\u2717 down' : sentinel.quorum === false ? '\u2717 no majority' : '\u2713 up'
    const line = `<path class="edge ask" d="M${x + width / 2} 58 L425 ${layoutOf(status).middle - 40}"/>`
    return (
      line +
      boxSvg({
        x,
        y: 8,
        width,
        height: 50,
        mood: trusted ? 'good' : 'bad',
        title: sentinel.address,
        note: `Sentinel ${word}`
      })
    )
  })
  return drawn.join('')
}

export function masterSvg(master: MasterStatus | null, y: number): string {
  const place = { x: 650, y, width: 300, height: 54 }
  if (master === null)
    return boxSvg({ ...place, mood: 'bad', title: 'no master', note: '\u2717 none is bound' })
  const note = master.up ? '\u2713 master' : '\u2717 master, silent'
  return boxSvg({ ...place, mood: master.up ? 'good' : 'bad', title: master.address, note })
}

export function replicaSvg(replica: ReplicaStatus, y: number): string {
  const { up, eligible, lagSeconds } = replica
  const word = !up
    ? '\u2717 replica, down'
    : eligible
      ? '\u2713 replica, serves reads'
      : '\u25d0 replica, serves no reads'
  const lag = up && lagSeconds !== null ? `, lag ${formatSeconds(lagSeconds)}` : ''
  const mood = !up ? 'bad' : eligible ? 'good' : 'busy'
  return boxSvg({ x: 650, y, width: 300, height: 54, mood, title: replica.address, note: word + lag })
}

/** Where things stand: the nodes below each other on the right, what leads to them at the height of their middle. */
export function layoutOf(status: Status) {
  const step = 72
  const top = 100
  const bottom = top + step * (1 + status.replicas.length)
  const middle = Math.max(top + 60, (top + bottom - 18) / 2)
  return { step, top, middle, height: Math.max(bottom, middle + 50) }
}

export function edgesSvg(status: Status, rates: Rates): string {
  const { held, master, replicas } = status
  const { step, top, middle } = layoutOf(status)
  const kindOf = (up: boolean, rate: number): string => (!up ? 'broken' : rate > 0 ? 'flow' : 'idle')
  const toMaster = rates.perSecond.master + rates.perSecond.pinned
  const label = held.count > 0 ? `${formatNumber(held.count)} held` : `${formatNumber(toMaster)}/s`
  const clients: Edge = { from: [170, middle], to: [330, middle], label: `${formatNumber(rates.all)}/s` }
  const writes: Edge = { from: [520, middle], to: [650, top + 27], label }
  const reads = replicas.map((replica, at) => {
    const label = at === 0 ? `reads ${formatNumber(rates.perSecond.replica)}/s` : ''
    const edge: Edge = { from: [520, middle], to: [650, top + 27 + step * (at + 1)], label }
    return edgeSvg(edge, kindOf(replica.up, replica.eligible ? rates.perSecond.replica : 0))
  })
  return [
    edgeSvg(clients, kindOf(true, rates.all)),
    edgeSvg(writes, kindOf(master?.up === true && held.count === 0, toMaster)),
    ...reads
  ].join('')
}

export function boxesSvg(status: Status): string {
  const { step, top, middle } = layoutOf(status)
  const { word, mood } = stateOf(status)
  const connected = `${formatNumber(status.clients.connected)} clients`
  const clients: Box = {
    x: 10,
    y: middle - 32,
    width: 160,
    height: 64,
    mood: 'plain',
    title: connected,
    note: 'connected'
  }
  const proxy: Box = {
    x: 330,
    y: middle - 40,
    width: 190,
    height: 80,
    mood,
    title: status.listen,
    note: `holdfast: ${word}`
  }
  const replicas = status.replicas.map((replica, at) => replicaSvg(replica, top + step * (at + 1)))
  return [boxSvg(clients), boxSvg(proxy), masterSvg(status.master, top), ...replicas].join('')
}

export function topologyHtml(status: Status, rates: Rates): string {
  const { clients, master, replicas, sentinels } = status
  const said = [
    `${clients.connected} clients`,
    `proxy ${stateOf(status).word}`,
    `master ${master?.address ?? 'none'}`,
    `${replicas.length} replicas`,
    `${sentinels.length} Sentinels`
  ]
  return `<svg viewBox="0 0 960 ${layoutOf(status).height}" role="img" aria-label="${escapeHtml(said.join(', '))}">
    ${sentinelsSvg(status)}${edgesSvg(status, rates)}${boxesSvg(status)}</svg>`
}
