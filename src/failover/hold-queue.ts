// Exchanges that wait for a master, oldest first; bounded in number and bytes, and each in time by its window [F4].
import type { Clock, Timer } from '../clock.ts'
import type { Exchange } from '../exchange.ts'

/** How a hold ended; a metric label. */
export type HoldEnd = 'replayed' | 'window' | 'budget' | 'full' | 'client_gone' | 'shutdown'

/** The session a held exchange belongs to. */
export type Holder = {
  readonly isGone: boolean
  /** Sends the exchange to the bound master. */
  dispatch: (exchange: Exchange) => void
  /** Answers it with the error that no master was found. */
  refuse: (exchange: Exchange) => void
}

export type HoldLimits = {
  readonly windowMs: () => number
  readonly maxRequests: number
  readonly maxBytes: number
}

type Held = { readonly exchange: Exchange; readonly holder: Holder; readonly sinceMs: number }

export class HoldQueue {
  readonly #clock: Clock
  readonly #limits: HoldLimits
  #held: Held[] = []
  #timer: Timer | undefined
  requests = 0
  bytes = 0
  readonly ended: Record<HoldEnd, number> = {
    replayed: 0,
    window: 0,
    budget: 0,
    full: 0,
    client_gone: 0,
    shutdown: 0
  }
  readonly #onHeldMs: (ms: number, count: number) => void

  constructor(clock: Clock, limits: HoldLimits, onHeldMs: (ms: number, count: number) => void) {
    this.#clock = clock
    this.#limits = limits
    this.#onHeldMs = onHeldMs
  }

  /** Milliseconds that the oldest held exchange has waited; 0 if there is none. */
  get oldestAgeMs(): number {
    const [oldest] = this.#held
    return oldest === undefined ? 0 : this.#clock.now() - oldest.sinceMs
  }

  hold(exchange: Exchange, holder: Holder): void {
    const fits =
      this.requests + exchange.count <= this.#limits.maxRequests &&
      this.bytes + exchange.size <= this.#limits.maxBytes
    exchange.heldSinceMs ??= this.#clock.now()
    const held = { exchange, holder, sinceMs: exchange.heldSinceMs }
    if (!fits) {
      this.ended.full += exchange.count
      holder.refuse(exchange)
      return
    }
    this.requests += exchange.count
    this.bytes += exchange.size
    this.#insert(held)
    if (this.#held[0] === held) this.#armWindow()
  }

  // Nearly always the last: one that was held before, or whose request came earlier, goes before those that came later.
  #insert(held: Held): void {
    let at = this.#held.length
    while (at > 0 && (this.#held[at - 1] as Held).sinceMs > held.sinceMs) at--
    this.#held.splice(at, 0, held)
  }

  /** Sends everything to the bound master, in the order of arrival. Returns how many requests. */
  replay(): number {
    return this.#takeAll('replayed', (held) => {
      held.holder.dispatch(held.exchange)
    })
  }

  /** Answers everything with an error. */
  shed(end: 'budget' | 'shutdown'): void {
    this.#takeAll(end, (held) => {
      held.holder.refuse(held.exchange)
    })
  }

  #takeAll(end: HoldEnd, run: (held: Held) => void): number {
    this.#timer?.cancel()
    const all = this.#held
    this.#held = []
    let requests = 0
    for (const held of all) requests += this.#end(held, end, run)
    return requests
  }

  #end(held: Held, end: HoldEnd, run: (held: Held) => void): number {
    const { count, size } = held.exchange
    this.requests -= count
    this.bytes -= size
    // A held request whose client has left is dropped: its client retries, and it would run twice.
    if (held.holder.isGone) {
      this.ended.client_gone += count
      return 0
    }
    this.ended[end] += count
    this.#onHeldMs(this.#clock.now() - held.sinceMs, count)
    run(held)
    return count
  }

  #armWindow(): void {
    this.#timer?.cancel()
    const [oldest] = this.#held
    if (oldest === undefined) return
    const leftMs = oldest.sinceMs + this.#limits.windowMs() - this.#clock.now()
    this.#timer = this.#clock.after(Math.max(0, leftMs), () => {
      this.#expire()
    })
  }

  #expire(): void {
    const nowMs = this.#clock.now()
    while (this.#held[0] !== undefined && nowMs - this.#held[0].sinceMs >= this.#limits.windowMs()) {
      const held = this.#held.shift() as Held
      this.#end(held, 'window', ({ holder, exchange }) => {
        holder.refuse(exchange)
      })
    }
    this.#armWindow()
  }
}
