// A clock that stands still until a test turns it.
import type { Clock, Timer } from '../../../src/clock.ts'

type Alarm = { readonly atMs: number; readonly run: () => void }

export class ManualClock implements Clock {
  #nowMs = 0
  readonly #alarms = new Set<Alarm>()

  readonly now = (): number => this.#nowMs

  readonly after = (delayMs: number, run: () => void): Timer => {
    const alarm = { atMs: this.#nowMs + delayMs, run }
    this.#alarms.add(alarm)
    return { cancel: () => this.#alarms.delete(alarm) }
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#alarms.size
  }

  /** Runs what is due, in order, and lets the promises that it resolves run. */
  async turn(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    for (let due = this.#next(untilMs); due !== undefined; due = this.#next(untilMs)) {
      this.#alarms.delete(due)
      this.#nowMs = due.atMs
      due.run()
      await settled()
    }
    this.#nowMs = untilMs
    await settled()
  }

  #next(untilMs: number): Alarm | undefined {
    const [first] = [...this.#alarms].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
    return first
  }
}

/** Resolves when every promise that could resolve by itself has. */
export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}
