// The subscribing connection of one user to the bound master. Knows what was asked on it, and no topic.
import type { NodeAddress } from './dialer.ts'
import type { HandshakeFailure } from './handshake.ts'
import { readPubsubFrame, type PubsubKind } from './pubsub-frame.ts'
import { PubsubRequests } from './pubsub-requests.ts'
import { StandingLink, type StandingLinkOptions } from './standing-link.ts'

export type PubsubLinkEvents = {
  /** Requests may be asked. */
  readonly onConnect: (requests: PubsubRequests) => void
  /** `frame` is whole and may be kept. */
  readonly onMessage: (kind: PubsubKind, name: Buffer, frame: Buffer) => void
  /** `failure` is there when the handshake failed. What was asked and not answered is lost behind it. */
  readonly onLost: (failure: HandshakeFailure | undefined) => void
}

export type PubsubLinkOptions = Omit<StandingLinkOptions, 'events'> & { readonly events: PubsubLinkEvents }

export class PubsubLink {
  readonly #events: PubsubLinkEvents
  readonly #link: StandingLink
  #requests: PubsubRequests | undefined

  constructor({ events, ...options }: PubsubLinkOptions) {
    this.#events = events
    this.#link = new StandingLink({
      ...options,
      events: {
        onConnect: (lane) => {
          this.#requests = new PubsubRequests(lane)
          events.onConnect(this.#requests)
        },
        onFrame: (frame) => {
          this.#take(frame)
        },
        onQuiet: () => {
          if (this.#requests?.isEmpty === true) this.#requests.ping(() => undefined)
        },
        onLost: (failure) => {
          const requests = this.#requests
          this.#requests = undefined
          events.onLost(failure)
          requests?.lose()
        }
      }
    })
  }

  /** undefined while nothing can be asked. */
  get requests(): PubsubRequests | undefined {
    return this.#link.isConnected ? this.#requests : undefined
  }

  need(): void {
    this.#link.need()
  }

  follow(address: NodeAddress): void {
    this.#link.follow(address)
  }

  calm(): void {
    this.#link.calm()
  }

  /** Ends the connection, because the node does not do what a master does; it is dialled again later. */
  giveUp(): void {
    this.#link.cut('role')
  }

  close(): void {
    this.#link.close()
  }

  sweep(nowMs: number): void {
    this.#link.sweep(nowMs)
  }

  #take(bytes: Buffer): void {
    const frame = readPubsubFrame(bytes)
    if (frame?.is === 'message') this.#events.onMessage(frame.kind, frame.name, bytes)
    else if (frame === undefined || this.#requests?.take(frame, bytes) !== true) this.#link.cut('protocol')
  }
}
