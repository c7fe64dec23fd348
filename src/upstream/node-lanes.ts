// The shared lanes of one node: one for each identity and kind, opened when first needed, closed when long idle.
import type { Clock } from '../clock.ts'
import type { Dialer, NodeAddress } from './dialer.ts'
import type { LaneIdentity, Role } from './handshake.ts'
import type { Lane, LaneEvents } from './lane.ts'

/** `bulk`: for large requests and replies, so that small ones do not wait behind them. */
export type LaneKind = 'shared' | 'bulk'

export type NodeLanesOptions = {
  readonly address: NodeAddress
  readonly role: Role
  readonly dialer: Dialer
  readonly clock: Clock
  readonly events: LaneEvents
  readonly maxLanes: number
  /** A lane that owes replies and shows no progress for so long is cut. */
  readonly laneTimeoutMs: number
}

type Entry = { readonly lane: Lane; progress: number; progressAtMs: number }

const IDLE_MS = 60_000

export class NodeLanes {
  readonly #options: NodeLanesOptions
  readonly #entries = new Map<string, Entry>()
  #isWithholding = false

  constructor(options: NodeLanesOptions) {
    this.#options = options
  }

  get address(): NodeAddress {
    return this.#options.address
  }

  get size(): number {
    return this.#entries.size
  }

  /** The lane for an identity; undefined when the node already has as many lanes as it may. */
  lane(key: string, kind: LaneKind, identity: LaneIdentity): Lane | undefined {
    if (kind === 'bulk') return this.#named(`bulk ${key}`, identity)
    const shared = this.#named(key, identity)
    if (shared?.isStreaming !== true) return shared
    // Nobody knew that this reply would be large: until it has come, small ones use the other lane.
    const other = this.#named(`bulk ${key}`, identity)
    return other?.isStreaming === false ? other : shared
  }

  /** Exchanges that were taken and not answered, on all lanes. */
  get load(): number {
    return this.#sum((lane) => lane.load)
  }

  /** Exchanges that were written and not answered, on all lanes. */
  get inFlight(): number {
    return this.#sum((lane) => lane.inFlight)
  }

  withhold(): void {
    this.#isWithholding = true
    for (const { lane } of this.#entries.values()) lane.withhold()
  }

  release(): void {
    this.#isWithholding = false
    for (const { lane } of this.#entries.values()) lane.release()
  }

  cut(): void {
    for (const { lane } of [...this.#entries.values()]) lane.cut()
  }

  /** Cuts what is hung, closes what is idle. Called about once a second. */
  sweep(): void {
    const nowMs = this.#options.clock.now()
    for (const entry of [...this.#entries.values()]) {
      const { lane } = entry
      if (lane.progress !== entry.progress) {
        entry.progress = lane.progress
        entry.progressAtMs = nowMs
      }
      const quietMs = nowMs - Math.max(entry.progressAtMs, lane.oldestAtMs)
      if (lane.load > 0 && quietMs > this.#options.laneTimeoutMs) lane.cut('timeout')
      else if (lane.load === 0 && quietMs > IDLE_MS) lane.cut('idle')
    }
  }

  #named(name: string, identity: LaneIdentity): Lane | undefined {
    const lane = this.#entries.get(name)?.lane
    return lane?.isUsable === true ? lane : this.#open(name, identity)
  }

  #open(name: string, identity: LaneIdentity): Lane | undefined {
    const { address, role, dialer, clock, events, maxLanes } = this.#options
    if (this.#entries.size >= maxLanes && !this.#closeIdle()) return undefined
    const lane = dialer.dial(address, role, identity, {
      ...events,
      onEnd: (ended, end, failure) => {
        if (this.#entries.get(name)?.lane === ended) this.#entries.delete(name)
        events.onEnd(ended, end, failure)
      }
    })
    if (this.#isWithholding) lane.withhold()
    this.#entries.set(name, { lane, progress: 0, progressAtMs: clock.now() })
    return lane
  }

  #closeIdle(): boolean {
    for (const { lane } of this.#entries.values()) {
      if (lane.load > 0) continue
      lane.cut('idle')
      return true
    }
    return false
  }

  #sum(of: (lane: Lane) => number): number {
    let sum = 0
    for (const { lane } of this.#entries.values()) sum += of(lane)
    return sum
  }
}
