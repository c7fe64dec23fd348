// A session's exchanges in the order of its requests. Replies leave from the front only [R1].
import { Exchange, type Effect, type ReplyReceiver } from '../exchange.ts'

/** CLIENT REPLY. skip: the next reply is left out. */
export type ReplyMode = 'on' | 'off' | 'skip'

export type WayOut = { leave: (bytes: Buffer) => void }

export class ReplyQueue {
  /** What becomes of the replies to the requests that come now; those that came before keep what they had. */
  mode: ReplyMode = 'on'
  readonly #way: WayOut
  #first: Exchange | undefined
  #last: Exchange | undefined
  #interjected: Buffer[] = []
  /** Bytes that wait for the end of the reply of which a part has left. */
  interjectedBytes = 0
  /** Exchanges of which no reply leaves; undefined as long as no client asked for that. */
  #muted: Set<Exchange> | undefined

  constructor(way: WayOut) {
    this.#way = way
  }

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  /** The one whose reply leaves next. */
  get first(): Exchange | undefined {
    return this.#first
  }

  /** The last exchange, if the next request may join it. */
  get last(): Exchange | undefined {
    const last = this.#last
    return this.#muted === undefined || last === undefined || this.#mayJoin(last) ? last : undefined
  }

  open(exchange: Exchange): void {
    if (this.#last === undefined) this.#first = exchange
    else this.#last.nextOfSession = exchange
    this.#last = exchange
    if (this.mode !== 'on') this.#mute(exchange)
  }

  /** Bytes of the exchange's replies; the exchange may have come to its end with them. */
  relay(exchange: Exchange, bytes: Buffer): void {
    if (this.#muted?.has(exchange)) {
      this.#swallow(exchange, this.#muted)
      return
    }
    if (exchange !== this.#first) {
      exchange.keep(bytes)
      return
    }
    this.#way.leave(bytes)
    if (this.#interjected.length > 0 && !exchange.isTorn) this.#leaveInterjected()
    if (exchange.state === 'answered') this.#advance()
  }

  /** A reply of the proxy itself to a request that has no exchange yet. */
  answer(owner: ReplyReceiver, bytes: Buffer): void {
    if (this.mode !== 'on') {
      if (this.mode === 'skip') this.mode = 'on'
      return
    }
    if (this.#first === undefined) {
      this.#way.leave(bytes)
      return
    }
    const exchange = new Exchange(owner, NO_REQUEST, 'again', 0)
    this.open(exchange)
    this.complete(exchange, bytes)
  }

  /** Bytes that are no reply: they leave now, or behind the reply of which a part has left. */
  interject(bytes: Buffer): void {
    if (this.#first?.isTorn !== true) {
      this.#way.leave(bytes)
      return
    }
    this.#interjected.push(bytes)
    this.interjectedBytes += bytes.length
  }

  /** Gives an exchange its replies at once. */
  complete(exchange: Exchange, bytes: Buffer): void {
    exchange.state = 'answered'
    exchange.left = exchange.count
    this.relay(exchange, bytes)
  }

  /** Puts other exchanges in the place of one. */
  replace(exchange: Exchange, others: readonly Exchange[]): void {
    if (this.#muted?.delete(exchange)) for (const other of others) this.#muteAlso(other, this.#muted)
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

  /** The first that is held, other than the one that only waits for its turn. */
  firstHeld(waiting: Exchange | undefined): Exchange | undefined {
    for (const exchange of this) if (exchange.state === 'held' && exchange !== waiting) return exchange
    return undefined
  }

  /** Every exchange in order. */
  *[Symbol.iterator](): Generator<Exchange> {
    for (let at = this.#first; at !== undefined; at = at.nextOfSession) yield at
  }

  #mute(exchange: Exchange): void {
    this.#muted ??= new Set()
    this.#muted.add(exchange)
    if (this.mode === 'skip') this.mode = 'on'
  }

  // While replies are off, all that comes is muted; behind a skipped one it is not.
  #mayJoin(last: Exchange): boolean {
    return this.mode === 'off' || !this.#muted?.has(last)
  }

  #muteAlso(exchange: Exchange, muted: Set<Exchange>): void {
    exchange.kept = undefined
    if (exchange.state !== 'answered') muted.add(exchange)
  }

  #swallow(exchange: Exchange, muted: Set<Exchange>): void {
    if (exchange.state !== 'answered') return
    muted.delete(exchange)
    if (exchange !== this.#first) return
    if (this.#interjected.length > 0) this.#leaveInterjected()
    this.#advance()
  }

  #leaveInterjected(): void {
    const frames = this.#interjected
    this.#interjected = []
    this.interjectedBytes = 0
    for (const frame of frames) this.#way.leave(frame)
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
      for (const bytes of first.kept ?? []) this.#way.leave(bytes)
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
