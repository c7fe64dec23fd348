// Failover as three tables: where an event leads from each phase, what entering a phase does, and what a new request
// gets in each phase. Pure: no clock, no socket, no log. `controller.ts` is the only caller.

/** In the order of the columns below. */
export const phases = [
  'seeking',
  'binding',
  'serving',
  'suspect',
  'handover',
  'provisional',
  'shedding'
] as const

/**
 * seeking: no master is known. binding: one is named and is being proved on its own connection. serving: bound.
 * suspect: the bound master gives reason for doubt. handover: an election is under way; writes have stopped.
 * provisional: bound to the elected candidate, ahead of the Sentinels' word. shedding: none was found in the budget;
 * one that is named is proved all the same, but nothing is held for it until it is bound.
 */
export type Phase = (typeof phases)[number]

/** Past facts; each with the evidence it stands for. */
export type FailoverEvent =
  | 'masterNamed' // usable Sentinels name a master that is not the bound one, or none is bound
  | 'masterConfirmed' // usable Sentinels name the bound master
  | 'masterDoubted' // heartbeat missed, lane lost, another ROLE, a request refused, +odown
  | 'masterAlive' // the bound master proved ROLE master and the same history on its own connection
  | 'electionSeen' // a Sentinel leads a failover, or a replica says that it is master
  | 'switchoverAsked' // by an operator: writes stop first, then an election is asked for
  | 'electionOver' // aborted, or no candidate in time
  | 'bound' // the named master proved itself and has the lanes
  | 'boundAhead' // the candidate proved itself, with our history, and has the lanes
  | 'bindFailed' // the named master did not prove itself
  | 'confirmationMissed' // no usable Sentinel confirmed the candidate in time
  | 'quorumLost' // fence: strict, and no Sentinel has had a quorum for down-after
  | 'budgetSpent'

export type Effect =
  | 'startBudget' // the time within which a master must be found, unless it runs already
  | 'stopBudget'
  | 'withhold' // replies of the bound master stay here until it is proved that they count [F5]
  | 'release' // they count
  | 'ask' // the Sentinels, now
  | 'probe' // the bound master on its service lane, until it answers
  | 'bind' // prove the named master, then give it the lanes
  | 'followElection' // drain, take the offset, watch for the candidate to become master
  | 'awaitConfirmation'
  | 'replay' // what is held
  | 'shed' // what is held; and what was withheld or never answered is settled without a proof

export type Admission = 'forward' | 'hold' | 'refuse'

type Row = readonly [Cell, Cell, Cell, Cell, Cell, Cell, Cell]
/** undefined: the event changes nothing in this phase. */
type Cell = Phase | undefined

const _ = undefined

// prettier-ignore
export const leadsTo: Readonly<Record<FailoverEvent, Row>> = {
  //                    seeking     binding     serving     suspect     handover       provisional  shedding
  masterNamed:        ['binding',  'binding',  'binding',  'binding',  'binding',     'binding',   _],
  masterConfirmed:    [_,          _,          _,          _,          _,             'serving',   _],
  masterDoubted:      [_,          _,          'suspect',  _,          _,             'suspect',   _],
  masterAlive:        [_,          _,          _,          'serving',  _,             _,           'serving'],
  electionSeen:       [_,          _,          'handover', 'handover', _,             'handover',  _],
  switchoverAsked:    [_,          _,          'handover', _,          _,             _,           _],
  electionOver:       [_,          _,          _,          _,          'suspect',     _,           _],
  bound:              [_,          'serving',  _,          _,          _,             _,           'serving'],
  boundAhead:         [_,          _,          _,          _,          'provisional', _,           _],
  bindFailed:         [_,          'seeking',  _,          _,          _,             _,           _],
  confirmationMissed: [_,          _,          _,          _,          _,             'seeking',   _],
  quorumLost:         [_,          _,          'seeking',  'seeking',  _,             'seeking',   _],
  budgetSpent:        ['shedding', 'shedding', _,          'shedding', 'shedding',    _,           _]
}

export const onEnter: Readonly<Record<Phase, readonly Effect[]>> = {
  seeking: ['startBudget', 'withhold', 'ask'],
  binding: ['startBudget', 'withhold', 'bind'],
  serving: ['stopBudget', 'release', 'replay'],
  suspect: ['startBudget', 'withhold', 'ask', 'probe'],
  handover: ['startBudget', 'withhold', 'ask', 'followElection'],
  provisional: ['stopBudget', 'release', 'replay', 'awaitConfirmation'],
  shedding: ['shed', 'ask', 'probe']
}

export const admits: Readonly<Record<Phase, Admission>> = {
  seeking: 'hold',
  binding: 'hold',
  serving: 'forward',
  suspect: 'hold',
  handover: 'hold',
  provisional: 'forward',
  shedding: 'refuse'
}

export type Step = { readonly phase: Phase; readonly effects: readonly Effect[] }

/** Where an event leads, and what is to be done there; undefined when it changes nothing. */
export function step(phase: Phase, event: FailoverEvent): Step | undefined {
  const next = leadsTo[event][phases.indexOf(phase)]
  return next === undefined ? undefined : { phase: next, effects: onEnter[next] }
}
