// Chunks in the order they came, without copying them, save those so small that the record of each would cost more
// than its bytes: a client that sends byte by byte must not make the proxy pay a hundred for one [R3].

/** So many small chunks in a row become one. */
const JOIN_COUNT = 64
const SMALL_BYTES = 512

/** Most clients send whole requests and never need a list of their own. */
const NONE: Buffer[] = []

export class Chunks {
  bytes = 0
  #chunks = NONE
  #smallBytes = 0
  #small = 0

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.#chunks === NONE) this.#chunks = []
    this.#chunks.push(chunk)
    if (chunk.length > SMALL_BYTES) {
      this.#small = 0
      this.#smallBytes = 0
      return
    }
    this.#smallBytes += chunk.length
    if (++this.#small === JOIN_COUNT) this.#joinSmall()
  }

  shift(): Buffer | undefined {
    const chunk = this.#chunks.shift()
    if (chunk === undefined) return undefined
    this.bytes -= chunk.length
    if (this.#small > this.#chunks.length) {
      this.#small--
      this.#smallBytes -= chunk.length
    }
    return chunk
  }

  /** Hands out all of them. */
  take(): Buffer[] {
    const chunks = this.#chunks
    this.#chunks = NONE
    this.bytes = 0
    this.#small = 0
    this.#smallBytes = 0
    return chunks
  }

  #joinSmall(): void {
    const small = this.#chunks.splice(-JOIN_COUNT)
    this.#chunks.push(Buffer.concat(small, this.#smallBytes))
    this.#small = 0
    this.#smallBytes = 0
  }
}

/** The first bytes of a request in chunks, enough for its name and the arguments that decide where it goes. */
export function headOf(chunks: readonly Buffer[]): Buffer {
  let size = 0
  let count = 0
  while (count < chunks.length && size < 4096) size += (chunks[count++] as Buffer).length
  return count === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks.slice(0, count), size)
}
