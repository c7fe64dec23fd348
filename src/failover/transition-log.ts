// Every transition in the log, the metrics and the timeline, with its reason.
import type { Log } from '../log.ts'
import { formatAddress, type Topology } from '../topology/topology.ts'
import type { FlightRecorder } from './flight-recorder.ts'
import type { FailoverEvent, Phase } from './machine.ts'

export type Transition = {
  readonly from: Phase
  readonly to: Phase
  readonly event: FailoverEvent
  readonly reason: string
  readonly generation: number
  readonly held: number
}

export class TransitionLog {
  /** By `from to event`. */
  readonly counts = new Map<string, number>()
  readonly #log: Log
  readonly #recorder: FlightRecorder

  constructor(log: Log, recorder: FlightRecorder) {
    this.#log = log
    this.#recorder = recorder
  }

  add(transition: Transition, topology: Topology | undefined): void {
    const { from, to, event } = transition
    const name = `${from} ${to} ${event}`
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    this.#recorder.mark(`${from} -> ${to}: ${event}`)
    const { replayed, inDoubt, withheld } = this.#recorder.tally
    const master = topology && formatAddress(topology.master)
    const epoch = topology?.epoch
    this.#log.info({ ...transition, master, epoch, replayed, inDoubt, withheld }, `${from} -> ${to}`)
  }
}
