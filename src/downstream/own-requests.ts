// How requests get to the lane of the session's own: they wait while it is opened, and some change on the way there.
import type { Clock } from '../clock.ts'
import { isWait, shortened } from '../command/blocking.ts'
import { Exchange, type OwnStep } from '../exchange.ts'
import * as replies from '../resp/replies.ts'
import type { LentLane, OwnLane } from './own-lane.ts'
import { discard, markOffset } from './silent-requests.ts'

/** The session's open requests, as far as these move them. */
export type OwnHost = {
  readonly protocol: 2 | 3
  readonly underWay: { readonly hasWritten: boolean }
  sendOwn: (exchange: Exchange, lane: LentLane) => void
  /** Answers an exchange with a reply of the proxy itself. */
  settleAs: (exchange: Exchange, reply: Buffer) => void
  readonly queue: { replace: (exchange: Exchange, others: readonly Exchange[]) => void }
  goOn: () => void
}

/** A blocked call that is issued again sooner than this keeps its time-out. */
const REISSUE_MS = 50

export class OwnRequests {
  readonly own: OwnLane
  readonly #host: OwnHost
  readonly #clock: Clock
  #awaiting: Exchange[] = []
  /** CLIENT UNBLOCK asked that the call which blocks ends with an error. */
  #endsInError = false

  constructor(own: OwnLane, host: OwnHost, clock: Clock) {
    this.#clock = clock
    this.own = own
    this.#host = host
  }

  /** Whether requests wait for the lane. */
  get isWaiting(): boolean {
    return this.#awaiting.length > 0
  }

  send(exchange: Exchange): void {
    this.#awaiting.push(exchange)
    if (this.#awaiting.length > 1) return
    this.own.acquire((lane) => {
      const awaiting = this.#awaiting
      this.#awaiting = []
      for (const next of awaiting) this.#sendOn(lane, next)
      this.#host.goOn()
    })
  }

  /** Prepares the end of a blocked call. Returns its connection's id at Redis, by which it can be ended. */
  endBlocked(how: 'timeout' | 'error'): number | undefined {
    this.#endsInError = how === 'error'
    return this.own.lane?.clientId
  }

  /**
   * When the fate of EXEC is unknown, what it would have executed is not queued a second time. Returns what is left
   * to settle.
   */
  endTransaction(exchanges: readonly Exchange[]): readonly Exchange[] {
    const exec = exchanges.findLastIndex(({ own, state }) => own === 'exec' && state === 'unanswered')
    if (exec < 0 || exchanges[exec]?.isTailUnsent === true) return exchanges
    this.own.abandonTransaction()
    const left: Exchange[] = []
    for (const exchange of exchanges.slice(0, exec)) {
      const reply = exchange.own === undefined ? undefined : IN_TRANSACTION[exchange.own]
      if (reply === undefined) {
        left.push(exchange)
      } else {
        exchange.kept = undefined
        this.#host.settleAs(exchange, reply)
      }
    }
    return [...left, ...exchanges.slice(exec)]
  }

  #sendOn(lane: LentLane | undefined, exchange: Exchange): void {
    if (lane === undefined) this.#host.settleAs(exchange, replies.tooManyLanes)
    else if (exchange.own === 'exec' && this.own.isTainted) this.#abort(lane, exchange, replies.execAbort)
    else if (exchange.own === 'exec' && this.own.isWatchBroken)
      this.#abort(lane, exchange, replies.nullArray(this.#host.protocol))
    else if (exchange.own === 'blocking') this.#sendBlocking(lane, exchange)
    else this.#host.sendOwn(exchange, lane)
  }

  // A broken watch is legal: to the client a watched key has changed.
  #abort(lane: LentLane, exchange: Exchange, reply: Buffer): void {
    lane.send(discard())
    this.own.answered(exchange, replies.ok)
    this.#host.settleAs(exchange, reply)
  }

  #sendBlocking(lane: LentLane, exchange: Exchange): void {
    if (this.#host.underWay.hasWritten && isWait(exchange)) lane.send(markOffset())
    if (this.#endsInError) {
      this.#endsInError = false
      this.#host.settleAs(exchange, replies.unblocked)
      return
    }
    const elapsedMs = this.#clock.now() - exchange.startedAtMs
    if (elapsedMs < REISSUE_MS) {
      this.#host.sendOwn(exchange, lane)
      return
    }
    const again = new Exchange(
      exchange.owner,
      shortened(exchange, elapsedMs),
      exchange.effect,
      exchange.startedAtMs
    )
    again.own = exchange.own
    again.writes = exchange.writes
    this.#host.queue.replace(exchange, [again])
    this.#host.sendOwn(again, lane)
  }
}

/** What Redis has answered, or would have, to what stands before an EXEC. */
const IN_TRANSACTION: Readonly<Partial<Record<OwnStep, Buffer>>> = {
  watch: replies.ok,
  unwatch: replies.ok,
  multi: replies.ok,
  queued: replies.queued
}
