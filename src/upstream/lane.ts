// One connection to Redis that carries many sessions' exchanges: what is written in order is answered in order.
// Knows no topology and no session; what it cannot answer it hands back, in order, to whoever opened it.
import { connect, type Socket } from 'node:net'
import { ExchangeQueue, type Exchange, type ReplyReceiver } from '../exchange.ts'
import { ReplyFramer } from '../resp/reply-framer.ts'
import { provesUnexecuted } from '../resp/replies.ts'
import type { Handshake, HandshakeFailure, Role } from './handshake.ts'
import { LaneWriter } from './lane-writer.ts'
import { ReadBuffers } from './read-buffers.ts'

/** Why a lane ended; a metric label. */
export type LaneEnd =
  'refused' | 'timeout' | 'reset' | 'closed' | 'handshake' | 'role' | 'protocol' | 'cut' | 'idle'

export type LaneOptions = {
  readonly host: string
  readonly port: number
  /** What the handshake has to prove; undefined for service lanes. */
  readonly role: Role | undefined
  readonly handshake: Handshake
  readonly connectTimeoutMs: number
  /** Replies up to this size leave whole; of a larger one bytes leave as they come. */
  readonly replyBufferBytes: number
  readonly turn: LaneTurn
  readonly counters: LaneCounters
  readonly onError: (reply: Buffer) => void
  readonly events: LaneEvents
}

export type LaneTurn = { flushUpstream: (lane: { flush: () => void }) => void }

/** Plain numbers that lanes only add to. */
export type LaneCounters = { sentBytes: number; receivedBytes: number }

export type LaneEvents = {
  onOpen: (lane: Lane) => void
  /** The first reply that proves a request unexecuted: the lane sends nothing more and ends when it is drained. */
  onRefused: (lane: Lane, reply: Buffer) => void
  /** `failure` is there when the handshake failed. */
  onEnd: (lane: Lane, end: LaneEnd, failure?: HandshakeFailure) => void
}

const MINUS = 45

export class Lane {
  readonly #options: LaneOptions
  readonly #socket: Socket
  readonly #framer = new ReplyFramer()
  readonly #writer: LaneWriter
  readonly #unsent = new ExchangeQueue()
  readonly #unanswered = new ExchangeQueue()
  /** Answered by Redis, but the replies have not left. */
  readonly #kept = new ExchangeQueue()
  #state: 'opening' | 'open' | 'refusing' | 'ended' = 'opening'
  #isWithholding = false
  readonly #keptBack = new Set<Exchange['owner']>()
  /** The beginning of a reply of which the end has not come. */
  #partial: Buffer[] = []
  #partialBytes = 0
  #isFlushScheduled = false
  /** Replies so far: a lane that owes replies and shows no new ones is hung. */
  progress = 0

