// One connection to Redis that carries many sessions' exchanges: what is written in order is answered in order.
// Knows no topology and no session; what it cannot answer it hands back, in order, to whoever it belongs to.
import { connect, type Socket } from 'node:net'
import { ExchangeQueue, type Exchange, type ReplyReceiver, type WriteWatch } from '../exchange.ts'
import { ReplyFramer } from '../resp/reply-framer.ts'
import type { Turn } from '../turn.ts'
import type { Handshake, HandshakeFailure, Role } from './handshake.ts'
import { LaneReplies } from './lane-replies.ts'
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
  readonly replyBufferBytes: number
  readonly turn: LaneTurn
  readonly counters: LaneCounters
  readonly onError: (reply: Buffer) => void
  /** Told of what is written; undefined on lanes that carry no writes of clients. */
  readonly writes: WriteWatch | undefined
  readonly events: LaneEvents
}

export type LaneTurn = Pick<Turn, 'flushUpstream' | 'isEnough'>

/** Plain numbers that lanes only add to. */
export type LaneCounters = { sentBytes: number; receivedBytes: number }

export type LaneEvents = {
  readonly onOpen: (lane: Lane) => void
  /** The first reply that proves a request unexecuted: the lane sends nothing more and ends when it is drained. */
  readonly onRefused: (lane: Lane, reply: Buffer) => void
  /** `failure` is there when the handshake failed. */
  readonly onEnd: (lane: Lane, end: LaneEnd, failure?: HandshakeFailure) => void
  /** A frame that no request asked for. Shared lanes have none: there it ends the lane. */
  readonly onPush?: (frame: Buffer) => void
}

const KEEP_ALIVE_MS = 10_000

export class Lane {
  readonly #options: LaneOptions
  readonly #socket: Socket
  readonly #writer: LaneWriter
  readonly #replies: LaneReplies
  readonly #unsent = new ExchangeQueue()
  #state: 'opening' | 'open' | 'ended' = 'opening'
  #isFlushScheduled = false
  #isWithholding = false

