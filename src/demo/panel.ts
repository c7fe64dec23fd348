// The panel below the events: which node gets what at this moment. Pure text.
import type { Line, Panel } from './screen.ts'
import type { Tally } from './tally.ts'
import type { NodeView, View } from './watch.ts'

const barWidth = 20

export type Moment = {
  readonly seconds: number
  readonly view: View
  readonly tally: Tally
  readonly clients: number
}

export function panelOf({ seconds, view, tally, clients }: Moment): Panel {
  const { nodes, status } = view
  const time = `t=${seconds.toFixed(1)}s`
  const most = Math.max(1, ...nodes.map(requestRate))
  const held = `${number(status?.held.count ?? 0)} held`
  const state = `${status?.phase ?? 'no answer'} · ${clients} clients · ${held}`
  const written = `${number(tally.ledger.acknowledged)} writes acknowledged`
  const trouble = `${tally.inDoubtCount} in doubt · ${tally.errorCount} failed · ${tally.disconnects} dropped`
  return {
    lines: [
      { text: '' },
      { text: `  ${time.padEnd(9)}${state}`, look: status?.phase === 'serving' ? 'bold' : 'yellow' },
      ...nodes.map((node) => nodeLine(node, most)),
      { text: `  ${written} · the last one ${number(tally.sinceLastAckMs)} ms ago · ${trouble}` }
    ],
    summary: `${time.padEnd(9)}${nodes.map(nodeSummary).join(' · ')} · ${written} · ${held} · ${trouble}`
  }
}

export function number(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function nodeLine(node: NodeView, most: number): Line {
  const { address, state, readsPerSecond, writesPerSecond } = node
  if (state === 'down') return { text: `  ${address.padEnd(16)} down`, look: 'red' }
  const writes =
    state === 'master' ? `${number(writesPerSecond).padStart(7)} writes/s` : 'follows'.padStart(16)
  const bar = '#'.repeat(Math.round((requestRate(node) / most) * barWidth))
  const reads = `${number(readsPerSecond).padStart(7)} reads/s`
  const text = `  ${address.padEnd(16)} ${state.padEnd(8)}${writes}${reads}  ${bar}`
  return { text, look: state === 'master' ? 'cyan' : 'green' }
}

function nodeSummary({ address, state, readsPerSecond, writesPerSecond }: NodeView): string {
  const port = address.slice(address.lastIndexOf(':'))
  if (state === 'down') return `${port} down`
  const reads = `${number(readsPerSecond)} reads/s`
  return state === 'master'
    ? `master ${port} ${number(writesPerSecond)} writes/s, ${reads}`
    : `${port} ${reads}`
}

/** What clients asked of the node: a replica's writes are its master's. */
function requestRate({ state, readsPerSecond, writesPerSecond }: NodeView): number {
  return readsPerSecond + (state === 'master' ? writesPerSecond : 0)
}
