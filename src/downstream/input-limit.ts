// Whether a client is read: not while it waits for the common budget, or is far ahead of the replies that it takes, or
// has had its share of this turn [R3].
import type { Socket } from 'node:net'
import type { BudgetUser, InputBudget } from './input-budget.ts'

/** ahead: it has sent more than it takes replies for. ending: it is read on whatever it has, so that its end is seen. */
export type Pace = 'even' | 'ahead' | 'ending'

export class InputLimit implements BudgetUser {
  /** Kept by the budget. */
  reservedBytes = 0
  /** It may send what it has announced. */
  isGranted = true
  #isAhead = false
  #isResting = false
  #isReading = true
  readonly #socket: Socket
  readonly #budget: InputBudget

  constructor(socket: Socket, budget: InputBudget) {
    this.#socket = socket
    this.#budget = budget
  }

  /** It has and announces so many bytes. */
  update(bytes: number, pace: Pace): void {
    this.isGranted = this.#budget.ask(this, bytes) || pace === 'ending'
    this.#isAhead = pace === 'ahead'
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
    const mayRead = this.isGranted && !this.#isAhead && !this.#isResting
    if (mayRead === this.#isReading) return
    this.#isReading = mayRead
    if (mayRead) this.#socket.resume()
    else this.#socket.pause()
  }
}
