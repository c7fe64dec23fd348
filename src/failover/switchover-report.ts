// What an operator is told of a switchover, in one sentence and in figures. Pure.
import { formatAddress, type Address } from '../topology/topology.ts'
import type { Flight, FlightMark } from './flight-recorder.ts'
import type { Handover } from './handover.ts'
import type { Phase } from './machine.ts'

export type SwitchoverReport = {
  /** Whether another master is bound and the Sentinels name it. */
  readonly done: boolean
  /** One sentence for people. */
  readonly message: string
  /** What it cost; absent when it was refused before anything was held. */
  readonly switchover?: SwitchoverFigures
}

export type SwitchoverFigures = {
  readonly from: string | null
  /** The same as `from` when the master was not moved. */
  readonly to: string | null
  /** How long no request was sent to any master; null while that goes on. */
  readonly heldMs: number | null
  /** Requests that waited for the new master, and replies that waited for the proof. */
  readonly held: number
  readonly withheld: number
  /** Bytes of the old master's history that the new one lacks; null when nothing was moved or it cannot be said. */
  readonly offsetDifference: number | null
  readonly proof: Handover | null
  readonly steps: readonly FlightMark[]
}

export type SwitchoverOutcome = {
  readonly flight: Flight
  readonly master: Address | undefined
  readonly phase: Phase
  readonly hasMoved: boolean
  /** Why it was called off; undefined when it was not. */
  readonly failure: string | undefined
}

export function refused(why: string): SwitchoverReport {
  return { done: false, message: why }
}

export function reported(outcome: SwitchoverOutcome): SwitchoverReport {
  const figures = figuresOf(outcome)
  const done = outcome.hasMoved && outcome.phase === 'serving'
  return { done, message: messageOf(outcome, figures), switchover: figures }
}

function figuresOf({ flight, master }: SwitchoverOutcome): SwitchoverFigures {
  return {
    from: flight.from ?? null,
    to: master === undefined ? null : formatAddress(master),
    heldMs: flight.durationMs ?? null,
    held: flight.tally.held,
    withheld: flight.tally.withheld,
    offsetDifference: flight.offsetDifference ?? null,
    proof: flight.proof ?? null,
    steps: flight.timeline
  }
}

function messageOf({ hasMoved, phase, failure }: SwitchoverOutcome, figures: SwitchoverFigures): string {
  const { from, to, heldMs, held, withheld } = figures
  const waited = `${held + withheld} requests waited, at most ${Math.round(heldMs ?? 0)} ms`
  const cost = heldMs === null ? `requests are held (${phase})` : waited
  if (!hasMoved)
    return `${from} is still the master: ${failure ?? 'no replica was promoted in time'}; ${cost}`
  const doubt = phase === 'serving' ? '' : `; the Sentinels do not confirm it (${phase})`
  return `moved from ${from} to ${to}: ${cost}; ${evidence(figures)}${doubt}`
}

function evidence({ proof, offsetDifference }: SwitchoverFigures): string {
  if (proof === 'proved') return 'every acknowledged write is proved to be there'
  if (proof === 'lossy') return `${offsetDifference} bytes of acknowledged writes are missing`
  return 'it could not be proved that every acknowledged write is there'
}
