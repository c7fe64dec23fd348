// What was asked on a connection that subscribes, in order, and which frames answer it: one confirmation for each
// name, or one error for all of them. Knows no topic.
import { encode } from '../resp/decode.ts'
import type { PubsubFrame } from './pubsub-frame.ts'
import type { ListeningLane } from './listening-lane.ts'

/** confirmed: all of it. lost: the connection ended first. Else Redis' error. */
export type Outcome = 'confirmed' | 'lost' | Buffer

type Request = { readonly verb: string; left: number; readonly done: (outcome: Outcome) => void }

const PING = 'ping'

export class PubsubRequests {
  readonly #lane: Pick<ListeningLane, 'send'>
  #unanswered: Request[] = []

  constructor(lane: Pick<ListeningLane, 'send'>) {
    this.#lane = lane
  }

  get isEmpty(): boolean {
    return this.#unanswered.length === 0
  }

  /** `done` runs once. */
  send(verb: string, names: readonly Buffer[], done: (outcome: Outcome) => void): void {
    this.#unanswered.push({ verb, left: names.length, done })
    this.#lane.send(encode(verb, ...names))
  }

  /** `done` runs when everything that Redis sent before it has been handed on. */
  ping(done: (outcome: Outcome) => void): void {
    this.#unanswered.push({ verb: PING, left: 1, done })
    this.#lane.send(encode(PING))
  }

  /** Takes a frame that is no message. False if nothing asked for it: the connection is out of step [R2]. */
  take(frame: PubsubFrame, bytes: Buffer): boolean {
    const first = this.#unanswered[0]
    if (first === undefined) return false
    if (frame.is === 'error') {
      this.#unanswered.shift()
      first.done(bytes)
      return true
    }
    const verb = frame.is === 'pong' ? PING : frame.is === 'confirmation' ? frame.verb : ''
    if (verb !== first.verb) return false
    if (--first.left > 0) return true
    this.#unanswered.shift()
    first.done('confirmed')
    return true
  }

  /** The connection has ended. */
  lose(): void {
    const lost = this.#unanswered
    this.#unanswered = []
    for (const request of lost) request.done('lost')
  }
}
