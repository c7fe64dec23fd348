// The failover controller as sessions see it: may a request go, where does it wait, and what becomes of what a lane
// could not answer.
import type { CommandTable } from './command/commands.ts'
import type { SessionGate, SettledExchange } from './downstream/session-parts.ts'
import type { Exchange, LeftOver } from './exchange.ts'
import type { FailoverController } from './failover/controller.ts'
import type { Holder, HoldQueue } from './failover/hold-queue.ts'
import { settle } from './failover/settle.ts'
import type { Admission } from './failover/machine.ts'

/** What a client gets that sent a write of unknown fate: one error, or the end of its connection. */
export type GateRules = { readonly inDoubt: 'error' | 'close' }

export class Gate implements SessionGate {
  readonly counters = { inDoubt: 0, withheld: 0, replayed: { unsent: 0, refused: 0, read: 0 } }
  readonly #controller: FailoverController
  readonly #held: HoldQueue
  readonly #table: { readonly current: CommandTable }
  readonly #rules: GateRules

  constructor(
    controller: FailoverController,
    held: HoldQueue,
    table: { readonly current: CommandTable },
    rules: GateRules
  ) {
    this.#controller = controller
    this.#held = held
    this.#table = table
    this.#rules = rules
  }

  get admission(): Admission {
    return this.#controller.admission
  }

  hold(exchange: Exchange, holder: Holder): void {
    if (this.admission === 'forward') holder.dispatch(exchange)
    else if (this.admission === 'refuse') holder.refuse(exchange)
    else this.#held.hold(exchange, holder)
  }

  settle(exchanges: readonly Exchange[], why: LeftOver): SettledExchange[] {
    const repliesCount = why.role === 'replica' || this.#controller.seat.doRepliesCount
    return settle(exchanges, repliesCount, this.#table.current).map(({ exchange, pieces, inDoubt }) => {
      this.#count(inDoubt, exchange, pieces)
      return { exchange, pieces, closes: inDoubt > 0 && this.#rules.inDoubt === 'close' }
    })
  }

  #count(inDoubt: number, exchange: Exchange, pieces: readonly Exchange[]): void {
    const { tally } = this.#controller.recorder
    const withheld = exchange.answered - exchange.left
    this.counters.inDoubt += inDoubt
    this.counters.withheld += withheld
    tally.inDoubt += inDoubt
    tally.withheld += withheld
    const cause = exchange.state === 'unsent' ? 'unsent' : withheld > 0 ? 'refused' : 'read'
    for (const piece of pieces) if (piece.state === 'held') this.counters.replayed[cause] += piece.count
  }
}
