// Writes unsent exchanges in as few system calls as it can: small ones are copied into one block, large ones are
// written as they lie. Only one write is under way at a time, so that what is unsent is known to be unsent [F2].
import type { Socket } from 'node:net'
import type { Exchange, ExchangeQueue, WriteWatch } from '../exchange.ts'

const BLOCK_BYTES = 64 * 1024
/** Larger exchanges are not copied: the call costs less than the copy. */
const COPY_BYTES = 8 * 1024
/** At most this much is handed to the kernel in one write, unless a single exchange is larger. */
const WRITE_BYTES = 1024 * 1024

export class LaneWriter {
  readonly #socket: Socket
  readonly #onWritten: () => void
  readonly #writes: WriteWatch | undefined
  readonly #block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  #at = 0
  #from = 0

  constructor(socket: Socket, onWritten: () => void, writes: WriteWatch | undefined) {
    this.#socket = socket
    this.#onWritten = onWritten
    this.#writes = writes
  }

  /** Whether the kernel has not taken all of the last write. */
  get isBusy(): boolean {
    return this.#socket.writableLength > 0
  }

  /** Moves exchanges from `unsent` to `unanswered` as it writes them; returns the bytes written. */
  write(unsent: ExchangeQueue, unanswered: ExchangeQueue): number {
    let written = 0
    while (unsent.first !== undefined && !this.isBusy) written += this.#writeOnce(unsent, unanswered)
    return written
  }

  #writeOnce(unsent: ExchangeQueue, unanswered: ExchangeQueue): number {
    let written = 0
    this.#at = 0
    this.#from = 0
    this.#socket.cork()
    for (
      let exchange = unsent.first;
      exchange !== undefined && this.#fits(exchange, written);
      exchange = unsent.first
    ) {
      unsent.shift()
      exchange.state = 'unanswered'
      unanswered.push(exchange)
      if (exchange.writes !== undefined) this.#writes?.begun(exchange.writes)
      this.#put(exchange)
      written += exchange.size
    }
    this.#writeBlock()
    this.#socket.uncork()
    if (this.isBusy) this.#socket.write(EMPTY, this.#onWritten)
    return written
  }

  #fits(exchange: Exchange, written: number): boolean {
    if (written === 0) return true
    const room = exchange.size <= COPY_BYTES ? BLOCK_BYTES - this.#at >= exchange.size : true
    return room && written + exchange.size <= WRITE_BYTES
  }

  #put(exchange: Exchange): void {
    if (exchange.size <= COPY_BYTES) {
      exchange.bytes.copy(this.#block, this.#at, exchange.start, exchange.end)
      this.#at += exchange.size
      return
    }
    this.#writeBlock()
    if (exchange.parts === undefined)
      this.#socket.write(exchange.bytes.subarray(exchange.start, exchange.end))
    else for (const part of exchange.parts) this.#socket.write(part)
  }

  #writeBlock(): void {
    if (this.#at > this.#from) this.#socket.write(this.#block.subarray(this.#from, this.#at))
    this.#from = this.#at
  }
}

const EMPTY = Buffer.alloc(0)
