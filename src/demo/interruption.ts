// How the demo ends early: by a signal, or because a step took too long. Knows nothing of what is to be ended.
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** A signal came; not a failure. */
export class Interrupted extends Error {
  /** What shells expect of a program that a signal ended. */
  readonly exitCode: number
  /** Somebody still reads what is said: not when the terminal is gone, or the other end of the pipe. */
  readonly isHeard: boolean

  constructor(name: NodeJS.Signals) {
    super(`ended by ${name}`)
    this.isHeard = name !== 'SIGHUP' && name !== 'SIGPIPE'
    this.exitCode = 128 + constants.signals[name]
  }
}

export type Interruption = {
  /** Aborted with what ended the demo: Interrupted, or the failure told to `fail`. */
  readonly signal: AbortSignal
  readonly fail: (failure: Error) => void
  /** Signals have their usual effect again. */
  readonly release: () => void
}

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

// npm passes on the Ctrl-C that the terminal has already sent to all of them: one key, two signals.
const sameKeyMs = 500

/** From here on the first signal aborts, so that everything can be ended in order; a later one exits at once. */
export function catchSignals(): Interruption {
  const controller = new AbortController()
  let firstAt: number | undefined
  const onSignal = (name: NodeJS.Signals): void => {
    const interrupted = new Interrupted(name)
    if (firstAt !== undefined && performance.now() - firstAt > sameKeyMs) process.exit(interrupted.exitCode)
    firstAt ??= performance.now()
    controller.abort(interrupted)
  }
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    fail: (failure) => controller.abort(failure),
    release: () => {
      for (const name of names) process.off(name, onSignal)
    }
  }
}

export type Step = {
  /** What is done, as in "starting Redis". */
  readonly what: string
  readonly atMostMs: number
  readonly signal: AbortSignal
}

/** The result of `work`. Rejects when the step takes longer, and with the reason when the signal is aborted. */
export async function within<T>({ what, atMostMs, signal }: Step, work: Promise<T>): Promise<T> {
  let stopWaiting = (): void => undefined
  const ended = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    const late = setTimeout(() => reject(new Error(`${what} took longer than ${atMostMs} ms`)), atMostMs)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    stopWaiting = () => {
      clearTimeout(late)
      signal.removeEventListener('abort', onAbort)
    }
  })
  try {
    return await Promise.race([work, ended])
  } finally {
    stopWaiting()
  }
}

/** Rejects with the reason when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}

/** What `look` sees once it sees something. Rejects as `within` does, and with what `look` throws. */
export async function until<T>(
  { what, atMostMs, signal }: Step,
  look: () => Promise<T | undefined> | T | undefined
): Promise<T> {
  const deadline = performance.now() + atMostMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > deadline) throw new Error(`${what} took longer than ${atMostMs} ms`)
    await pause(40, signal)
  }
}
