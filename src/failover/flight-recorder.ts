// The last failovers with their timelines, for /status: what happened, in milliseconds after the first sign.
import type { Clock } from '../clock.ts'

export type FlightMark = { readonly atMs: number; readonly what: string }

export type Handover = 'proved' | 'unproved' | 'lossy'

export type Flight = {
  readonly startedAt: string
  readonly reason: string
  readonly from: string | undefined
  to: string | undefined
  epoch: number
  generation: number
  durationMs: number | undefined
  held: number
  replayed: number
  inDoubt: number
  withheld: number
  /** Bytes of the old master's history that the new one lacks; undefined if that could not be proved. */
  offsetDifference: number | undefined
  proof: Handover | undefined
  readonly timeline: FlightMark[]
}

const MAX_FLIGHTS = 20
const MAX_MARKS = 200

export class FlightRecorder {
  readonly #clock: Clock
  readonly #flights: Flight[] = []
  #current: Flight | undefined
  #startedAtMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Newest first. */
  get flights(): readonly Flight[] {
    return this.#flights
  }

  get current(): Flight | undefined {
    return this.#current
  }

  start(reason: string, from: string | undefined): void {
    if (this.#current !== undefined) return
    this.#startedAtMs = this.#clock.now()
    this.#current = {
      startedAt: new Date().toISOString(),
      reason,
      from,
      to: undefined,
      epoch: 0,
      generation: 0,
      durationMs: undefined,
      held: 0,
      replayed: 0,
      inDoubt: 0,
      withheld: 0,
      offsetDifference: undefined,
      proof: undefined,
      timeline: []
    }
    this.#flights.unshift(this.#current)
    this.#flights.length = Math.min(this.#flights.length, MAX_FLIGHTS)
  }

  /** A line in the timeline of the failover under way, or of the last one while it is confirmed. */
  mark(what: string): void {
    const flight = this.#current
    if (flight === undefined || flight.timeline.length >= MAX_MARKS) return
    flight.timeline.push({ atMs: Math.round((this.#clock.now() - this.#startedAtMs) * 10) / 10, what })
  }

  /** Requests can be sent again. Returns how long that took, in milliseconds. */
  land(): number | undefined {
    const flight = this.#current
    if (flight === undefined) return undefined
    flight.durationMs = Math.round((this.#clock.now() - this.#startedAtMs) * 10) / 10
    return flight.durationMs
  }

  close(): void {
    this.#current = undefined
  }
}
