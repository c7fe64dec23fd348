// How a lane to any node is opened: everything that is the same for all of them.
import type { WriteWatch } from '../exchange.ts'
import { Handshake, type Credentials, type LaneIdentity, type Role } from './handshake.ts'
import { Lane, type LaneCounters, type LaneEnd, type LaneEvents, type LaneTurn } from './lane.ts'
import { ListeningLane, type ListeningLaneEvents } from './listening-lane.ts'

export type NodeAddress = { readonly host: string; readonly port: number }

export type DialerOptions = {
  /** As whom the proxy itself speaks to Redis; undefined when Redis asks for no password. */
  readonly service: Credentials | undefined
  readonly connectTimeoutMs: number
  readonly replyBufferBytes: number
  readonly turn: LaneTurn
  /** Counts an error reply to a client's request. */
  readonly onError?: (reply: Buffer) => void
  /** Told of the writes that go to the master. */
  readonly writes?: WriteWatch
}

export class Dialer {
  readonly counters = {
    opened: 0,
    ended: new Map<LaneEnd, number>(),
    master: { sentBytes: 0, receivedBytes: 0 },
    replica: { sentBytes: 0, receivedBytes: 0 },
    service: { sentBytes: 0, receivedBytes: 0 }
  }
  readonly #options: DialerOptions

  constructor(options: DialerOptions) {
    this.#options = options
  }

  /** Opens a lane. `role` is proved on the connection before it carries a request [C1]. */
  dial(address: NodeAddress, role: Role | undefined, identity: LaneIdentity, events: LaneEvents): Lane {
    this.counters.opened++
    const { service, turn, connectTimeoutMs, replyBufferBytes, onError = ignore } = this.#options
    return new Lane({
      host: address.host,
      port: address.port,
      role,
      handshake: new Handshake(service, role, identity),
      connectTimeoutMs,
      replyBufferBytes,
      turn,
      counters: this.#countersOf(role),
      onError: role === undefined ? ignore : onError,
      writes: role === 'master' ? this.#options.writes : undefined,
      events: {
        ...events,
        onEnd: (lane, end, failure) => {
          this.#countEnd(end)
          events.onEnd(lane, end, failure)
        }
      }
    })
  }

  /** Opens a connection that only listens, as the service user or another. */
  dialListening(
    address: NodeAddress,
    user: Credentials | undefined,
    events: ListeningLaneEvents
  ): ListeningLane {
    this.counters.opened++
    const { service, connectTimeoutMs } = this.#options
    return new ListeningLane({
      address,
      handshake: new Handshake(service, 'master', { ...serviceIdentity, user }),
      connectTimeoutMs,
      counters: this.counters.master,
      events: {
        ...events,
        onEnd: (end, failure) => {
          this.#countEnd(end)
          events.onEnd(end, failure)
        }
      }
    })
  }

  #countEnd(end: LaneEnd): void {
    this.counters.ended.set(end, (this.counters.ended.get(end) ?? 0) + 1)
  }

  #countersOf(role: Role | undefined): LaneCounters {
    return role === undefined ? this.counters.service : this.counters[role]
  }
}

function ignore(): void {
  // The proxy's own questions are no client's errors.
}

export const serviceIdentity: LaneIdentity = { user: undefined, database: 0, protocol: 2 }