  constructor(options: LaneOptions) {
    this.#options = options
    const buffers = new ReadBuffers()
    this.#socket = connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 10_000,
      onread: {
        buffer: buffers.next,
        callback: (size, buffer) => {
          this.#read(buffers.take(buffer as Buffer, size))
          return true
        }
      }
    })
    this.#writer = new LaneWriter(this.#socket, this.#onWritten)
    this.#socket.setTimeout(options.connectTimeoutMs, () => {
      this.#end('timeout')
    })
    this.#socket.once('connect', () => {
      this.#socket.write(options.handshake.request)
      if (options.handshake.isDone) this.#open()
    })
    this.#socket.on('error', (error) => {
      this.#end(endOf(error))
    })
    this.#socket.on('close', () => {
      this.#end('closed')
    })
  }

  /** Whether it takes exchanges: they wait until it is open. */
  get isUsable(): boolean {
    return this.#state === 'opening' || this.#state === 'open'
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Exchanges it has taken and not answered. */
  get load(): number {
    return this.#unsent.length + this.#unanswered.length
  }

  /** When the oldest exchange it owes an answer to began; 0 if it owes none. */
  get oldestAtMs(): number {
    return (this.#unanswered.first ?? this.#unsent.first)?.startedAtMs ?? 0
  }

  /** Exchanges that are written and not answered. */
  get inFlight(): number {
    return this.#unanswered.length
  }

  send(exchange: Exchange): void {
    exchange.state = 'unsent'
    this.#unsent.push(exchange)
    this.#scheduleFlush()
  }

  /** From here on replies stay here, until `release` or the end. [F5] */
  withhold(): void {
    this.#isWithholding = true
  }

  /** Lets the withheld replies leave: the node proved to be, or to have been, the master. */
  release(): void {
    this.#isWithholding = false
    if (this.#state === 'refusing') return
    for (let exchange = this.#kept.shift(); exchange; exchange = this.#kept.shift()) relayKept(exchange)
    const { first } = this.#unanswered
    if (first?.kept !== undefined) relayKept(first)
  }

  /** Closes it now. What it owes is handed back through its owners. */
  cut(end: LaneEnd = 'cut'): void {
    this.#end(end)
  }

  flush(): void {
    this.#isFlushScheduled = false
    if (this.#state !== 'open') return
    this.#options.counters.sentBytes += this.#writer.write(this.#unsent, this.#unanswered)
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || this.#state !== 'open') return
    this.#isFlushScheduled = true
    this.#options.turn.flushUpstream(this)
  }

  readonly #onWritten = (): void => {
    if (this.#unsent.length > 0) this.#scheduleFlush()
  }

  #open(): void {
    this.#state = 'open'
    this.#socket.setTimeout(0)
    this.#options.events.onOpen(this)
    if (this.#unsent.length > 0) this.#scheduleFlush()
  }

  #read(chunk: Buffer): void {
    this.#options.counters.receivedBytes += chunk.length
    const framer = this.#framer
    framer.push(chunk)
    let from = 0
    let ended = 0
    while (this.#state !== 'ended') {
      const framed = framer.next()
      if (framed === 'more') break
      if (framed !== 'reply') {
        this.#end('protocol')
        return
      }
      if (this.#state === 'opening') {
        this.#shake(chunk)
        from = framer.end
        continue
      }
      const exchange = this.#unanswered.first
      if (exchange === undefined) {
        this.#end('protocol')
        return
      }
      if (framer.mark === MINUS && this.#isRefusal(exchange, chunk)) {
        if (ended > 0) this.#relay(exchange, chunk.subarray(from, framer.start), ended)
        this.#keepBack(exchange, chunk)
        from = framer.start
        ended = 0
      }
      ended++
      this.progress++
      exchange.answered++
      if (exchange.answered === exchange.count) {
        this.#unanswered.shift()
        this.#relay(exchange, chunk.subarray(from, framer.end), ended)
        from = framer.end
        ended = 0
      }
    }
    if (this.#state !== 'ended') this.#readRest(chunk, from, ended)
  }

  /** Whole replies of an exchange that expects more, and the beginning of a reply. */
  #readRest(chunk: Buffer, from: number, ended: number): void {
    const exchange = this.#unanswered.first
    const partialFrom = this.#framer.isInside ? this.#framer.start : chunk.length
    if (exchange !== undefined && ended > 0) this.#relay(exchange, chunk.subarray(from, partialFrom), ended)
    if (this.#framer.isInside) this.#keepPartial(exchange, chunk.subarray(partialFrom))
    if (this.#state === 'refusing' && this.#unanswered.length === 0) this.#end('role')
  }

  #relay(exchange: Exchange, bytes: Buffer, ended: number): void {
    for (const piece of this.#takePartial()) this.#pass(exchange, piece, 0)
    exchange.isTorn = false
    this.#pass(exchange, bytes, ended)
  }

  #pass(exchange: Exchange, bytes: Buffer, ended: number): void {
    if (this.#isWithholding || this.#keptBack.has(exchange.owner)) {
      exchange.keep(bytes)
      if (ended > 0 && exchange.answered === exchange.count) this.#kept.push(exchange)
      return
    }
    exchange.left += ended
    if (exchange.left === exchange.count) exchange.state = 'answered'
    exchange.owner.relay(exchange, bytes, ended)
  }

  #keepPartial(exchange: Exchange | undefined, bytes: Buffer): void {
    this.progress++
    this.#partial.push(bytes)
    this.#partialBytes += bytes.length
    if (
      exchange === undefined ||
      this.#state === 'opening' ||
      this.#partialBytes <= this.#options.replyBufferBytes
    )
      return
    for (const piece of this.#takePartial()) this.#pass(exchange, piece, 0)
    exchange.isTorn = exchange.kept === undefined
  }

  #takePartial(): readonly Buffer[] {
    if (this.#partialBytes === 0) return NOTHING
    const pieces = this.#partial
    this.#partial = []
    this.#partialBytes = 0
    return pieces
  }

  #wholeReply(chunk: Buffer): Buffer {
    const bytes = chunk.subarray(this.#framer.start, this.#framer.end)
    return this.#partialBytes === 0 ? bytes : Buffer.concat([...this.#partial, bytes])
  }

  #shake(chunk: Buffer): void {
    const reply = this.#wholeReply(chunk)
    this.#takePartial()
    const failure = this.#options.handshake.take(reply)
    if (failure) this.#end(failure.step === 'role' ? 'role' : 'handshake', failure)
    else if (this.#options.handshake.isDone) this.#open()
  }

  #isRefusal(exchange: Exchange, chunk: Buffer): boolean {
    const reply = this.#wholeReply(chunk)
    this.#options.onError(reply)
    return !this.#keptBack.has(exchange.owner) && provesUnexecuted(reply)
  }

  // Nothing more is sent: what stands behind may be refused for the same reason, and would overtake its own replay.
  #keepBack(exchange: Exchange, chunk: Buffer): void {
    this.#keptBack.add(exchange.owner)
    if (this.#state === 'refusing') return
    this.#state = 'refusing'
    this.#options.events.onRefused(this, this.#wholeReply(chunk))
  }

  #end(end: LaneEnd, failure?: HandshakeFailure): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    if (this.#writer.isBusy && this.#unanswered.last) this.#unanswered.last.isTailUnsent = true
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
    this.#options.events.onEnd(this, end, failure)
    const why = { role: this.#options.role, refusal: sessionRefusal(failure) }
    const owed = new Map<ReplyReceiver, Exchange[]>()
    for (const queue of [this.#kept, this.#unanswered, this.#unsent]) {
      for (let exchange = queue.shift(); exchange; exchange = queue.shift()) {
        const exchanges = owed.get(exchange.owner)
        if (exchanges === undefined) owed.set(exchange.owner, [exchange])
        else exchanges.push(exchange)
      }
    }
    for (const [owner, exchanges] of owed) owner.leftOver(exchanges, why)
  }
}

const NOTHING: readonly Buffer[] = []

function relayKept(exchange: Exchange): void {
  const pieces = exchange.kept ?? NOTHING
  exchange.kept = undefined
  const ended = exchange.answered - exchange.left
  exchange.left = exchange.answered
  if (exchange.left === exchange.count) exchange.state = 'answered'
  exchange.owner.relay(exchange, pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces), ended)
}

/** What of a failed handshake is the session's own affair, not the node's. */
function sessionRefusal(failure: HandshakeFailure | undefined): Buffer | undefined {
  return failure !== undefined && (failure.step === 'user' || failure.step === 'select')
    ? failure.reply
    : undefined
}

function endOf(error: Error): LaneEnd {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENOTFOUND') return 'refused'
  return code === 'ETIMEDOUT' ? 'timeout' : 'reset'
}
