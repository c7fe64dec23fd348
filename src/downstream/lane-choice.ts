// Which lane a session's next request may take, and which replica it reads from.
import type { ReplicaFound } from '../route/route.ts'
import type { LaneSide, NodeChoice, SessionLane, SessionParts } from './session-parts.ts'
import type { ReplyWindow } from './reply-window.ts'
import type { SessionState } from './session-state.ts'

/** Requests above this size use the bulk lane, so that small ones do not wait behind them. */
const BULK_BYTES = 64 * 1024

/** Every replica has applied it. */
const NOTHING_NEEDED = -Infinity

export class LaneChoice {
  readonly #state: SessionState
  readonly #parts: SessionParts
  readonly #window: ReplyWindow
  #replica: NodeChoice | undefined
  #mayUseReplicas = true

  constructor(state: SessionState, parts: SessionParts, window: ReplyWindow) {
    this.#state = state
    this.#parts = parts
    this.#window = window
  }

  /** Undefined when the node has as many lanes as it may. */
  laneOn(side: LaneSide, size: number): SessionLane | undefined {
    const kind = size > BULK_BYTES || this.#window.isBulky ? 'bulk' : 'shared'
    const from = side === 'replica' ? this.#replica : this.#parts.lanes.master
    return from?.lane(this.#state.laneKey, kind, this.#state.identity)
  }

  /** A replica does not know the session's user: ACLs are not replicated. */
  avoidReplicas(): void {
    this.#mayUseReplicas = false
  }

  /**
   * Whether there is a replica to read from that has applied `offset`. A session stays with its own: two of them may be
   * at different points of the same history. `isOn`: where it has unanswered requests, which reads then follow.
   */
  findReplica(offset: number, isOn: LaneSide | undefined): ReplicaFound {
    if (!this.#mayUseReplicas || isOn === 'master') return 'none'
    if (isOn === 'replica') return this.#hasApplied(offset) ? 'ready' : 'behind'
    const { lanes, policy } = this.#parts
    const before = policy.consistency === 'eventual' ? undefined : this.#replica
    const found = lanes.replica(before, offset)
    this.#replica = found ?? before
    if (found !== undefined) return 'ready'
    return lanes.replica(undefined, NOTHING_NEEDED) === undefined ? 'none' : 'behind'
  }

  #hasApplied(offset: number): boolean {
    return this.#replica !== undefined && this.#parts.lanes.replica(this.#replica, offset) === this.#replica
  }
}
