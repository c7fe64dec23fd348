// What is remembered of one client, and what a lane must be told before it may carry the client's requests.
import type { Command } from '../command/commands.ts'

export type SessionUser = { readonly username: string | undefined; readonly password: string }

export type SessionIdentity = {
  /** undefined: the proxy's own service user. */
  readonly user: SessionUser | undefined
  readonly database: number
  readonly protocol: 2 | 3
}

/** Of a client that has said nothing yet. One object for all, since there are many of them. */
export const FIRST_IDENTITY: SessionIdentity = { user: undefined, database: 0, protocol: 2 }
const FIRST_LANE_KEY = laneKeyOf(FIRST_IDENTITY)
const FIRST_USER_KEY = userKeyOf(FIRST_IDENTITY.user)

export class SessionState {
  readonly id: number
  isAuthenticated: boolean
  name = ''
  libraryName = ''
  libraryVersion = ''
  /** Whether CLIENT NO-EVICT or NO-TOUCH is on: shown by CLIENT LIST, and without effect. */
  isNoEvict = false
  isNoTouch = false
  /** Whether it hears every command that the master runs. */
  isMonitor = false
  /** The row of its last request. */
  lastCommand: Command | undefined = undefined
  /** When it connected, in milliseconds of the clock. */
  readonly connectedAtMs: number
  /** When its last bytes came, in milliseconds of the clock. */
  lastSeenAtMs = 0
  #identity = FIRST_IDENTITY
  #laneKey = FIRST_LANE_KEY
  #userKey = FIRST_USER_KEY
  /** How many of each kind it has; what they are knows the subscriber. */
  readonly subscriptions = { channel: 0, pattern: 0, shard: 0 }

  constructor(id: number, isAuthenticated: boolean, nowMs: number) {
    this.id = id
    this.isAuthenticated = isAuthenticated
    this.connectedAtMs = nowMs
    this.lastSeenAtMs = nowMs
  }

  get identity(): SessionIdentity {
    return this.#identity
  }

  set identity(identity: SessionIdentity) {
    this.#identity = identity
    this.#laneKey = laneKeyOf(identity)
    this.#userKey = userKeyOf(identity.user)
  }

  /** Equal for sessions that may share a lane. */
  get laneKey(): string {
    return this.#laneKey
  }

  /** Equal for sessions of one user. */
  get userKey(): string {
    return this.#userKey
  }

  get isSubscriber(): boolean {
    const { channel, pattern, shard } = this.subscriptions
    return channel + pattern + shard > 0
  }

  get protocol(): 2 | 3 {
    return this.#identity.protocol
  }
}

function laneKeyOf({ user, database, protocol }: SessionIdentity): string {
  return `${protocol} ${database} ${userKeyOf(user)}`
}

// Length-prefixed, so that no user name or password can be taken for another pair.
function userKeyOf(user: SessionUser | undefined): string {
  return user === undefined ? '-' : `${(user.username ?? '').length}:${user.username ?? ''}${user.password}`
}
