// Where a lane's socket reads into. What is small is copied out, so that the same memory is read into again and again
// and a reply that is kept keeps no more than itself. What is large is handed out as it lies, so that nobody has to
// copy it.

/** Enough for a lane that carries small replies only. */
const FIRST_BYTES = 64 * 1024
/** What large replies are read into, piece by piece: they come in few large reads. */
const SLAB_BYTES = 256 * 1024
/** Reads of less are copied: that costs less than memory which the garbage collector has to find again. */
const LARGE_BYTES = 32 * 1024

export class ReadBuffers {
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)

  /** For the `onread` option of net.connect: what the next read may fill. */
  readonly next = (): Buffer => this.#buffer

  /** What has been read into the buffer that `next` gave. */
  take(size: number): Buffer {
    const bytes = this.#buffer.subarray(0, size)
    if (size < LARGE_BYTES) return Buffer.from(bytes)
    const left = this.#buffer.length - size
    this.#buffer = left < LARGE_BYTES ? Buffer.allocUnsafeSlow(SLAB_BYTES) : this.#buffer.subarray(size)
    return bytes
  }
}
