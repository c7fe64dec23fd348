// What the lane of a session's own needs of its session.
import type { RequestHost, LaneLender } from './session-parts.ts'
import type { LentLane } from './own-lane.ts'
import type { SessionState } from './session-state.ts'

export class OwnLender {
  readonly #state: SessionState
  readonly #lanes: LaneLender
  readonly #host: RequestHost

  constructor(state: SessionState, lanes: LaneLender, host: RequestHost) {
    this.#state = state
    this.#lanes = lanes
    this.#host = host
  }

  /** `onLane` is called once, perhaps later, and with undefined when none came free in time. */
  lend(onLane: (lane: LentLane | undefined) => void, onLost: () => void): () => void {
    const { laneKey: key, identity } = this.#state
    return this.#lanes.lend({ key, identity, onPush: this.push, onLost, onLane })
  }

  giveBack(lane: LentLane): void {
    this.#lanes.giveBack(lane)
  }

  /** A frame that is no reply, for the client. */
  readonly push = (frame: Buffer): void => {
    this.#host.push(frame)
  }

  /** A transaction has selected another database. */
  selected(database: number): void {
    this.#state.identity = { ...this.#state.identity, database }
  }

  get protocol(): 2 | 3 {
    return this.#state.protocol
  }
}
