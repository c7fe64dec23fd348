// All shared lanes: those of the bound master, which carry a generation, and those of the replicas that may serve.
import type { Clock } from '../clock.ts'
import type { Dialer, NodeAddress } from './dialer.ts'
import type { HandshakeFailure } from './handshake.ts'
import type { LaneEnd } from './lane.ts'
import { NodeLanes } from './node-lanes.ts'
import { PinnedLanes } from './pinned.ts'

export type LanesOptions = {
  readonly dialer: Dialer
  readonly clock: Clock
  readonly maxLanesPerNode: number
  readonly pinned: { readonly maxLanes: number; readonly waitMs: number; readonly warmSpares: number }
  readonly laneTimeoutMs: number
  readonly events: LanesEvents
}

export type LanesEvents = {
  /** A lane to the master of `generation` proved a request unexecuted: the node is no master that works. */
  onMasterRefused: (generation: number, reply: Buffer) => void
  onMasterLaneEnd: (generation: number, end: LaneEnd, failure: HandshakeFailure | undefined) => void
  onReplicaLaneEnd: (address: NodeAddress, end: LaneEnd) => void
}

export type EligibleReplica = {
  readonly address: NodeAddress
  readonly latencyMs: number
  readonly isPreferred: boolean
  /** What it has applied, as it last said itself; it only grows. */
  readonly applied: { readonly offset: number | null }
}

type ReplicaLanes = { readonly lanes: NodeLanes; eligible: EligibleReplica | undefined }

const SWEEP_MS = 1000

export class Lanes {
  readonly #options: LanesOptions
  readonly #replicas = new Map<string, ReplicaLanes>()
  readonly pinned: PinnedLanes
  #master: NodeLanes | undefined
  /** Our own count of rebinds: late news of a cut lane carries an older one. */
  generation = 0

  constructor(options: LanesOptions) {
    this.#options = options
    const { dialer, clock, pinned, events } = options
    this.pinned = new PinnedLanes({
      dialer,
      clock,
      ...pinned,
      events: {
        onRefused: (_lane, reply) => {
          if (!isUnblocked(reply)) events.onMasterRefused(this.generation, reply)
        },
        onEnd: (_lane, end, failure) => {
          events.onMasterLaneEnd(this.generation, end, failure)
        }
      }
    })
    this.#sweepLater()
  }

  get master(): NodeLanes | undefined {
    return this.#master
  }

