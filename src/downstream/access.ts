// Who may enter, and as whom. Redis itself judges the users; the proxy only knows its own client password.
import { timingSafeEqual } from 'node:crypto'
import type { Reply } from '../resp/decode.ts'
import { wrongPass } from '../resp/replies.ts'
import type { SessionIdentity, SessionUser } from './session-state.ts'

export type AccessOptions = {
  /** When set, clients must authenticate; this password makes them the service user. */
  readonly clientPassword: string | undefined
  /** Whether the proxy itself holds a password of Redis. */
  readonly holdsPassword: boolean
  /** Asks Redis; undefined means that the user and the database are good, and that the user may ask `question`. */
  readonly verify: (
    identity: SessionIdentity,
    done: (refusal: Buffer | undefined, answer?: Reply) => void,
    question?: readonly string[]
  ) => void
}

export class Access {
  readonly #options: AccessOptions

  constructor(options: AccessOptions) {
    this.#options = options
  }

  /**
   * Whether a client may use the proxy's own user without a password: one on this host may, unless a client password
   * is set. One from elsewhere may only if the proxy lends it nothing that Redis itself would not give.
   */
  isOpenTo(isLocal: boolean): boolean {
    if (this.#options.clientPassword !== undefined) return false
    return isLocal || !this.#options.holdsPassword
  }

  /** Calls back with the identity that the user has, or with the error reply. */
  authenticate(
    user: SessionUser,
    current: SessionIdentity,
    done: (identity: SessionIdentity | Buffer) => void
  ): void {
    const { clientPassword, verify } = this.#options
    const isDefault = user.username === undefined || user.username === 'default'
    // Redis is not asked: with a default user that has no password it would let anyone in.
    if (clientPassword !== undefined && isDefault) {
      done(isEqual(user.password, clientPassword) ? { ...current, user: undefined } : wrongPass)
      return
    }
    const identity = { ...current, user }
    verify({ ...identity, protocol: 2 }, (refusal) => {
      done(refusal ?? identity)
    })
  }

  /** Asks this as the user. Calls back with Redis' error when its ACL forbids that, else with the answer. */
  permit(
    identity: SessionIdentity,
    question: readonly string[],
    done: (refusal: Buffer | undefined, answer?: Reply) => void
  ): void {
    this.#options.verify({ ...identity, protocol: 2 }, done, question)
  }

  /** Calls back with the identity on another database, or with the error reply. */
  select(
    database: number,
    current: SessionIdentity,
    done: (identity: SessionIdentity | Buffer) => void
  ): void {
    const identity = { ...current, database }
    if (database === 0 || database === current.database) {
      done(identity)
      return
    }
    this.#options.verify({ ...identity, protocol: 2 }, (refusal) => {
      done(refusal ?? identity)
    })
  }
}

/** What a client may send before it has authenticated, as in Redis. */
export function isAllowedToStrangers(name: string): boolean {
  return name === 'auth' || name === 'hello' || name === 'quit' || name === 'reset'
}

function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
