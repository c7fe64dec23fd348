// What a session has sent and not had answered: how much, since when it wrote last, and how long answers took.
import type { Exchange } from '../exchange.ts'
import type { LaneSide, SessionCounters } from './session-parts.ts'

export class UnderWay {
  requests = 0
  /** Bytes that are kept until they are answered. */
  bytes = 0
  /** In milliseconds of the clock; before its first write nothing can be stale. */
  lastWriteAtMs = Number.NEGATIVE_INFINITY
  readonly #counters: SessionCounters

  constructor(counters: SessionCounters) {
    this.#counters = counters
  }

  get hasWritten(): boolean {
    return this.lastWriteAtMs > Number.NEGATIVE_INFINITY
  }

  /** So many requests of so many bytes are sent. */
  add(side: LaneSide | 'pinned', requests: number, bytes: number): void {
    this.requests += requests
    this.bytes += bytes
    this.#counters[side] += requests
  }

  /** Every reply of the exchange has left. */
  finish(exchange: Exchange, side: LaneSide | 'pinned', nowMs: number): void {
    this.bytes -= exchange.size
    this.#counters.latency[side].observeMs(nowMs - exchange.startedAtMs, exchange.count)
    if (exchange.effect === 'once') this.lastWriteAtMs = nowMs
  }

  /** Its lane could not answer what is left of it. */
  takeBack(exchange: Exchange): void {
    this.requests -= exchange.count - exchange.left
    this.bytes -= exchange.size
  }
}