  /** Points new requests at another master. What the lanes of the old one owe is handed back as they are cut. */
  bind(address: NodeAddress): number {
    const old = this.#master
    const generation = ++this.generation
    this.#master = this.#open(address, 'master', {
      onRefused: (reply) => {
        this.#options.events.onMasterRefused(generation, reply)
      },
      onEnd: (end, failure) => {
        this.#options.events.onMasterLaneEnd(generation, end, failure)
      }
    })
    old?.cut()
    this.pinned.bind(address)
    return generation
  }

  /** Replies of the master stay here from now on; calls that block are let go, to be issued again. */
  withhold(unblock: (clientId: number) => void): void {
    this.#master?.withhold()
    this.pinned.withhold()
    for (const { clientId } of this.pinned.busy()) if (clientId !== undefined) unblock(clientId)
  }

  release(): void {
    this.#master?.release()
    this.pinned.release()
  }

  /** Exchanges written to the master and not answered. */
  get inFlight(): number {
    return (this.#master?.inFlight ?? 0) + this.pinned.inFlight
  }

  /** Cuts the lanes of the master; without `bind` there is no master then. */
  cutMaster(): void {
    const old = this.#master
    this.#master = undefined
    old?.cut()
    this.pinned.bind(undefined)
  }

  /** Replicas that may serve reads from here on; lanes of others are cut when they have answered. */
  setEligible(eligible: readonly EligibleReplica[]): void {
    const byName = new Map(eligible.map((replica) => [nameOf(replica.address), replica]))
    for (const [name, replica] of this.#replicas) {
      replica.eligible = byName.get(name)
      if (replica.eligible === undefined && replica.lanes.load === 0) {
        this.#replicas.delete(name)
        replica.lanes.cut()
      }
    }
    for (const [name, replica] of byName) {
      if (this.#replicas.has(name)) continue
      this.#replicas.set(name, { lanes: this.#openReplica(replica.address), eligible: replica })
    }
  }

  /** Ends the lanes of a replica; what they owe is handed back. */
  cutReplica(address: NodeAddress): void {
    this.#replicas.get(nameOf(address))?.lanes.cut()
  }

  /**
   * The replica to read from, of those that have applied `offset`: the one used before while it may serve, else the best
   * by load, then by latency.
   */
  replica(before: object | undefined, offset: number): NodeLanes | undefined {
    let best: ReplicaLanes | undefined
    for (const replica of this.#replicas.values()) {
      if (replica.eligible === undefined || (replica.eligible.applied.offset ?? -1) < offset) continue
      if (replica.lanes === before) return replica.lanes
      if (best === undefined || isBetter(replica, best)) best = replica
    }
    return best?.lanes
  }

  /** Shared lanes by node, for metrics. */
  counts(): {
    readonly address: NodeAddress
    readonly role: 'master' | 'replica'
    readonly lanes: number
    readonly load: number
  }[] {
    const master = this.#master
    const count = (lanes: NodeLanes, role: 'master' | 'replica') => ({
      address: lanes.address,
      role,
      lanes: lanes.size,
      load: lanes.load
    })
    return [
      ...(master ? [count(master, 'master')] : []),
      ...[...this.#replicas.values()].map(({ lanes }) => count(lanes, 'replica'))
    ]
  }

  close(): void {
    this.#sweep?.cancel()
    this.cutMaster()
    for (const { lanes } of this.#replicas.values()) lanes.cut()
    this.#replicas.clear()
  }

  #openReplica(address: NodeAddress): NodeLanes {
    return this.#open(address, 'replica', {
      onRefused: () => undefined,
      onEnd: (end) => {
        this.#options.events.onReplicaLaneEnd(address, end)
      }
    })
  }

  #open(
    address: NodeAddress,
    role: 'master' | 'replica',
    events: {
      onRefused: (reply: Buffer) => void
      onEnd: (end: LaneEnd, failure: HandshakeFailure | undefined) => void
    }
  ): NodeLanes {
    const { dialer, clock, maxLanesPerNode, laneTimeoutMs } = this.#options
    return new NodeLanes({
      address,
      role,
      dialer,
      clock,
      maxLanes: maxLanesPerNode,
      laneTimeoutMs,
      events: {
        onOpen: () => undefined,
        onRefused: (_lane, reply) => {
          events.onRefused(reply)
        },
        onEnd: (_lane, end, failure) => {
          events.onEnd(end, failure)
        }
      }
    })
  }

  #sweep: { cancel: () => void } | undefined

  #sweepLater(): void {
    this.#sweep = this.#options.clock.after(SWEEP_MS, () => {
      this.#master?.sweep()
      for (const { lanes } of this.#replicas.values()) lanes.sweep()
      this.#sweepLater()
    })
  }
}

function isBetter(a: ReplicaLanes, b: ReplicaLanes): boolean {
  if (a.eligible?.isPreferred !== b.eligible?.isPreferred) return a.eligible?.isPreferred === true
  const difference = a.lanes.load - b.lanes.load
  return difference < 0 || (difference === 0 && (a.eligible?.latencyMs ?? 0) < (b.eligible?.latencyMs ?? 0))
}

function nameOf(address: NodeAddress): string {
  return `${address.host} ${address.port}`
}

// Said by a master that gives up the calls which block on it: no reason to doubt it.
function isUnblocked(reply: Buffer): boolean {
  return reply.subarray(0, 10).toString('latin1') === '-UNBLOCKED'
}
