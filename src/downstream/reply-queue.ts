// A session's exchanges in the order of its requests. Replies leave from the front only [R1].
import { Exchange, type Effect, type ReplyReceiver } from '../exchange.ts'

export class ReplyQueue {
  readonly #leave: (bytes: Buffer) => void
  #first: Exchange | undefined
  #last: Exchange | undefined
  #interjected: Buffer[] = []

  constructor(leave: (bytes: Buffer) => void) {
    this.#leave = leave
  }

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  get last(): Exchange | undefined {
    return this.#last
  }

  open(exchange: Exchange): void {
    if (this.#last === undefined) this.#first = exchange
    else this.#last.nextOfSession = exchange
    this.#last = exchange
  }

  /** Bytes of the exchange's replies; the exchange may have come to its end with them. */
  relay(exchange: Exchange, bytes: Buffer): void {
    if (exchange !== this.#first) {
      exchange.keep(bytes)
      return
    }
    this.#leave(bytes)
    if (this.#interjected.length > 0 && !exchange.isTorn) this.#leaveInterjected()
    if (exchange.state === 'answered') this.#advance()
  }

  /** A reply of the proxy itself to a request that has no exchange yet. */
  answer(owner: ReplyReceiver, bytes: Buffer): void {
    if (this.#first === undefined) {
      this.#leave(bytes)
      return
    }
    const exchange = new Exchange(owner, NO_REQUEST, 'again', 0)
    this.open(exchange)
    this.complete(exchange, bytes)
  }

  /** Bytes that are no reply: they leave now, or behind the reply of which a part has left. */
  interject(bytes: Buffer): void {
    if (this.#first?.isTorn === true) this.#interjected.push(bytes)
    else this.#leave(bytes)
  }

  /** Gives an exchange its replies at once. */
  complete(exchange: Exchange, bytes: Buffer): void {
    exchange.state = 'answered'
    exchange.left = exchange.count
    this.relay(exchange, bytes)
  }

  /** Puts other exchanges in the place of one. */
  replace(exchange: Exchange, others: readonly Exchange[]): void {
    let before: Exchange | undefined
    for (let at = this.#first; at !== undefined && at !== exchange; at = at.nextOfSession) before = at
    let last = before
    for (const other of others) {
      if (last === undefined) this.#first = other
      else last.nextOfSession = other
      last = other
    }
    if (last === undefined) this.#first = exchange.nextOfSession
    else last.nextOfSession = exchange.nextOfSession
    if (this.#last === exchange) this.#last = last
    exchange.nextOfSession = undefined
    this.#leaveAnswered()
  }

  /** Every exchange in order. */
  *[Symbol.iterator](): Generator<Exchange> {
    for (let at = this.#first; at !== undefined; at = at.nextOfSession) yield at
  }

  #leaveInterjected(): void {
    const frames = this.#interjected
    this.#interjected = []
    for (const frame of frames) this.#leave(frame)
  }

  #advance(): void {
    const first = this.#first
    this.#first = first?.nextOfSession
    if (this.#first === undefined) this.#last = undefined
    else this.#leaveAnswered()
  }

  #leaveAnswered(): void {
    for (
      let first = this.#first;
      first?.kept !== undefined || first?.state === 'answered';
      first = this.#first
    ) {
      for (const bytes of first.kept ?? []) this.#leave(bytes)
      first.kept = undefined
      if (first.state !== 'answered') return
      this.#first = first.nextOfSession
      if (this.#first === undefined) this.#last = undefined
    }
  }
}

const NO_BYTES: Buffer = Buffer.alloc(0)
const NO_REQUEST = { bytes: NO_BYTES, start: 0, end: 0, parts: undefined, size: 0 }

/** The place in the queue of a request that is answered later by the proxy itself. */
export function placeFor(owner: ReplyReceiver, effect: Effect, nowMs: number): Exchange {
  return new Exchange(owner, NO_REQUEST, effect, nowMs)
}
