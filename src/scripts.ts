// The scripts that clients have shown, so that EVALSHA goes on after a failover: Redis does not replicate its script
// cache. Bounded; the one that was shown longest ago goes first.
import type { RequestFramer } from './resp/request-framer.ts'

const MAX_SCRIPTS = 1000
const MAX_BYTES = 16 * 1024 * 1024

export class Scripts {
  /** In the order of their last use; keyed by their own text. */
  readonly #bodies = new Map<string, Buffer>()
  #bytes = 0

  get size(): number {
    return this.#bodies.size
  }

  /** EVAL, SCRIPT LOAD or SCRIPT FLUSH goes to the master. */
  seen(name: string, request: Pick<RequestFramer, 'argument'>): void {
    if (name === 'script|flush') this.#clear()
    else this.#keep(request.argument(name === 'script|load' ? 2 : 1))
  }

  all(): readonly Buffer[] {
    return [...this.#bodies.values()]
  }

  #keep(body: Buffer | undefined): void {
    if (body === undefined || body.length > MAX_BYTES) return
    const text = body.toString('latin1')
    const known = this.#bodies.get(text)
    this.#bodies.delete(text)
    // Copied: the bytes are a part of all that the client sent.
    this.#bodies.set(text, known ?? Buffer.from(body))
    if (known === undefined) this.#bytes += body.length
    for (const [oldest, bytes] of this.#bodies) {
      if (this.#bodies.size <= MAX_SCRIPTS && this.#bytes <= MAX_BYTES) return
      this.#bodies.delete(oldest)
      this.#bytes -= bytes.length
    }
  }

  #clear(): void {
    this.#bodies.clear()
    this.#bytes = 0
  }
}
