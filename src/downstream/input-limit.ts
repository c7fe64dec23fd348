// How much one client may send ahead of the answers it gets: reads on, waits unread for the common budget, or is over
// its own limit [R3].
import type { Socket } from 'node:net'
import type { BudgetUser, InputBudget } from './input-budget.ts'

export class InputLimit implements BudgetUser {
  /** Kept by the budget. */
  reservedBytes = 0
  isReading = true
  readonly #socket: Socket
  readonly #budget: InputBudget

  constructor(socket: Socket, budget: InputBudget) {
    this.#socket = socket
    this.#budget = budget
  }

  /** It has and announces so many bytes. One that `isEnding` is read on, so that its end is seen. */
  update(bytes: number, isEnding: boolean): void {
    const mayRead = this.#budget.ask(this, bytes) || isEnding
    if (mayRead === this.isReading) return
    this.isReading = mayRead
    if (mayRead) this.#socket.resume()
    else this.#socket.pause()
  }

  onGranted(): void {
    this.isReading = true
    this.#socket.resume()
  }

  leave(): void {
    this.#budget.leave(this)
  }
}
