// Keeps one subscribing connection to the bound master up: dials when it is wanted, again after each loss, and at once
// when another master is bound; notices when it hangs. Knows what was asked on it, and no topic.
import type { Clock, Timer } from '../clock.ts'
import type { NodeAddress } from './dialer.ts'
import type { Credentials, HandshakeFailure } from './handshake.ts'
import { readPubsubFrame, type PubsubKind } from './pubsub-frame.ts'
import type { PubsubLane, PubsubLaneEvents } from './pubsub-lane.ts'
import { PubsubRequests } from './pubsub-requests.ts'

type LinkLane = Pick<PubsubLane, 'isConnected' | 'progress' | 'send' | 'cut'>

export type DialPubsub = (
  address: NodeAddress,
  user: Credentials | undefined,
  events: PubsubLaneEvents
) => LinkLane

export type PubsubLinkEvents = {
  /** Requests may be asked. */
  readonly onConnect: (requests: PubsubRequests) => void
  /** `frame` is whole and may be kept. */
  readonly onMessage: (kind: PubsubKind, name: Buffer, frame: Buffer) => void
  /** `failure` is there when the handshake failed. What was asked and not answered is lost behind it. */
  readonly onLost: (failure: HandshakeFailure | undefined) => void
}

export type PubsubLinkOptions = {
  readonly user: Credentials | undefined
  readonly dial: DialPubsub
  readonly clock: Clock
  /** Whether there is any use for a connection. */
  readonly isWanted: () => boolean
  readonly events: PubsubLinkEvents
}

const FIRST_REDIAL_MS = 20
const LAST_REDIAL_MS = 1000
/** A quiet connection is asked for a sign of life after the first, and cut after the second. */
const QUIET_MS = 5000
const HUNG_MS = 15_000

export class PubsubLink {
  readonly #options: PubsubLinkOptions
  #address: NodeAddress | undefined
  #lane: LinkLane | undefined
  #requests: PubsubRequests | undefined
  #redial: Timer | undefined
  #redialMs = FIRST_REDIAL_MS
  #isClosed = false
  #progress = 0
  #progressAtMs = 0

  constructor(options: PubsubLinkOptions) {
    this.#options = options
  }

  /** undefined while nothing can be asked. */
  get requests(): PubsubRequests | undefined {
    return this.#lane?.isConnected === true ? this.#requests : undefined
  }

  /** Dials, if there is no connection and none is due soon. */
  need(): void {
    if (this.#redial === undefined) this.#dial()
  }

  /** Another master was bound, or the same one anew. */
  follow(address: NodeAddress): void {
    this.#address = address
    this.#lane?.cut()
    this.calm()
    this.#dial()
  }

  /** What it does works: the next loss is met at once. */
  calm(): void {
    this.#redialMs = FIRST_REDIAL_MS
  }

  /** Ends the connection, because the node does not do what a master does; it is dialled again later. */
  giveUp(): void {
    this.#lane?.cut('role')
  }

  close(): void {
    this.#isClosed = true
    this.#redial?.cancel()
    this.#lane?.cut('idle')
  }

  /** Called about once a second. */
  sweep(nowMs: number): void {
    if (this.#lane === undefined || this.#requests === undefined) return
    if (this.#lane.progress !== this.#progress) {
      this.#progress = this.#lane.progress
      this.#progressAtMs = nowMs
    }
    const quietMs = nowMs - this.#progressAtMs
    if (quietMs > HUNG_MS) this.#lane.cut('timeout')
    else if (quietMs > QUIET_MS && this.#requests.isEmpty) this.#requests.ping(() => undefined)
  }

  #dial(): void {
    this.#redial?.cancel()
    this.#redial = undefined
    const { dial, user, clock, isWanted, events } = this.#options
    if (this.#isClosed || this.#lane !== undefined || this.#address === undefined || !isWanted()) return
    this.#progress = 0
    this.#progressAtMs = clock.now()
    this.#lane = dial(this.#address, user, {
      onConnect: (lane) => {
        this.#requests = new PubsubRequests(lane)
        events.onConnect(this.#requests)
      },
      onFrame: (frame) => {
        this.#take(frame)
      },
      onEnd: (_end, failure) => {
        this.#lost(failure)
      }
    })
  }

  #take(bytes: Buffer): void {
    const frame = readPubsubFrame(bytes)
    if (frame?.is === 'message') this.#options.events.onMessage(frame.kind, frame.name, bytes)
    else if (frame === undefined || this.#requests?.take(frame, bytes) !== true) this.#lane?.cut('protocol')
  }

  // Dialled again later whatever those who hear of the loss do now: they may ask for it once more.
  #lost(failure: HandshakeFailure | undefined): void {
    const requests = this.#requests
    this.#lane = undefined
    this.#requests = undefined
    this.#redialLater()
    this.#options.events.onLost(failure)
    requests?.lose()
  }

  #redialLater(): void {
    if (this.#isClosed) return
    this.#redial = this.#options.clock.after(this.#redialMs * (0.5 + Math.random() / 2), () => {
      this.#dial()
    })
    this.#redialMs = Math.min(LAST_REDIAL_MS, this.#redialMs * 2)
  }
}
