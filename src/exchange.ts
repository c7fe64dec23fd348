// One request, or a run of adjacent ones with one route, and its place among its session's replies.
// It is in exactly one place at a time: held, or in a lane unsent, or in a lane unanswered, or answered.

/** `again`: may be sent again when its fate is unknown. `once`: never sent twice [F3]. */
export type Effect = 'again' | 'once'

/** What a request does to the lane of the session's own that it needs. */
export type OwnStep =
  'multi' | 'queued' | 'exec' | 'discard' | 'watch' | 'unwatch' | 'blocking' | 'call' | 'plain'

export type ExchangeState = 'held' | 'unsent' | 'unanswered' | 'answered'

/** Whoever the replies of an exchange belong to: a session, or the proxy itself. */
export type ReplyReceiver = {
  /** The next bytes of the exchange's replies, of which `ended` replies end in them. Bytes must not be changed. */
  relay: (exchange: Exchange, bytes: Buffer, ended: number) => void
  /** A lane can no longer answer these. Called once for a lane, with all that it owes, in its order. */
  leftOver: (exchanges: readonly Exchange[], why: LeftOver) => void
}

/** Who is told of the writes that lanes carry to the master, by the hashes of their keys. */
export type WriteWatch = {
  /** They are about to leave. */
  begun: (keys: readonly number[]) => void
  /** Redis has answered them all, or never will; told before the last reply is passed on. */
  ended: (keys: readonly number[]) => void
}

export type LeftOver = {
  /** Which side the lane led to. */
  readonly role: 'master' | 'replica' | undefined
  /** Redis' own error, when it refused the session's user or database on the lane. */
  readonly refusal: Buffer | undefined
}

export type RequestBytes = {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** All of the request, when it is large and came in pieces. */
  readonly parts: readonly Buffer[] | undefined
  readonly size: number
}

/** Takes what a lane relays of an exchange's one reply, and relays another in its place, perhaps later. */
export type Rewrite = (exchange: Exchange, bytes: Buffer, ended: number) => void

export class Exchange {
  readonly owner: ReplyReceiver
  state: ExchangeState = 'held'
  /** `once` as soon as one request of the run is. */
  effect: Effect
  /** Requests in the run, how many of them Redis has answered, and how many of those replies have left. */
  count = 1
  answered = 0
  left = 0
  /** Kept until the last reply: settle frames them again. */
  readonly bytes: Buffer
  readonly start: number
  end: number
  readonly parts: readonly Buffer[] | undefined
  size: number
  /** Milliseconds of the clock when the first byte of the run had arrived. */
  readonly startedAtMs: number
  /** When it was held first, in milliseconds of the clock: its window goes on when it is held again. */
  heldSinceMs: number | undefined = undefined
  /** Reply bytes that the session has, and that stand behind another reply. */
  kept: Buffer[] | undefined = undefined
  /** Whole replies that have come and that the lane does not pass on: withheld, or kept back. */
  withheld: Buffer[] | undefined = undefined
  /** The last byte of the run never reached the kernel: its last request is provably unexecuted. */
  isTailUnsent = false
  /** Part of a reply has left and its end has not come: nothing can be put in its place. */
  isTorn = false
  /** Set when it must go to a lane of the session's own; such an exchange is one request. */
  own: OwnStep | undefined = undefined
  /** The keys that the requests of the run write, as hashes; undefined when they write none, or nobody asks. */
  writes: number[] | undefined = undefined
  /** Set when its reply must not leave as Redis gave it; such an exchange is one request. */
  rewrite: Rewrite | undefined = undefined
  /** Next in the order of the session, and in the order of the lane. */
  nextOfSession: Exchange | undefined = undefined
  nextOfLane: Exchange | undefined = undefined

  constructor(owner: ReplyReceiver, request: RequestBytes, effect: Effect, startedAtMs: number) {
    this.owner = owner
    this.bytes = request.bytes
    this.start = request.start
    this.end = request.end
    this.parts = request.parts
    this.size = request.size
    this.effect = effect
    this.startedAtMs = startedAtMs
  }

  /** Whether the framed request lies right behind this run, so that one record serves both. */
  isFollowedBy(request: RequestBytes): boolean {
    return (
      this.own === undefined &&
      this.rewrite === undefined &&
      this.bytes === request.bytes &&
      this.end === request.start &&
      request.parts === undefined &&
      this.parts === undefined
    )
  }

  /** Takes the request that follows into the run. */
  extend(request: RequestBytes, effect: Effect, writes?: number[]): void {
    this.end = request.end
    this.size += request.size
    this.count++
    if (effect === 'once') this.effect = 'once'
    if (writes === undefined) return
    if (this.writes === undefined) this.writes = writes
    else this.writes.push(...writes)
  }

  withhold(bytes: Buffer): void {
    if (this.withheld === undefined) this.withheld = [bytes]
    else this.withheld.push(bytes)
  }

  keep(bytes: Buffer): void {
    if (this.kept === undefined) this.kept = [bytes]
    else this.kept.push(bytes)
  }
}

/** Exchanges in order, linked through `nextOfLane`. */
export class ExchangeQueue {
  first: Exchange | undefined = undefined
  #last: Exchange | undefined = undefined
  length = 0

  push(exchange: Exchange): void {
    exchange.nextOfLane = undefined
    if (this.#last === undefined) this.first = exchange
    else this.#last.nextOfLane = exchange
    this.#last = exchange
    this.length++
  }

  shift(): Exchange | undefined {
    const { first } = this
    if (first === undefined) return undefined
    this.first = first.nextOfLane
    if (this.first === undefined) this.#last = undefined
    first.nextOfLane = undefined
    this.length--
    return first
  }

  get last(): Exchange | undefined {
    return this.#last
  }
}
