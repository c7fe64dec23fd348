// A connection as an ordinary client has one: sends requests, takes one reply for each, and knows when it was dropped.
// Replies stay the bytes they are.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { ReplyFramer } from '../resp/reply-framer.ts'

type Batch = {
  readonly replies: string[]
  readonly count: number
  readonly resolve: (replies: readonly string[]) => void
  readonly reject: (error: Error) => void
}

/** The connection ended while replies were awaited, or before. */
export class Dropped extends Error {}

const replyDeadlineMs = 20_000

export class Wire {
  readonly #socket: Socket
  readonly #framer = new ReplyFramer()
  readonly #batches: Batch[] = []
  #begun = ''
  #why = 'closed'

  private constructor(socket: Socket) {
    this.#socket = socket
    // More than any request is held; a client that gives up drops its connection.
    socket.setTimeout(replyDeadlineMs, () => {
      if (this.#batches.length > 0) this.#drop(`no reply within ${replyDeadlineMs} ms`)
    })
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('end', () => (this.#why = 'closed by the other side'))
    socket.on('error', (error) => (this.#why = error.message))
    socket.on('close', () => {
      for (const batch of this.#batches.splice(0)) batch.reject(new Dropped(this.#why))
    })
  }

  /** Rejects where nothing listens. */
  static async open(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Wire(socket)
  }

  /** Sends the requests in one go and resolves with their replies, in that order. Rejects with Dropped. */
  send(requests: readonly Buffer[]): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Dropped(this.#why))
        return
      }
      this.#batches.push({ replies: [], count: requests.length, resolve, reject })
      this.#socket.write(Buffer.concat(requests))
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #drop(why: string): void {
    this.#why = why
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    this.#framer.push(bytes)
    let from = 0
    for (;;) {
      const framed = this.#framer.next()
      if (framed === 'more') break
      if (framed === 'error') {
        this.#drop('what came is no reply of Redis')
        return
      }
      this.#answer(this.#begun + bytes.toString('latin1', from, this.#framer.end))
      this.#begun = ''
      from = this.#framer.end
    }
    this.#begun += bytes.toString('latin1', from)
  }

  #answer(reply: string): void {
    const batch = this.#batches[0]
    if (batch === undefined) {
      this.#drop('a reply came that nobody asked for')
      return
    }
    batch.replies.push(reply)
    if (batch.replies.length < batch.count) return
    this.#batches.shift()
    batch.resolve(batch.replies)
  }
}
