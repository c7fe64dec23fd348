// The last failovers with their timelines, for /status: what happened, in milliseconds after the first sign. Counts
// how they ended, for the metrics.
import type { Clock } from '../clock.ts'
import { formatAddress, type Topology } from '../topology/topology.ts'
import type { Handover, HandoverVerdict } from './handover.ts'

export type FlightMark = { readonly atMs: number; readonly what: string }

export type Tally = { held: number; replayed: number; inDoubt: number; withheld: number }

export type Flight = {
  readonly startedAt: string
  readonly reason: string
  readonly from: string | undefined
  to: string | undefined
  epoch: number
  generation: number
  durationMs: number | undefined
  /** Bytes of the old master's history that the new one lacks; undefined if that could not be proved. */
  offsetDifference: number | undefined
  proof: Handover | undefined
  readonly tally: Tally
  readonly timeline: FlightMark[]
}

const MAX_FLIGHTS = 20
const MAX_MARKS = 200

export class FlightRecorder {
  readonly handovers: Record<Handover, number> = { proved: 0, unproved: 0, lossy: 0 }
  failovers = 0
  /** Seconds since 1970; 0 before the first. */
  lastFailoverAt = 0
  /** Of the last handover; NaN while it is not known. */
  offsetDifference = Number.NaN
  readonly #clock: Clock
  readonly #onFailover: (durationMs: number) => void
  readonly #flights: Flight[] = []
  readonly #idle: Tally = { held: 0, replayed: 0, inDoubt: 0, withheld: 0 }
  #current: Flight | undefined
  #startedAtMs = 0
  #hasMoved = false

  constructor(clock: Clock, onFailover: (durationMs: number) => void = () => undefined) {
    this.#clock = clock
    this.#onFailover = onFailover
  }

  /** Newest first. */
  get flights(): readonly Flight[] {
    return this.#flights
  }

  /** What the failover under way has cost so far. */
  get tally(): Tally {
    return this.#current?.tally ?? this.#idle
  }

  /** Requests cannot be sent from here on. */
  start(reason: string, from: Topology | undefined): void {
    this.#startedAtMs = this.#clock.now()
    this.#hasMoved = false
    this.#current = {
      startedAt: new Date().toISOString(),
      reason,
      from: from && formatAddress(from.master),
      to: undefined,
      epoch: 0,
      generation: 0,
      durationMs: undefined,
      offsetDifference: undefined,
      proof: undefined,
      tally: { held: 0, replayed: 0, inDoubt: 0, withheld: 0 },
      timeline: []
    }
    this.#flights.unshift(this.#current)
    this.#flights.length = Math.min(this.#flights.length, MAX_FLIGHTS)
  }

  mark(what: string): void {
    const flight = this.#current
    if (flight === undefined || flight.timeline.length >= MAX_MARKS) return
    flight.timeline.push({ atMs: this.#elapsedMs(), what })
  }

  handover({ proof, difference }: HandoverVerdict): void {
    this.#hasMoved = true
    this.failovers++
    this.handovers[proof]++
    this.lastFailoverAt = Date.now() / 1000
    this.offsetDifference = difference ?? Number.NaN
    this.mark(`handover ${proof}`)
    if (this.#current !== undefined) Object.assign(this.#current, { proof, offsetDifference: difference })
  }

  arrive(to: string, epoch: number, generation: number): void {
    if (this.#current !== undefined) Object.assign(this.#current, { to, epoch, generation })
  }

  /** Requests can be sent again; when it `isOver` nothing is added to its timeline any more. */
  land(isOver: boolean): void {
    const flight = this.#current
    if (flight?.durationMs === undefined && flight !== undefined) {
      flight.durationMs = this.#elapsedMs()
      if (this.#hasMoved) this.#onFailover(flight.durationMs)
    }
    if (isOver) this.#current = undefined
  }

  #elapsedMs(): number {
    return Math.round((this.#clock.now() - this.#startedAtMs) * 10) / 10
  }
}
