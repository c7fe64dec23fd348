// One node's service lane: a ROLE heartbeat with a deadline, and the proxy's own questions. Never on a shared lane,
// where it would wait behind KEYS or a long script. Any reply is life, BUSY and LOADING too [F7]. It reports; it
// decides nothing.
import type { Clock, Timer } from '../clock.ts'
import type { Reply } from '../resp/decode.ts'
import { ask } from './ask.ts'
import { serviceIdentity, type Dialer, type NodeAddress } from './dialer.ts'
import type { HandshakeFailure } from './handshake.ts'
import type { Lane, LaneEnd } from './lane.ts'
import { parseRole, type RoleReport } from './role.ts'

export type WatchEvents = {
  /** The node answered: its role, or undefined when the answer was an error (it lives, and says no more). */
  onAlive: (report: RoleReport | undefined, roundTripMs: number) => void
  /** No answer for `deadlineMs`. Said once for each silence. */
  onSilent: () => void
  /** The connection ended or could not be made. It is dialled again by itself. */
  onLost: (end: LaneEnd, failure: HandshakeFailure | undefined) => void
}

export type WatchOptions = {
  readonly address: NodeAddress
  readonly dialer: Dialer
  readonly clock: Clock
  readonly intervalMs: number
  readonly deadlineMs: number
  readonly events: WatchEvents
}

const FIRST_REDIAL_MS = 20
const LAST_REDIAL_MS = 1000

export class NodeWatch {
  readonly #options: WatchOptions
  #lane: Lane | undefined
  #next: Timer | undefined
  #deadline: Timer | undefined
  #redialMs = FIRST_REDIAL_MS
  #isClosed = false
  #isAsking = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#dial()
  }

  get address(): NodeAddress {
    return this.#options.address
  }

  get isOpen(): boolean {
    return this.#lane?.isOpen === true
  }

  /** Asks ROLE now, unless an answer is already awaited. */
  beat(): void {
    if (this.#isAsking || this.#lane === undefined) return
    this.#next?.cancel()
    this.#isAsking = true
    const askedAtMs = this.#options.clock.now()
    this.#armDeadline()
    ask(this.#lane, ['ROLE'], (reply) => {
      this.#heard(reply, askedAtMs)
    })
  }

  /** Asks the node; the answer is an Error when it refuses or when the connection is lost. */
  ask(words: readonly (string | Buffer)[], answer: (reply: Reply) => void): void {
    if (this.#lane?.isUsable) ask(this.#lane, words, answer)
    else answer(new Error('the node is not connected'))
  }

  close(): void {
    this.#isClosed = true
    this.#next?.cancel()
    this.#deadline?.cancel()
    this.#lane?.cut()
  }

  #dial(): void {
    this.#isAsking = false
    this.#lane = this.#options.dialer.dial(this.#options.address, undefined, serviceIdentity, {
      onOpen: () => {
        this.#redialMs = FIRST_REDIAL_MS
      },
      onRefused: () => undefined,
      onEnd: (_lane, end, failure) => {
        this.#lost(end, failure)
      }
    })
    this.beat()
  }

  #heard(reply: Reply, askedAtMs: number): void {
    if (this.#isClosed) return
    this.#isAsking = false
    this.#deadline?.cancel()
    if (!this.#lane?.isOpen) return
    this.#next = this.#options.clock.after(this.#options.intervalMs, () => {
      this.beat()
    })
    this.#options.events.onAlive(parseRole(reply), this.#options.clock.now() - askedAtMs)
  }

  #armDeadline(): void {
    this.#deadline?.cancel()
    this.#deadline = this.#options.clock.after(this.#options.deadlineMs, () => {
      this.#options.events.onSilent()
    })
  }

  #lost(end: LaneEnd, failure: HandshakeFailure | undefined): void {
    this.#lane = undefined
    this.#next?.cancel()
    this.#deadline?.cancel()
    if (this.#isClosed) return
    this.#next = this.#options.clock.after(this.#redialMs * (0.5 + Math.random()), () => {
      this.#dial()
    })
    this.#redialMs = Math.min(LAST_REDIAL_MS, this.#redialMs * 2)
    this.#options.events.onLost(end, failure)
  }
}
