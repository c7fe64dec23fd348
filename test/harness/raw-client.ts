// A client that sees bytes: what is sent leaves as it is, and each reply comes back exactly as it was received.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ReplyScanner } from './reply-scanner.ts'

const replyDeadlineMs = 30_000

type Waiting = { readonly resolve: (reply: Buffer) => void; readonly reject: (error: Error) => void }

export class RawClient {
  /** How the connection ended: 'fin' from the other side, 'closed' by this one, or the code of the error. */
  readonly closed: Promise<string>
  readonly socket: Socket
  readonly #scanner = new ReplyScanner()
  readonly #received: Buffer[] = []
  readonly #waiting: Waiting[] = []
  #ended: string | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => {
      let how = 'closed'
      socket.on('end', () => (how = 'fin'))
      socket.on('error', (error: NodeJS.ErrnoException) => (how = error.code ?? error.message))
      socket.on('close', () => {
        this.#end(how)
        resolve(how)
      })
    })
    socket.on('data', (bytes) => this.#take(bytes))
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, noDelay: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  get isOpen(): boolean {
    return this.#ended === undefined
  }

  /** Bytes received so far, whether read or not. */
  get bytesRead(): number {
    return this.socket.bytesRead
  }

  send(bytes: Buffer | string): void {
    this.socket.write(bytes)
  }

  /** Sends one request and resolves with its reply, in the order of the calls. */
  command(...args: (Buffer | string)[]): Promise<Buffer> {
    this.send(requestOf(...args))
    return this.reply()
  }

  /** The next whole reply or push. Rejects when the connection ends first, and after 30 s. */
  reply(): Promise<Buffer> {
    const received = this.#received.shift()
    if (received !== undefined) return Promise.resolve(received)
    if (this.#ended !== undefined) return Promise.reject(this.#noReply())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const index = this.#waiting.indexOf(waiting)
        if (index >= 0) this.#waiting.splice(index, 1)
        reject(new Error(`no reply within ${replyDeadlineMs} ms`))
      }, replyDeadlineMs)
      const waiting: Waiting = {
        resolve: (reply) => {
          clearTimeout(timer)
          resolve(reply)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        }
      }
      this.#waiting.push(waiting)
    })
  }

  async replies(count: number): Promise<Buffer[]> {
    const replies: Buffer[] = []
    while (replies.length < count) replies.push(await this.reply())
    return replies
  }

  /** Everything that is unread once nothing has come for `ms`, also the beginning of an unfinished reply. */
  async bytesUntilQuiet(ms: number): Promise<Buffer> {
    for (let seen = -1; seen !== this.bytesRead;) {
      seen = this.bytesRead
      await sleep(ms)
    }
    return Buffer.concat([...this.#received.splice(0), this.#scanner.rest])
  }

  /** Reads nothing more from the socket until resumeReading(), as a slow client does. */
  pauseReading(): void {
    this.socket.pause()
  }

  resumeReading(): void {
    this.socket.resume()
  }

  async close(): Promise<void> {
    this.socket.destroy()
    await this.closed
  }

  #take(bytes: Buffer): void {
    try {
      for (const reply of this.#scanner.push(bytes)) {
        const waiting = this.#waiting.shift()
        if (waiting === undefined) this.#received.push(reply)
        else waiting.resolve(reply)
      }
    } catch (error) {
      this.socket.destroy(error as Error)
    }
  }

  #end(how: string): void {
    this.#ended = how
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#noReply())
  }

  #noReply(): Error {
    return new Error(`no reply: the connection ended (${this.#ended ?? 'open'})`)
  }
}

/** One request as an array of bulk strings. */
export function requestOf(...args: (Buffer | string)[]): Buffer {
  const parts = args.flatMap((arg) => [`\r\n$${Buffer.byteLength(arg)}\r\n`, arg])
  return Buffer.concat([`*${args.length}`, ...parts, '\r\n'].map((part) => Buffer.from(part)))
}
