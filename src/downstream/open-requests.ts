// A session's requests that Redis has not answered: on which lane they are, and what may go where. A session changes
// lane only when nothing of it is unanswered or held on the previous one [R4].
import type { Command } from '../command/commands.ts'
import { Exchange, type Effect, type LeftOver, type ReplyReceiver } from '../exchange.ts'
import * as replies from '../resp/replies.ts'
import { route, type RouteFacts } from '../route/route.ts'
import { LaneChoice } from './lane-choice.ts'
import { NO_OWN_LANE, needsOwnLane, type OwnLaneState } from './own-lane-state.ts'
import { OwnLane, type FramedRequest, type LentLane } from './own-lane.ts'
import { OwnLender } from './own-lender.ts'
import { OwnRequests, type OwnHost } from './own-requests.ts'
import { ReplyQueue } from './reply-queue.ts'
import { ReplyWindow } from './reply-window.ts'
import type { LaneSide, RequestHost, SessionLane, SessionParts } from './session-parts.ts'
import type { SessionState } from './session-state.ts'
import { UnderWay } from './under-way.ts'

export class OpenRequests implements ReplyReceiver, OwnHost {
  readonly queue: ReplyQueue
  readonly window: ReplyWindow
  readonly #state: SessionState
  readonly #parts: SessionParts
  readonly #host: RequestHost
  /** The lane that has the unanswered exchanges, and where it leads; meaningless when there are none. */
  #lane: SessionLane | undefined
  #side: LaneSide = 'master'
  /** Held ones that may go as soon as their lane owes nothing more: it takes nothing. */
  readonly #stuck: Exchange[] = []
  held = 0
  /** Its lane is another one: stands in the queue until nothing is unanswered. */
  #waiting: { readonly exchange: Exchange; readonly command: Command } | undefined
  /** What a replica must have applied for the request that was taken last, which is the one that waits. */
  #neededOffset = 0
  /** Made when the first request needs a lane of its own. */
  #ownRequests: OwnRequests | undefined
  readonly #choice: LaneChoice
  readonly underWay: UnderWay

  constructor(state: SessionState, parts: SessionParts, host: RequestHost) {
    this.#state = state
    this.#parts = parts
    this.#host = host
    this.queue = new ReplyQueue(host)
    this.window = new ReplyWindow(parts.limits.outputSoftBytes)
    this.underWay = new UnderWay(parts.counters)
    this.#choice = new LaneChoice(state, parts, this.window)
  }

  get own(): OwnLaneState {
    return this.#ownRequests?.own ?? NO_OWN_LANE
  }

  #forOwn(): OwnRequests {
    if (this.#ownRequests === undefined) {
      const lender = new OwnLender(this.#state, this.#parts.lanes.pinned, this.#host)
      this.#ownRequests = new OwnRequests(new OwnLane(lender), this, this.#parts.clock)
    }
    return this.#ownRequests
  }

  /** Whether it waits for what another client may do: nothing must be popped for it once it has gone. */
  get isBlocked(): boolean {
    return this.own.reason === 'blocking' && this.underWay.requests > 0
  }

  /** Undefined when nothing blocks. */
  endBlocked(how: 'timeout' | 'error'): number | undefined {
    return this.isBlocked ? this.#ownRequests?.endBlocked(how) : undefined
  }

  mayTake(backlogBytes: number): boolean {
    return (
      this.#waiting === undefined &&
      this.held === 0 &&
      this.#ownRequests?.isWaiting !== true &&
      this.window.admits(this.underWay.requests, backlogBytes)
    )
  }

  facts(command: Command, request: FramedRequest, nowMs: number): RouteFacts {
    this.#neededOffset = this.#parts.causality.neededBy(command, request)
    return this.#facts(command, nowMs)
  }

