// CLIENT PAUSE: requests of every session wait here, unsent and unparsed, until it ends. Never passed on to Redis: a
// master that pauses for longer than down-after is failed over. Knows nothing of failovers, and of no session but how
// to wake it.
import type { Clock, Timer } from '../clock.ts'
import type { Command } from '../command/commands.ts'

export type PauseMode = 'write' | 'all'

/** A session whose next request is postponed. */
export type Postponed = { resume: () => void }

/** Longest delay of one timer: Node takes more than 2^31 - 1 ms for 1 ms. */
const MAX_DELAY_MS = 24 * 3600 * 1000

/** Commands that Redis lets go in a pause of writes, though they are not repeated after a lost connection. */
const NO_WRITES = new Set(['wait', 'waitaof', 'xread', 'script|flush'])

export class Pause {
  /** Undefined while there is no pause: the only thing that is looked at for each request. */
  mode: PauseMode | undefined = undefined
  readonly #clock: Clock
  readonly #waiting = new Set<Postponed>()
  #endsAtMs = 0
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sessions that wait for the end of the pause. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Pauses for `durationMs`; a pause that is stricter or ends later stays so, as in Redis. */
  start(durationMs: number, mode: PauseMode): void {
    const endsAtMs = this.#clock.now() + durationMs
    if (this.mode === undefined) this.#endsAtMs = endsAtMs
    else this.#endsAtMs = Math.max(this.#endsAtMs, endsAtMs)
    if (this.mode !== 'all') this.mode = mode
    this.#arm()
  }

  /** Ends it now; whatever waits goes on in the order in which it came. */
  end(): void {
    this.#timer?.cancel()
    this.mode = undefined
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const session of waiting) session.resume()
  }

  /** Whether a request has to wait, while there is a pause. */
  holds(command: Command): boolean {
    return this.mode === 'all' || (this.mode === 'write' && mayWrite(command))
  }

  postpone(session: Postponed): void {
    this.#waiting.add(session)
  }

  /** The session has gone. */
  leave(session: Postponed): void {
    this.#waiting.delete(session)
  }

  #arm(): void {
    this.#timer?.cancel()
    const leftMs = this.#endsAtMs - this.#clock.now()
    if (leftMs <= 0) {
      this.end()
      return
    }
    this.#timer = this.#clock.after(Math.min(leftMs, MAX_DELAY_MS), () => {
      this.#arm()
    })
  }
}

// EXEC waits whatever was queued: only Redis knows whether that writes. PFCOUNT writes what it has counted.
function mayWrite({ name, effect, handling, pin }: Command): boolean {
  if (name === 'pfcount' || name === 'exec') return true
  const isConnectionState =
    handling === 'here' || handling === 'refused' || (pin ?? 'blocking') !== 'blocking'
  return effect === 'once' && !isConnectionState && !NO_WRITES.has(name)
}
