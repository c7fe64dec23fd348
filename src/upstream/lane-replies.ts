// What a lane reads: finds whose reply each one is and passes it on, or keeps it while it must not leave. Knows the
// order of the exchanges that were written, and no socket.
import { ExchangeQueue, type Exchange, type ReplyReceiver, type WriteWatch } from '../exchange.ts'
import { provesUnexecuted } from '../resp/replies.ts'
import { ReplyFramer } from '../resp/reply-framer.ts'

export type LaneRepliesOptions = {
  /** Replies up to this size leave whole; of a larger one bytes leave as they come. */
  readonly replyBufferBytes: number
  /** Every error reply to a request. */
  readonly onError: (reply: Buffer) => void
  /** The first reply that proves a request unexecuted. */
  readonly onRefused: (reply: Buffer) => void
  /** A frame that no request asked for. Without it such a frame is a fault. */
  readonly onPush: ((frame: Buffer) => void) | undefined
  readonly writes: WriteWatch | undefined
}

/** `fault`: not RESP, or a reply that nobody waits for: the lane is out of step and must be cut [R2]. */
export type ReadResult = 'well' | 'fault'

const MINUS = 45
const NOTHING: readonly Buffer[] = []

export class LaneReplies {
  /** Written and not answered, in order. */
  readonly unanswered = new ExchangeQueue()
  /** Answered by Redis, but the replies have not left. */
  readonly kept = new ExchangeQueue()
  /** Replies and parts of replies so far: a lane that owes replies and shows no new ones is hung. */
  progress = 0
  readonly #options: LaneRepliesOptions
  readonly #framer = new ReplyFramer()
  readonly #keptBack = new Set<ReplyReceiver>()
  /** Bytes of this chunk from here on have not been passed, and end so many replies of the first unanswered. */
  #from = 0
  #ended = 0
  #isWithholding = false
  /** The beginning of a reply of which the end has not come. */
  #partial: Buffer[] = []
  #partialBytes = 0

  constructor(options: LaneRepliesOptions) {
    this.#options = options
  }

  get isRefusing(): boolean {
    return this.#keptBack.size > 0
  }

  /** From here on replies stay here, until `release` or the end of the lane [F5]. */
  withhold(): void {
    this.#isWithholding = true
  }

  /** Lets the withheld replies leave; not those of sessions that were refused something. */
  release(): void {
    this.#isWithholding = false
    for (let left = this.kept.length; left > 0; left--) {
      const exchange = this.kept.shift() as Exchange
      if (this.#isKeeping(exchange)) this.kept.push(exchange)
      else relayKept(exchange)
    }
    const { first } = this.unanswered
    if (first?.withheld !== undefined && !this.#isKeeping(first)) relayKept(first)
  }

  read(chunk: Buffer): ReadResult {
    this.#framer.push(chunk)
    this.#from = 0
    this.#ended = 0
    for (;;) {
      const framed = this.#framer.next()
      if (framed === 'more') return this.#readRest(chunk)
      const { first } = this.unanswered
      if (framed === 'push' && this.#options.onPush !== undefined) this.#takePush(first, chunk)
      else if (framed === 'reply' && first !== undefined) this.#takeReply(first, chunk)
      else return 'fault'
    }
  }

  #takeReply(exchange: Exchange, chunk: Buffer): void {
    if (this.#framer.mark === MINUS && this.#isRefusal(exchange, chunk)) {
      this.#passEnded(exchange, chunk, this.#framer.start)
      this.#keepBack(exchange, chunk)
      // Whoever was told has cut the lane, which has handed the exchange back.
      if (this.unanswered.first !== exchange) return
    }
    this.#ended++
    exchange.answered++
    if (exchange.answered < exchange.count) return
    this.unanswered.shift()
    if (exchange.writes !== undefined) this.#options.writes?.ended(exchange.writes)
    this.#passEnded(exchange, chunk, this.#framer.end)
  }

  #takePush(exchange: Exchange | undefined, chunk: Buffer): void {
    if (exchange !== undefined) this.#passEnded(exchange, chunk, this.#framer.start)
    this.#options.onPush?.(this.#takeWhole(chunk))
    this.#from = this.#framer.end
  }

  /** Passes the replies that ended before `to`. */
  #passEnded(exchange: Exchange, chunk: Buffer, to: number): void {
    const ended = this.#ended
    const from = this.#from
    this.#ended = 0
    this.#from = to
    if (ended > 0) this.#relay(exchange, chunk.subarray(from, to), ended)
  }

