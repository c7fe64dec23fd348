// Where a lane's socket reads into: a slab that is used up piece by piece, so that replies are slices which nobody
// has to copy, one allocation serves many reads, and a large reply arrives in few large reads.

const SLAB_BYTES = 256 * 1024
const LEAST_BYTES = 32 * 1024

export class ReadBuffers {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #at = 0

  /** For the `onread` option of net.connect: what the next read may fill. */
  readonly next = (): Buffer => {
    if (SLAB_BYTES - this.#at < LEAST_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#at = 0
    }
    return this.#at === 0 ? this.#slab : this.#slab.subarray(this.#at)
  }

  /** What has been read into the buffer that `next` gave. */
  take(buffer: Uint8Array, size: number): Buffer {
    this.#at += size
    return Buffer.from(buffer.buffer, buffer.byteOffset, size)
  }
}
