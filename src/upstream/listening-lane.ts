// One connection to Redis that does nothing but listen, as a subscriber or as a monitor: whole frames in, requests out.
// RESP2, which every version speaks, and which differs from RESP3 in the first byte of a message only. Knows no topic
// and no session.
import { connect, type Socket } from 'node:net'
import { ReplyFramer } from '../resp/reply-framer.ts'
import type { NodeAddress } from './dialer.ts'
import type { Handshake, HandshakeFailure } from './handshake.ts'
import type { LaneCounters, LaneEnd } from './lane.ts'
import { ReadBuffers } from './read-buffers.ts'

export type ListeningLaneEvents = {
  /** Requests may be sent. They follow the handshake in one write, so that a new master hears them first of all. */
  readonly onConnect: (lane: Pick<ListeningLane, 'send'>) => void
  /** A frame of its own bytes: it may be kept. */
  readonly onFrame: (frame: Buffer) => void
  /** `failure` is there when the handshake failed; nothing was handed on then. */
  readonly onEnd: (end: LaneEnd, failure: HandshakeFailure | undefined) => void
}

export type ListeningLaneOptions = {
  readonly address: NodeAddress
  readonly handshake: Handshake
  readonly connectTimeoutMs: number
  readonly counters: LaneCounters
  readonly events: ListeningLaneEvents
}

const KEEP_ALIVE_MS = 10_000

export class ListeningLane {
  readonly #options: ListeningLaneOptions
  readonly #socket: Socket
  readonly #framer = new ReplyFramer()
  /** The beginning of a frame of which the end has not come. */
  #partial: Buffer[] = []
  #isConnected = false
  #isEnded = false
  /** Chunks read so far: one that owes an answer and shows no progress is hung. */
  progress = 0

  constructor(options: ListeningLaneOptions) {
    this.#options = options
    this.#socket = this.#connect()
  }

  /** Whether it takes requests. */
  get isConnected(): boolean {
    return this.#isConnected && !this.#isEnded
  }

  send(request: Buffer): void {
    this.#options.counters.sentBytes += request.length
    this.#socket.write(request)
  }

  cut(end: LaneEnd = 'cut'): void {
    this.#end(end)
  }

  #connect(): Socket {
    const { address, connectTimeoutMs } = this.#options
    const buffers = new ReadBuffers()
    const callback = (size: number): boolean => {
      this.#read(buffers.take(size))
      return true
    }
    const socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      onread: { buffer: buffers.next, callback }
    })
    socket.setTimeout(connectTimeoutMs, () => {
      this.#end('timeout')
    })
    socket.once('connect', () => {
      this.#open()
    })
    socket.on('error', () => {
      this.#end(this.#isConnected ? 'reset' : 'refused')
    })
    socket.on('close', () => {
      this.#end('closed')
    })
    return socket
  }

  #open(): void {
    if (this.#isEnded) return
    this.#isConnected = true
    this.#socket.cork()
    this.send(this.#options.handshake.request)
    this.#options.events.onConnect(this)
    this.#socket.uncork()
    this.#endTimeout()
  }

  #read(chunk: Buffer): void {
    this.progress++
    this.#options.counters.receivedBytes += chunk.length
    this.#framer.push(chunk)
    while (!this.#isEnded) {
      const framed = this.#framer.next()
      if (framed === 'reply') {
        this.#take(this.#whole(chunk))
      } else if (framed === 'more') {
        if (this.#framer.isInside) this.#partial.push(chunk.subarray(this.#framer.start))
        return
      } else {
        this.#end('protocol')
      }
    }
  }

  // A copy, made once for all who listen: a slice would hold on to all that was read with it.
  #whole(chunk: Buffer): Buffer {
    const frame = Buffer.concat([...this.#partial, chunk.subarray(this.#framer.start, this.#framer.end)])
    this.#partial = []
    return frame
  }

  #take(frame: Buffer): void {
    const { handshake, events } = this.#options
    if (handshake.isDone) {
      events.onFrame(frame)
      return
    }
    const failure = handshake.take(frame)
    if (failure) this.#end(failure.step === 'role' ? 'role' : 'handshake', failure)
    else this.#endTimeout()
  }

  #endTimeout(): void {
    if (this.#options.handshake.isDone) this.#socket.setTimeout(0)
  }

  #end(end: LaneEnd, failure?: HandshakeFailure): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.destroy()
    this.#options.events.onEnd(end, failure)
  }
}
