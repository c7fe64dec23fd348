// What leaves to one client: gathered while a turn lasts, written once at its end.
import type { Socket } from 'node:net'

/** Up to this much in several pieces is joined: one buffer is cheaper to write than many. */
const JOIN_BYTES = 32 * 1024

export class ClientOutput {
  readonly #socket: Socket
  #pieces: Buffer[] = []
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
    return this.#pieces.length === 0
  }

  push(bytes: Buffer): void {
    this.#pieces.push(bytes)
    this.#pieceBytes += bytes.length
  }

  flush(): void {
    const pieces = this.#pieces
    if (pieces.length === 0) return
    const bytes = this.#pieceBytes
    this.#pieces = []
    this.#pieceBytes = 0
    this.sentBytes += bytes
    if (pieces.length === 1) {
      this.#socket.write(pieces[0] as Buffer)
    } else if (bytes <= JOIN_BYTES) {
      this.#socket.write(Buffer.concat(pieces, bytes))
    } else {
      this.#socket.cork()
      for (const piece of pieces) this.#socket.write(piece)
      this.#socket.uncork()
    }
  }
}
