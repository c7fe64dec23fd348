// What the demo comes to: what was measured as lines of text, and whether that is good. Pure.
import type { Stored } from './ledger.ts'
import { number } from './panel.ts'
import type { Line } from './screen.ts'
import type { Spell, Tally } from './tally.ts'

/** The names of the two faults. */
export const planned = 'planned failover'
export const killed = 'killed master'

export type Measured = {
  readonly seconds: number
  readonly clients: number
  readonly tally: Tally
  readonly stored: Stored
  /** By the proxy's own count: requests by where they went. */
  readonly routes: ReadonlyMap<string, number>
  /** By the nodes' own count. */
  readonly readsOnReplicas: number
  readonly readsOnMasters: number
}

/** The nodes are asked now and then, so what a node counted right before it changed its role is put down to one of both. */
const agreement = 0.8

export type Score = { readonly isGood: boolean; readonly lines: readonly Line[] }

export function scoreOf(measured: Measured): Score {
  const { tally, stored } = measured
  const lost = tally.ledger.lost(stored)
  const faults = faultsOf(measured, lost)
  const isGood = faults.length === 0
  const failed = tally.errorCount + tally.wrongCount
  const sum = [
    `clients dropped ${tally.disconnects}`,
    `commands failed ${number(failed)}`,
    `acknowledged writes lost ${number(lost)} of ${number(tally.ledger.acknowledged)}`
  ].join(' · ')
  return {
    isGood,
    lines: [
      { text: '' },
      { text: `score after ${measured.seconds.toFixed(0)} s with ${measured.clients} clients`, look: 'bold' },
      ...tally.spells.filter(({ name }) => name === planned || name === killed).map(spellLine),
      ...trafficLines(measured),
      ...faults.map((text): Line => ({ text: `  NOT GOOD: ${text}`, look: 'red' })),
      { text: `  ${sum}`, look: isGood ? 'green' : 'red' }
    ]
  }
}

function spellLine({ name, longestGapMs, longestReadMs }: Spell): Line {
  const gap = `${seconds(longestGapMs)} without an acknowledged write`
  return { text: row(name, `${gap} · reads waited at most ${seconds(longestReadMs)}`) }
}

function trafficLines({ tally, routes, readsOnReplicas, readsOnMasters }: Measured): Line[] {
  const routed = [...routes].map(([route, count]) => `${number(count)} ${route}`).join(' · ')
  const most = Math.max(0, ...tally.spells.flatMap(({ inDoubt }) => [...inDoubt.values()]))
  const inDoubt = tally.inDoubtCount === 0 ? '0' : `${tally.inDoubtCount}, at most ${most} on a connection`
  return [
    { text: row('requests by route', `${routed} (the proxy's metrics)`) },
    {
      text: row(
        'reads by node',
        `${number(readsOnReplicas)} on replicas · ${number(readsOnMasters)} on the master (the nodes' INFO)`
      )
    },
    { text: row('writes in doubt', `${inDoubt} (answered with -UNCERTAIN, and never sent twice)`) }
  ]
}

/** Everything that should not have been, one sentence each. */
function faultsOf({ tally, stored, routes, readsOnReplicas }: Measured, lost: number): string[] {
  const routedThere = routes.get('replica') ?? 0
  const surplus = tally.ledger.surplus(stored)
  return [
    ...tally.spells.flatMap(doubtsOf),
    ...[...tally.errors].map(([text, count]) => `${number(count)} times the error: ${text}`),
    ...tally.wrong.map((what) => `a wrong reply: ${what}`),
    ...when(tally.disconnects > 0, `${tally.disconnects} connections were dropped`),
    ...when(surplus > 0, `the counter is ${number(surplus)} above what was acknowledged or in doubt`),
    ...when(
      readsOnReplicas === 0 || readsOnReplicas < routedThere * agreement,
      `the proxy sent ${number(routedThere)} requests to replicas, which counted ${number(readsOnReplicas)} reads`
    ),
    ...when(
      lost > 0,
      `${number(lost)} acknowledged writes are gone: a master that dies takes with it what it had not replicated` +
        ' (see WAIT and min-replicas-to-write)'
    )
  ]
}

// A connection has one write under way, so the death of the master leaves at most that one in doubt; nothing else may.
function doubtsOf({ name, inDoubt }: Spell): string[] {
  const most = name === killed ? 1 : 0
  return [...inDoubt]
    .filter(([, count]) => count > most)
    .map(([client, count]) => `${name}: ${client} had ${count} writes in doubt, at most ${most} may be`)
}

function when(condition: boolean, text: string): string[] {
  return condition ? [text] : []
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(18)} ${text}`
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
