// Time as a parameter: controllers, queues and lanes take a Clock, so that unit tests turn it by hand.

export type Timer = { cancel: () => void }

export type Clock = {
  /** Milliseconds of a monotonic clock; only differences mean something. */
  readonly now: () => number
  /** Runs `run` once, `delayMs` milliseconds from now at the earliest, unless cancelled. */
  readonly after: (delayMs: number, run: () => void) => Timer
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    const timeout = setTimeout(run, delayMs)
    return {
      cancel: () => {
        clearTimeout(timeout)
      }
    }
  }
}
