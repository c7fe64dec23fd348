// MONITOR, where the operator allows it: a client hears every command that the master runs, until RESET or its own end.
import * as replies from '../resp/replies.ts'
import type { SessionState, SessionUser } from './session-state.ts'
import type { Session } from './session.ts'

/** Opens what the master says to one who monitors. Returns how to end it; undefined when as many do as may. */
export type OpenMonitor = (
  user: SessionUser | undefined,
  events: {
    /** Once: with Redis' error, or without one when lines come from now on. */
    readonly onStart: (refusal: Buffer | undefined) => void
    readonly onLine: (line: Buffer) => void
    /** Redis no longer lets the user monitor. */
    readonly onRevoke: () => void
  }
) => (() => void) | undefined

export class Monitors {
  readonly #open: OpenMonitor
  readonly #ends = new Map<SessionState, () => void>()

  constructor(open: OpenMonitor) {
    this.#open = open
  }

  /** `done` runs with the reply. */
  start(session: Session, done: (reply: Buffer) => void): void {
    const { state } = session
    // Redis says nothing to one who monitors already (monitorCommand).
    if (state.isMonitor) {
      done(NOTHING)
      return
    }
    const end = this.#open(state.identity.user, {
      onStart: (refusal) => {
        state.isMonitor = refusal === undefined
        if (refusal !== undefined) this.leave(state)
        done(refusal ?? replies.ok)
      },
      onLine: (line) => {
        session.push(line)
      },
      onRevoke: () => {
        session.close('auth')
      }
    })
    if (end === undefined) done(replies.tooManyLanes)
    else this.#ends.set(state, end)
  }

  /** The session hears nothing any more: it is reset, or has gone. */
  leave(state: SessionState): void {
    state.isMonitor = false
    this.#ends.get(state)?.()
    this.#ends.delete(state)
  }
}

const NOTHING = Buffer.alloc(0)
