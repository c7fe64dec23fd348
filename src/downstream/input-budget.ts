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
      if (this.#waiting.delete(user) || wanted < user.reservedBytes) this.#free(user, wanted)
      return true
    }
    const isFirst = this.#waiting.size === 0 || this.#waiting.has(user)
    this.#waiting.set(user, wanted)
    if (!(isFirst && this.#fits(user, wanted)) && !(user.reservedBytes > 0 && this.#isStuck())) return false
    this.#grant(user, wanted)
    return true
  }

  leave(user: BudgetUser): void {
    this.#waiting.delete(user)
    this.#free(user, 0)
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0
  }

  // A request larger than the whole budget may pass when it is alone.
  #fits(user: BudgetUser, bytes: number): boolean {
    const others = this.usedBytes - user.reservedBytes
    return others === 0 || others + bytes <= this.#totalBytes
  }

  // All that is reserved is of those that wait, for a request announces its parts one by one: one of them must go on.
  #isStuck(): boolean {
    let bytes = 0
    for (const user of this.#waiting.keys()) bytes += user.reservedBytes
    return bytes === this.usedBytes
  }

  #grant(user: BudgetUser, bytes: number): void {
    this.usedBytes += bytes - user.reservedBytes
    user.reservedBytes = bytes
    this.#waiting.delete(user)
  }

  #free(user: BudgetUser, downTo: number): void {
    this.usedBytes -= user.reservedBytes - downTo
    user.reservedBytes = downTo
    for (const [next, bytes] of this.#waiting) {
      if (!this.#fits(next, bytes)) break
      this.#grant(next, bytes)
      next.onGranted()
    }
    if (this.#waiting.size === 0 || !this.#isStuck()) return
    for (const [next, bytes] of this.#waiting) {
      if (next.reservedBytes === 0) continue
      this.#grant(next, bytes)
      next.onGranted()
      return
    }
  }
}
