// What a lane says before it carries a request: authenticate as the service user, prove the node's role on this very
// connection [C1], then become the session's user, database and protocol. One write, one reply for each step.
import { decoded } from './ask.ts'
import { encode } from '../resp/decode.ts'

export type Credentials = { readonly username: string | undefined; readonly password: string }

/** Sessions with the same identity, database and protocol may share a lane. */
export type LaneIdentity = {
  /** undefined: the service user. */
  readonly user: Credentials | undefined
  readonly database: number
  readonly protocol: 2 | 3
}

export type Role = 'master' | 'replica'

export type HandshakeStep = 'auth' | 'role' | 'id' | 'user' | 'select' | 'hello'

export type HandshakeFailure = {
  readonly step: HandshakeStep
  /** Redis' own error reply, or for `role` the reply that shows another role. */
  readonly reply: Buffer
}

const MINUS = 45

export class Handshake {
  /** All of it, to be written at once. */
  readonly request: Buffer
  readonly #steps: HandshakeStep[] = []
  readonly #role: Role | undefined
  #at = 0
  /** The connection's id at Redis, if the service user may ask for it. */
  clientId: number | undefined

  constructor(service: Credentials | undefined, role: Role | undefined, identity: LaneIdentity) {
    this.#role = role
    const requests: Buffer[] = []
    const add = (step: HandshakeStep, ...words: string[]): void => {
      this.#steps.push(step)
      requests.push(encode(...words))
    }
    if (service) add('auth', 'AUTH', ...authWords(service))
    if (role) add('role', 'ROLE')
    if (role === 'master') add('id', 'CLIENT', 'ID')
    if (identity.user) add('user', 'AUTH', ...authWords(identity.user))
    if (identity.database > 0) add('select', 'SELECT', String(identity.database))
    if (identity.protocol === 3) add('hello', 'HELLO', '3')
    this.request = Buffer.concat(requests)
  }

  get isDone(): boolean {
    return this.#at === this.#steps.length
  }

  /** Takes the next whole reply. Returns why the lane must not be used, or undefined. */
  take(reply: Buffer): HandshakeFailure | undefined {
    const step = this.#steps[this.#at++]
    if (step === undefined) return { step: 'hello', reply }
    if (step === 'id') {
      this.clientId = Number(reply.toString('latin1', 1)) || undefined
      return undefined
    }
    if (reply[0] === MINUS || (step === 'role' && roleOf(reply) !== this.#role)) return { step, reply }
    return undefined
  }
}

function authWords(credentials: Credentials): string[] {
  return credentials.username === undefined
    ? [credentials.password]
    : [credentials.username, credentials.password]
}

function roleOf(reply: Buffer): Role | undefined {
  const role = decoded(reply)
  if (!Array.isArray(role)) return undefined
  return role[0] === 'master' ? 'master' : role[0] === 'slave' ? 'replica' : undefined
}
