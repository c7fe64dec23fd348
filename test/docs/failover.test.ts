// The diagram and the tables of docs/failover.md are those of failover/machine.ts. UPDATE_DOCS=1 rewrites them.
import t from 'tap'
import {
  admits,
  leadsTo,
  onEnter,
  phases,
  type Admission,
  type Effect,
  type FailoverEvent,
  type Phase
} from '../../src/failover/machine.ts'
import { checkGenerated, tableOf, textOf } from './generated.ts'

const page = 'docs/failover.md'
const events = Object.keys(leadsTo) as FailoverEvent[]

const phaseMeans: Readonly<Record<Phase, string>> = {
  seeking: 'No master is known; the Sentinels are asked.',
  binding: 'The Sentinels name one; it is being proved on a connection of its own.',
  serving: 'A proven master has the lanes.',
  suspect: 'Something speaks against the bound master; it is asked until it answers.',
  handover: 'An election is under way; nothing is sent any more, and the candidate is watched.',
  provisional: "The elected candidate has the lanes, ahead of the Sentinels' word.",
  shedding: 'No master was found within `hold.budget`; requests are answered with an error at once.'
}

const eventMeans: Readonly<Record<FailoverEvent, string>> = {
  masterNamed: 'Sentinels that reach a majority name a master that is not the bound one, or none is bound.',
  masterConfirmed: 'Sentinels that reach a majority name the bound master.',
  masterDoubted:
    'A heartbeat was missed, a lane was lost, the node says another role or refuses a request, or a Sentinel says `+odown` or `+reboot` of it.',
  masterAlive: 'The bound master has proved on its own connection that it is master, with the same history.',
  electionSeen: 'A Sentinel leads a failover, or a replica says that it is master.',
  switchoverAsked:
    'An operator asked for a switchover: sending stops first, the election is asked for later.',
  electionOver: 'The election was aborted, or no candidate became master in time.',
  bound: 'The named master has proved itself and has the lanes.',
  boundAhead: 'The candidate has proved itself, has our history, and has the lanes.',
  bindFailed: 'The named master did not prove itself within 1 s.',
  confirmationMissed:
    'No Sentinel that reaches a majority confirmed the candidate within `failover.confirmTimeout`.',
  quorumLost: '`failover.fence: strict`, and no Sentinel has reached a majority for down-after.',
  budgetSpent: 'No master was found within `hold.budget`.'
}

const effectMeans: Readonly<Record<Effect, string>> = {
  startBudget: 'Starts `hold.budget`, unless it runs already.',
  stopBudget: 'Ends it.',
  withhold:
    'Replies of the bound master stay here until it is proved that they count; calls that block on it are let go; its offset is taken behind the last reply.',
  release: 'What was withheld leaves.',
  ask: 'The Sentinels are asked now.',
  probe: 'The bound master is asked on its service lane until it answers.',
  bind: 'The named master is dialled and proved, then given the lanes.',
  followElection: 'The candidate is asked for its role every 10 ms until it is master.',
  awaitConfirmation: 'The Sentinels are asked, and have `failover.confirmTimeout` to name it.',
  replay: 'What is held is sent, in the order of its arrival.',
  shed: 'What is held is answered with `-MASTERDOWN`; what was withheld or never answered is settled without a proof.'
}

const admissionMeans: Readonly<Record<Admission, string>> = {
  forward: 'forward: it is sent',
  hold: 'hold: it waits, within its window',
  refuse: 'refuse: it is answered with `-MASTERDOWN` at once'
}

/** Where an event leads from each phase in which it changes something. */
function movesOf(event: FailoverEvent): readonly (readonly [from: Phase, to: Phase])[] {
  return phases.flatMap((from, index) => {
    const to = leadsTo[event][index]
    return to === undefined ? [] : [[from, to] as const]
  })
}

function diagram(): string {
  const arrows = new Map<string, FailoverEvent[]>()
  for (const event of events) {
    for (const [from, to] of movesOf(event)) {
      const arrow = `${from} --> ${to}`
      arrows.set(arrow, [...(arrows.get(arrow) ?? []), event])
    }
  }
  const colours = { forward: '#cdeac0', hold: '#ffe8a3', refuse: '#f5b7b1' }
  const classes = Object.entries(colours).flatMap(([admission, colour]) => [
    `  classDef ${admission} fill:${colour},color:#000`,
    `  class ${phases.filter((phase) => admits[phase] === admission).join(', ')} ${admission}`
  ])
  const lines = [...arrows].map(([arrow, by]) => `  ${arrow}: ${by.join(', ')}`)
  return ['```mermaid', 'stateDiagram-v2', '  [*] --> seeking', ...lines, ...classes, '```'].join('\n')
}

function phasesTable(): string {
  const rows = phases.map((phase) => [
    `\`${phase}\``,
    phaseMeans[phase],
    admissionMeans[admits[phase]],
    onEnter[phase].map((effect) => `\`${effect}\``).join(', ')
  ])
  return tableOf(['phase', 'means', 'a request that needs the master', 'done on entering, in order'], rows)
}

function eventsTable(): string {
  const rows = events.map((event) => [
    `\`${event}\``,
    eventMeans[event],
    ...leadsTo[event].map((to) => to ?? '')
  ])
  return tableOf(['event', 'the evidence', ...phases.map((phase) => `from ${phase}`)], rows)
}

function effectsTable(): string {
  const rows = Object.entries(effectMeans).map(([effect, means]) => [`\`${effect}\``, means])
  return tableOf(['effect', 'means'], rows)
}

t.test('the diagram shows every step of the machine', async (t) => {
  checkGenerated(t, page, 'diagram', diagram())
})

t.test('the tables of phases, events and effects are those of the machine', async (t) => {
  checkGenerated(t, page, 'phases', phasesTable())
  checkGenerated(t, page, 'events', eventsTable())
  checkGenerated(t, page, 'effects', effectsTable())
})

t.test('every phase can be reached, and every effect is used', async (t) => {
  const reached = new Set(events.flatMap((event) => movesOf(event).map(([, to]) => to)))
  t.strictSame(
    [...phases].filter((phase) => phase !== 'seeking' && !reached.has(phase)),
    []
  )
  const used = new Set(Object.values(onEnter).flat())
  t.strictSame(
    Object.keys(effectMeans).filter((effect) => !used.has(effect as Effect)),
    []
  )
})

t.test('the prose names no phase, event or effect that is not there', async (t) => {
  const names = new Set<string>([...phases, ...events, ...Object.keys(effectMeans)])
  // A word in code marks that is no setting, file, command or Sentinel event is a name of the machine.
  const named = [...textOf(page).matchAll(/`([a-z]+(?:[A-Z][a-z]+)*)`/g)].map(([, name = '']) => name)
  t.ok(named.length > 0)
  t.strictSame([...new Set(named)].filter((name) => !names.has(name)).sort(), [])
})