  constructor(options: LaneOptions) {
    this.#options = options
    this.#replies = new LaneReplies({
      replyBufferBytes: options.replyBufferBytes,
      onError: options.onError,
      onRefused: (reply) => {
        options.events.onRefused(this, reply)
      },
      onPush: options.events.onPush,
      writes: options.writes
    })
    this.#socket = this.#connect()
    const onWritten = (): void => {
      if (this.#unsent.length > 0) this.#scheduleFlush()
    }
    this.#writer = new LaneWriter(this.#socket, onWritten, options.writes)
  }

  /** Whether it takes exchanges: they wait until it is open. */
  get isUsable(): boolean {
    return this.#state !== 'ended' && !this.#replies.isRefusing
  }

  get isOpen(): boolean {
    return this.#state === 'open' && !this.#replies.isRefusing
  }

  /** Its id at Redis, by which a call that blocks on it can be ended. */
  get clientId(): number | undefined {
    return this.#options.handshake.clientId
  }

  /** Exchanges it has taken and not answered. */
  get load(): number {
    return this.#unsent.length + this.#replies.unanswered.length
  }

  /** When the oldest exchange it owes an answer to began; 0 if it owes none. */
  get oldestAtMs(): number {
    return (this.#replies.unanswered.first ?? this.#unsent.first)?.startedAtMs ?? 0
  }

  /** Exchanges that are written and not answered. */
  get inFlight(): number {
    return this.#replies.unanswered.length
  }

  /** A large reply is coming, of which the beginning has left: what is sent now waits for its end. */
  get isStreaming(): boolean {
    return this.#replies.unanswered.first?.isTorn === true
  }

  get progress(): number {
    return this.#replies.progress
  }

  send(exchange: Exchange): void {
    exchange.state = 'unsent'
    this.#unsent.push(exchange)
    this.#scheduleFlush()
  }

  /** From here on nothing more is sent and replies stay here, until `release` or the end [F5]. */
  withhold(): void {
    this.#isWithholding = true
    this.#replies.withhold()
  }

  /** Lets the withheld replies leave: the node proved to be, or to have been, the master. */
  release(): void {
    this.#isWithholding = false
    this.#replies.release()
    if (this.#unsent.length > 0) this.#scheduleFlush()
  }

  /** Closes it now. What it owes is handed back to its owners. */
  cut(end: LaneEnd = 'cut'): void {
    this.#end(end)
  }

  flush(): void {
    this.#isFlushScheduled = false
    if (!this.isOpen || this.#isWithholding) return
    this.#options.counters.sentBytes += this.#writer.write(this.#unsent, this.#replies.unanswered)
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || !this.isOpen) return
    this.#isFlushScheduled = true
    this.#options.turn.flushUpstream(this)
  }

  #connect(): Socket {
    const { host, port, connectTimeoutMs, handshake, turn } = this.#options
    const buffers = new ReadBuffers()
    const read = this.#reader()
    const reader = { readOn: () => socket.resume() }
    const callback = (size: number): boolean => {
      read(buffers.take(size))
      return !turn.isEnough(reader, size)
    }
    const onread = { buffer: buffers.next, callback }
    const address = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    const socket: Socket = connect({ ...address, onread })
    socket.setTimeout(connectTimeoutMs, () => {
      this.#end('timeout')
    })
    socket.once('connect', () => {
      socket.write(handshake.request)
      if (handshake.isDone) this.#open()
    })
    socket.on('error', (error) => {
      this.#end(endOf(error))
    })
    socket.on('close', () => {
      this.#end('closed')
    })
    return socket
  }

  /** Takes what is read: the handshake's replies first, then those of exchanges. */
  #reader(): (chunk: Buffer) => void {
    const framer = new ReplyFramer()
    const partial: Buffer[] = []
    return (chunk) => {
      this.#options.counters.receivedBytes += chunk.length
      if (this.#state === 'opening') this.#shake(framer, partial, chunk)
      else if (this.#state === 'open') this.#read(chunk)
    }
  }

  // Nothing is written behind the handshake before it is done, so that no reply of an exchange can stand behind it.
  #shake(framer: ReplyFramer, partial: Buffer[], chunk: Buffer): void {
    framer.push(chunk)
    while (this.#state === 'opening') {
      const framed = framer.next()
      if (framed === 'more') break
      if (framed !== 'reply') {
        this.#end('protocol')
        return
      }
      const reply = Buffer.concat([...partial, chunk.subarray(framer.start, framer.end)])
      partial.length = 0
      const failure = this.#options.handshake.take(reply)
      if (failure) this.#end(failure.step === 'role' ? 'role' : 'handshake', failure)
      else if (this.#options.handshake.isDone) this.#openUnlessMore(framer, chunk)
    }
    if (framer.isInside) partial.push(chunk.subarray(framer.start))
  }

  // Nobody has asked for anything yet: whatever stands behind the handshake belongs to nobody [R2].
  #openUnlessMore(framer: ReplyFramer, chunk: Buffer): void {
    if (framer.end < chunk.length) this.#end('protocol')
    else this.#open()
  }

  #open(): void {
    this.#state = 'open'
    this.#socket.setTimeout(0)
    this.#options.events.onOpen(this)
    if (this.#unsent.length > 0) this.#scheduleFlush()
  }

  #read(chunk: Buffer): void {
    const read = this.#replies.read(chunk)
    if (read === 'fault') this.#end('protocol')
    else if (this.#replies.isRefusing && this.#replies.unanswered.length === 0) this.#end('role')
  }

  #end(end: LaneEnd, failure?: HandshakeFailure): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    const { kept, unanswered } = this.#replies
    if (this.#writer.isBusy && unanswered.last) unanswered.last.isTailUnsent = true
    this.#socket.destroy()
    this.#endWrites()
    this.#options.events.onEnd(this, end, failure)
    const why = { role: this.#options.role, refusal: sessionRefusal(failure) }
    for (const [owner, exchanges] of byOwner([kept, unanswered, this.#unsent])) owner.leftOver(exchanges, why)
  }

  #endWrites(): void {
    for (let at = this.#replies.unanswered.first; at !== undefined; at = at.nextOfLane) {
      if (at.writes !== undefined) this.#options.writes?.ended(at.writes)
    }
  }
}

function byOwner(queues: readonly ExchangeQueue[]): Map<ReplyReceiver, Exchange[]> {
  const owed = new Map<ReplyReceiver, Exchange[]>()
  for (const queue of queues) {
    for (let exchange = queue.shift(); exchange; exchange = queue.shift()) {
      const exchanges = owed.get(exchange.owner)
      if (exchanges === undefined) owed.set(exchange.owner, [exchange])
      else exchanges.push(exchange)
    }
  }
  return owed
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