  /** Whole replies of an exchange that expects more, and the beginning of a reply. */
  #readRest(chunk: Buffer): ReadResult {
    this.progress++
    const exchange = this.unanswered.first
    const partialFrom = this.#framer.isInside ? this.#framer.start : chunk.length
    if (exchange !== undefined) this.#passEnded(exchange, chunk, partialFrom)
    if (!this.#framer.isInside) return 'well'
    if (exchange === undefined && this.#options.onPush === undefined) return 'fault'
    this.#keepPartial(exchange, chunk.subarray(partialFrom))
    return 'well'
  }

  #relay(exchange: Exchange, bytes: Buffer, ended: number): void {
    const partial = this.#takePartial()
    if (this.#isKeeping(exchange)) {
      this.#keep(exchange, partial.length === 0 ? bytes : Buffer.concat([...partial, bytes]))
      return
    }
    for (const piece of partial) exchange.owner.relay(exchange, piece, 0)
    exchange.isTorn = false
    exchange.left += ended
    if (exchange.left === exchange.count) exchange.state = 'answered'
    exchange.owner.relay(exchange, bytes, ended)
  }

  #isKeeping(exchange: Exchange): boolean {
    return this.#isWithholding || this.#keptBack.has(exchange.owner)
  }

  // Only what ends is kept, so that whole replies are judged when the lane ends; a part stays behind in `#partial`.
  #keep(exchange: Exchange, bytes: Buffer): void {
    exchange.withhold(bytes)
    if (exchange.answered === exchange.count) this.kept.push(exchange)
  }

  #keepPartial(exchange: Exchange | undefined, bytes: Buffer): void {
    this.#partial.push(bytes)
    this.#partialBytes += bytes.length
    if (exchange === undefined || this.#partialBytes <= this.#options.replyBufferBytes) return
    if (this.#isKeeping(exchange)) return
    for (const piece of this.#takePartial()) exchange.owner.relay(exchange, piece, 0)
    exchange.isTorn = true
  }

  #takePartial(): readonly Buffer[] {
    if (this.#partialBytes === 0) return NOTHING
    const pieces = this.#partial
    this.#partial = []
    this.#partialBytes = 0
    return pieces
  }

  // What came before the chunk belongs to the reply at its very beginning, not to those behind that.
  #whole(chunk: Buffer): Buffer {
    const bytes = chunk.subarray(this.#framer.start, this.#framer.end)
    const isContinued = this.#partialBytes > 0 && this.#framer.start === 0
    return isContinued ? Buffer.concat([...this.#partial, bytes]) : bytes
  }

  #takeWhole(chunk: Buffer): Buffer {
    const bytes = this.#whole(chunk)
    this.#takePartial()
    return bytes
  }

  #isRefusal(exchange: Exchange, chunk: Buffer): boolean {
    const reply = this.#whole(chunk)
    this.#options.onError(reply)
    return !this.#keptBack.has(exchange.owner) && provesUnexecuted(reply)
  }

  // What stands behind it on the lane may be refused for the same reason: its replies wait for its own replay.
  #keepBack(exchange: Exchange, chunk: Buffer): void {
    const isFirst = !this.isRefusing
    this.#keptBack.add(exchange.owner)
    if (isFirst) this.#options.onRefused(this.#whole(chunk))
  }
}

function relayKept(exchange: Exchange): void {
  const pieces = exchange.withheld ?? NOTHING
  exchange.withheld = undefined
  const ended = exchange.answered - exchange.left
  exchange.left = exchange.answered
  exchange.isTorn = false
  if (exchange.left === exchange.count) exchange.state = 'answered'
  exchange.owner.relay(exchange, pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces), ended)
}
