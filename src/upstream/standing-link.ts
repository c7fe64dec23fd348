// Keeps one listening connection to the bound master up: dials when it is wanted, again after each loss, and at once
// when another master is bound; notices when it hangs. Knows nothing of what is said on it.
import type { Clock, Timer } from '../clock.ts'
import type { NodeAddress } from './dialer.ts'
import type { Credentials, HandshakeFailure } from './handshake.ts'
import type { LaneEnd } from './lane.ts'
import type { ListeningLane, ListeningLaneEvents } from './listening-lane.ts'

type LinkLane = Pick<ListeningLane, 'isConnected' | 'progress' | 'send' | 'cut'>

export type DialListening = (
  address: NodeAddress,
  user: Credentials | undefined,
  events: ListeningLaneEvents
) => LinkLane

export type StandingLinkEvents = {
  /** Requests may be sent. */
  readonly onConnect: (lane: Pick<ListeningLane, 'send'>) => void
  /** `frame` is whole and may be kept. */
  readonly onFrame: (frame: Buffer) => void
  /** Nothing has come for a while: whatever answers a sign of life may be asked for one. */
  readonly onQuiet: () => void
  /** `failure` is there when the handshake failed. */
  readonly onLost: (failure: HandshakeFailure | undefined) => void
}

export type StandingLinkOptions = {
  readonly user: Credentials | undefined
  readonly dial: DialListening
  readonly clock: Clock
  /** Whether there is any use for a connection. */
  readonly isWanted: () => boolean
  readonly events: StandingLinkEvents
}

const FIRST_REDIAL_MS = 20
const LAST_REDIAL_MS = 1000
/** A quiet connection is asked for a sign of life after the first, and cut after the second. */
const QUIET_MS = 5000
const HUNG_MS = 15_000

export class StandingLink {
  readonly #options: StandingLinkOptions
  #address: NodeAddress | undefined
  #lane: LinkLane | undefined
  #redial: Timer | undefined
  #redialMs = FIRST_REDIAL_MS
  #isClosed = false
  #progress = 0
  #progressAtMs = 0

  constructor(options: StandingLinkOptions) {
    this.#options = options
  }

  get isConnected(): boolean {
    return this.#lane?.isConnected === true
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

  /** Ends the connection; it is dialled again later. */
  cut(end: LaneEnd): void {
    this.#lane?.cut(end)
  }

  close(): void {
    this.#isClosed = true
    this.#redial?.cancel()
    this.#lane?.cut('idle')
  }

  /** Called about once a second. */
  sweep(nowMs: number): void {
    if (!this.isConnected || this.#lane === undefined) return
    if (this.#lane.progress !== this.#progress) {
      this.#progress = this.#lane.progress
      this.#progressAtMs = nowMs
    }
    const quietMs = nowMs - this.#progressAtMs
    if (quietMs > HUNG_MS) this.#lane.cut('timeout')
    else if (quietMs > QUIET_MS) this.#options.events.onQuiet()
  }

  #dial(): void {
    this.#redial?.cancel()
    this.#redial = undefined
    const { dial, user, clock, isWanted, events } = this.#options
    if (this.#isClosed || this.#lane !== undefined || this.#address === undefined || !isWanted()) return
    this.#progress = 0
    this.#progressAtMs = clock.now()
    this.#lane = dial(this.#address, user, {
      onConnect: events.onConnect,
      onFrame: events.onFrame,
      onEnd: (_end, failure) => {
        this.#lost(failure)
      }
    })
  }

  // Dialled again later whatever those who hear of the loss do now: they may ask for it once more.
  #lost(failure: HandshakeFailure | undefined): void {
    this.#lane = undefined
    this.#redialLater()
    this.#options.events.onLost(failure)
  }

  #redialLater(): void {
    if (this.#isClosed) return
    this.#redial = this.#options.clock.after(this.#redialMs * (0.5 + Math.random() / 2), () => {
      this.#dial()
    })
    this.#redialMs = Math.min(LAST_REDIAL_MS, this.#redialMs * 2)
  }
}
