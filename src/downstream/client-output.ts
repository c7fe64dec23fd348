// What leaves to one client: gathered while a turn lasts, written once at its end.
import type { Socket } from 'node:net'

/** Up to this much in several pieces is joined: one buffer is cheaper to write than many. */
const JOIN_BYTES = 32 * 1024

export class ClientOutput {
  readonly #socket: Socket
  /** Most turns have one piece for a client. */
  #first: Buffer | undefined
  #others: Buffer[] = []
  #pieceBytes = 0
  /** Bytes handed to the socket so far. */
  sentBytes = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Bytes that the client has not been able to take, and those of this turn. */
  get backlogBytes(): number {
    return this.#pieceBytes + this.#socket.writableLength
  }

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  push(bytes: Buffer): void {
    if (this.#first === undefined) this.#first = bytes
    else this.#others.push(bytes)
    this.#pieceBytes += bytes.length
  }

  flush(): void {
    const first = this.#first
    if (first === undefined) return
    const bytes = this.#pieceBytes
    this.#first = undefined
    this.#pieceBytes = 0
    this.sentBytes += bytes
    if (this.#others.length === 0) this.#socket.write(first)
    else this.#writeAll([first, ...this.#others.splice(0)], bytes)
  }

  #writeAll(pieces: readonly Buffer[], bytes: number): void {
    if (bytes <= JOIN_BYTES) {
      this.#socket.write(Buffer.concat(pieces, bytes))
      return
    }
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }
}
