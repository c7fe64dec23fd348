// The end of a master's time: when every reply in flight has come, its replication offset is behind all that it has
// acknowledged. That offset is what proves a handover lossless [F5].
import type { Clock, Timer } from '../clock.ts'
import type { WatchedNode } from './redis-side.ts'

const POLL_MS = 2
const GIVE_UP_MS = 500

export class Drain {
  /** Undefined until it is known, and for ever if the master does not answer. */
  offset: number | undefined
  readonly #clock: Clock
  readonly #inFlight: () => number
  readonly #master: WatchedNode
  readonly #deadlineMs: number
  #timer: Timer | undefined
  #isOver = false

  constructor(
    clock: Clock,
    master: WatchedNode,
    inFlight: () => number,
    onDrained: (offset: number) => void
  ) {
    this.#clock = clock
    this.#inFlight = inFlight
    this.#master = master
    this.#deadlineMs = clock.now() + GIVE_UP_MS
    this.#poll(onDrained)
  }

  end(): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  #poll(onDrained: (offset: number) => void): void {
    if (this.#inFlight() === 0) {
      this.#master.offset((offset) => {
        if (this.#isOver || offset === undefined) return
        this.offset = offset
        onDrained(offset)
      })
    } else if (this.#clock.now() < this.#deadlineMs) {
      this.#timer = this.#clock.after(POLL_MS, () => {
        this.#poll(onDrained)
      })
    }
  }
}
