// Whether a client is read: not while it waits for the common budget, or has had its share of this turn [R3]. One that
// does not take its replies is read on: many clients send a whole pipeline before they read, and would wait for ever.
import type { Socket } from 'node:net'
import type { BudgetUser, InputBudget } from './input-budget.ts'

export class InputLimit implements BudgetUser {
  /** Kept by the budget. */
  reservedBytes = 0
  /** It may send what it has announced. */
  isGranted = true
  #isResting = false
  #isReading = true
  readonly #socket: Socket
  readonly #budget: InputBudget

  constructor(socket: Socket, budget: InputBudget) {
    this.#socket = socket
    this.#budget = budget
  }

  /** It has and announces so many bytes. One that `isEnding` is read on, so that its end is seen. */
  update(bytes: number, isEnding: boolean): void {
    this.isGranted = this.#budget.ask(this, bytes) || isEnding
    this.#apply()
  }

  /** It is not read on until `readOn`. */
  rest(): void {
    this.#isResting = true
    this.#apply()
  }

  readOn(): void {
    this.#isResting = false
    this.#apply()
  }

  onGranted(): void {
    this.isGranted = true
    this.#apply()
  }

  leave(): void {
    this.#budget.leave(this)
  }

  #apply(): void {
    const mayRead = this.isGranted && !this.#isResting
    if (mayRead === this.#isReading) return
    this.#isReading = mayRead
    if (mayRead) this.#socket.resume()
    else this.#socket.pause()
  }
}