  #facts(command: Command, nowMs: number): RouteFacts {
    const needsOwn = needsOwnLane(command, this.own)
    const isOn = this.underWay.requests === 0 ? undefined : this.#side
    const replica = command.replica && !needsOwn ? this.#choice.findReplica(this.#neededOffset, isOn) : 'none'
    const { isInMulti, isTracking } = this.own
    return { lastWriteAtMs: this.underWay.lastWriteAtMs, nowMs, replica, needsOwn, isInMulti, isTracking }
  }

  /** Sends the framed request on, or lets it wait for what is unanswered elsewhere. */
  forward(command: Command, request: FramedRequest, side: LaneSide): void {
    if (command.isScript) this.#parts.scripts.seen(command.name, request)
    const lane = this.#choice.laneOn(side, request.size)
    if (lane === undefined) {
      this.queue.answer(this, replies.tooManyLanes)
      return
    }
    // What it publishes to itself comes behind the replies to what it asked before, as on one connection.
    const mustWait = lane !== this.#lane || this.#parts.counts.echoes(command, request, this.#state)
    if (this.underWay.requests > 0 && mustWait) {
      this.#waiting = { exchange: this.#open(command, request), command }
      return
    }
    const last = this.#parts.counts.concerns(command) ? undefined : this.queue.last
    if (last?.state === 'unsent' && this.underWay.requests > 0 && last.isFollowedBy(request)) {
      last.extend(request, command.effect, this.#parts.causality.writtenBy(command, request))
      this.underWay.add(side, 1, request.size)
      this.#noteWrite(command.effect)
      return
    }
    this.#send(this.#open(command, request), lane, side)
  }

  /** Sends the framed request on over the lane of the session's own. */
  forwardOwn(command: Command, request: FramedRequest): void {
    const exchange = this.#open(command, request)
    if (this.underWay.requests > 0 && this.#lane !== this.own.lane) this.#waiting = { exchange, command }
    else this.#forOwn().send(exchange)
  }

  /** Keeps the framed request until there is a master. */
  hold(command: Command, request: FramedRequest): void {
    const exchange = this.#open(command, request)
    // Its window runs since it came: behind another held request it has waited already [F4].
    exchange.heldSinceMs = exchange.startedAtMs
    // What a replica has not answered yet comes first; then it is routed anew.
    if (this.underWay.requests > 0 && this.#side === 'replica') this.#waiting = { exchange, command }
    else this.#hold([exchange])
  }

  #open(command: Command, request: FramedRequest): Exchange {
    const needsOwn = needsOwnLane(command, this.own)
    const writes = this.#parts.causality.writtenBy(command, request)
    const own = needsOwn ? this.#forOwn().own.take(command, request, writes) : undefined
    const exchange = new Exchange(this, request, own?.effect ?? command.effect, this.#state.lastSeenAtMs)
    exchange.own = own?.step
    exchange.writes = own === undefined ? writes : own.writes
    if (own !== undefined || command.countsSubscribers)
      exchange.rewrite = this.#parts.counts.rewriteOf(command, request, own?.step, this.#state)
    this.queue.open(exchange)
    return exchange
  }

  #send(exchange: Exchange, lane: SessionLane, side: LaneSide): void {
    this.#lane = lane
    this.#side = side
    this.underWay.add(exchange.own === undefined ? side : 'pinned', exchange.count, exchange.size)
    this.#noteWrite(exchange.effect)
    lane.send(exchange)
  }

  #noteWrite(effect: Effect): void {
    if (effect === 'once') this.underWay.lastWriteAtMs = this.#state.lastSeenAtMs
  }

  #sendWaiting(): void {
    const waiting = this.#waiting
    if (waiting === undefined || this.underWay.requests > 0 || this.held > 0) return
    this.#waiting = undefined
    const { exchange, command } = waiting
    if (exchange.own !== undefined && this.#parts.gate.admission === 'forward') {
      this.#forOwn().send(exchange)
      return
    }
    const facts = this.#facts(command, this.#parts.clock.now())
    const decision = route(command, facts, this.#parts.policy, this.#parts.gate.admission)
    if (decision === 'hold') this.#hold([exchange])
    else if (decision === 'shed') this.settleAs(exchange, replies.noMaster)
    else this.#sendOr(exchange, decision === 'replica' ? 'replica' : 'master')
  }

  #sendOr(exchange: Exchange, side: LaneSide): void {
    const stays = this.underWay.requests > 0 && this.#lane?.isUsable === true
    const lane = stays ? this.#lane : this.#choice.laneOn(side, exchange.size)
    if (lane === undefined) this.settleAs(exchange, replies.tooManyLanes)
    else this.#send(exchange, lane, side)
  }

  // ---- the lane of the session's own: what it asks of the session ---------------------------------------------------

  get protocol(): 2 | 3 {
    return this.#state.protocol
  }

  sendOwn(exchange: Exchange, lane: LentLane): void {
    this.#send(exchange, lane, 'master')
  }

  /** The session's connection state is forgotten, as RESET asks. */
  reset(): void {
    this.own.reset()
    if (this.underWay.requests === 0) this.own.release()
  }

  // ---- hold: called by the gate -----------------------------------------------------------------------------------

  #hold(exchanges: readonly Exchange[]): void {
    this.held += exchanges.length
    for (const exchange of exchanges) this.#parts.gate.hold(exchange, this)
  }

  get isGone(): boolean {
    return this.#host.closed !== undefined
  }

  /** One of its held exchanges may go: the first in order, behind what its lane hands back [R4]. */
  dispatch(due: Exchange): void {
    if (this.underWay.requests > 0 && this.#lane?.isUsable === false) {
      this.#stuck.push(due)
      return
    }
    this.held--
    const exchange = this.queue.firstHeld(this.#waiting?.exchange) ?? due
    if (exchange.own === undefined) this.#sendOr(exchange, 'master')
    else this.#forOwn().send(exchange)
    this.goOn()
  }

  /** Answers a held exchange with the error that no master was found in time [F4]. */
  refuse(exchange: Exchange): void {
    this.held--
    this.settleAs(exchange, replies.noMaster)
    this.goOn()
  }

  /** Answers an exchange with a reply of the proxy itself. */
  settleAs(exchange: Exchange, reply: Buffer): void {
    const open = exchange.count - exchange.left
    this.queue.complete(exchange, open === 1 ? reply : Buffer.concat(Array<Buffer>(open).fill(reply)))
  }

  /** Sends what waited, and lets more requests be taken. */
  goOn(): void {
    if (this.underWay.requests === 0 && this.#stuck.length > 0) {
      const stuck = this.#stuck.splice(0)
      this.held -= stuck.length
      this.#hold(stuck)
    }
    if (this.held > 0) return
    this.#sendWaiting()
    this.#host.proceed()
  }

  // ---- what comes back from lanes ---------------------------------------------------------------------------------

  relay(exchange: Exchange, bytes: Buffer, ended: number): void {
    if (this.isGone) return
    if (exchange.rewrite !== undefined) {
      exchange.rewrite(exchange, bytes, ended)
      return
    }
    this.underWay.requests -= ended
    this.window.learn(bytes.length, ended)
    this.queue.relay(exchange, bytes)
    if (exchange.state === 'answered') this.#finish(exchange)
    if (exchange.own !== undefined && exchange.state === 'answered') this.#finishOwn(exchange, bytes)
    if (ended === 0) return
    this.goOn()
  }

  #finish(exchange: Exchange): void {
    const side = exchange.own === undefined ? this.#side : 'pinned'
    this.underWay.finish(exchange, side, this.#parts.clock.now())
  }

  #finishOwn(exchange: Exchange, bytes: Buffer): void {
    this.#ownRequests?.own.answered(exchange, bytes)
    if (this.underWay.requests === 0) this.own.release()
  }

  leftOver(exchanges: readonly Exchange[], why: LeftOver): void {
    if (this.isGone) return
    for (const exchange of exchanges) this.underWay.takeBack(exchange)
    if (exchanges.some(({ isTorn }) => isTorn)) {
      this.#host.close('reply_cut')
    } else if (why.refusal !== undefined && why.role !== 'replica') {
      for (const exchange of exchanges) this.settleAs(exchange, why.refusal)
      this.#host.end('auth')
    } else {
      if (why.refusal !== undefined) this.#choice.avoidReplicas()
      this.#replace(exchanges, why)
    }
  }

  #replace(exchanges: readonly Exchange[], why: LeftOver): void {
    const held: Exchange[] = []
    const owed = this.#ownRequests?.endTransaction(exchanges) ?? exchanges
    for (const { exchange, pieces, closes } of this.#parts.gate.settle(owed, why)) {
      if (closes) this.#host.close('in_doubt')
      this.queue.replace(exchange, pieces)
      held.push(...pieces.filter(({ state }) => state === 'held'))
    }
    if (this.isGone) return
    this.#hold(held)
    this.goOn()
  }
}
