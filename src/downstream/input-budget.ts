// How many bytes of requests all clients together may have here that Redis has not answered [R3]. A client that
// needs more than the free allowance reserves what its request announces before it is read on; who does not get it
// waits unread. A whole request is reserved at once, so that two halves can never wait for each other.

/** Every client may have this much without asking. */
export const FREE_BYTES = 64 * 1024

export type BudgetUser = {
  /** Bytes granted so far; kept by the budget. */
  reservedBytes: number
  /** The reservation that was waited for is granted. */
  onGranted: () => void
}

export class InputBudget {
  readonly #totalBytes: number
  readonly #waiting = new Map<BudgetUser, number>()
  usedBytes = 0

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes
  }

  /** Whether `user` may hold `bytes`; if not, it waits until `onGranted`. Less than before frees the rest. */
  ask(user: BudgetUser, bytes: number): boolean {
    const wanted = bytes <= FREE_BYTES ? 0 : bytes
    if (wanted <= user.reservedBytes) {
      this.#waiting.delete(user)
      if (wanted < user.reservedBytes) this.#free(user, wanted)
      return true
    }
    if (this.#waiting.size === 0 || this.#waiting.has(user)) {
      if (this.#grant(user, wanted)) {
        this.#waiting.delete(user)
        return true
      }
    }
    this.#waiting.set(user, wanted)
    return false
  }

  leave(user: BudgetUser): void {
    this.#waiting.delete(user)
    this.#free(user, 0)
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0
  }

  // A request larger than the whole budget may pass when it is alone.
  #grant(user: BudgetUser, bytes: number): boolean {
    const others = this.usedBytes - user.reservedBytes
    if (others + bytes > this.#totalBytes && others > 0) return false
    this.usedBytes = others + bytes
    user.reservedBytes = bytes
    return true
  }

  #free(user: BudgetUser, downTo: number): void {
    this.usedBytes -= user.reservedBytes - downTo
    user.reservedBytes = downTo
    for (const [next, bytes] of this.#waiting) {
      if (!this.#grant(next, bytes)) return
      this.#waiting.delete(next)
      next.onGranted()
    }
  }
}
