// A client of a session, with a socket that takes what is written at once, and a clock that is turned by hand.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../../../src/clock.ts'
import type { SessionParts } from '../../../src/downstream/session-parts.ts'
import { SessionState } from '../../../src/downstream/session-state.ts'
import { Session } from '../../../src/downstream/session.ts'
import { ReplyFramer } from '../../../src/resp/reply-framer.ts'

const HIGH_WATER_BYTES = 16 * 1024

/** A clock that stands still until it is turned, and turns at once. */
export class StillClock implements Clock {
  #nowMs = 1000
  readonly #alarms = new Set<{ readonly atMs: number; readonly run: () => void }>()

  readonly now = (): number => this.#nowMs

  readonly after = (delayMs: number, run: () => void): Timer => {
    const alarm = { atMs: this.#nowMs + delayMs, run }
    this.#alarms.add(alarm)
    return { cancel: () => this.#alarms.delete(alarm) }
  }

  turn(byMs: number): void {
    this.#nowMs += byMs
    for (const alarm of [...this.#alarms].filter(({ atMs }) => atMs <= this.#nowMs)) {
      if (this.#alarms.delete(alarm)) alarm.run()
    }
  }
}

/** A client's socket that takes what is written at once. */
class FakeSocket extends EventEmitter {
  received = ''
  writableLength = 0
  isDestroyed = false
  readonly remoteAddress = '127.0.0.1'
  #sinceDrain = 0

  write(bytes: Buffer): boolean {
    this.received += bytes.toString('latin1')
    this.#sinceDrain += bytes.length
    return this.#sinceDrain < HIGH_WATER_BYTES
  }

  /** What was written has been taken: said only when it was too much at once, as Node does. */
  drain(): void {
    const wasFull = this.#sinceDrain >= HIGH_WATER_BYTES
    this.#sinceDrain = 0
    if (wasFull) this.emit('drain')
  }

  end(): void {
    this.isDestroyed = true
  }

  destroy(): void {
    this.isDestroyed = true
  }

  cork(): void {
    // Nothing is gathered here.
  }

  uncork(): void {
    // As above.
  }

  pause(): void {
    // What the test sends comes all the same.
  }

  resume(): void {
    // As above.
  }
}

export class FakeClient {
  readonly socket = new FakeSocket()
  readonly session: Session

  constructor(id: number, parts: SessionParts, nowMs: number) {
    this.session = new Session(this.socket as unknown as Socket, new SessionState(id, true, nowMs), parts)
  }

  send(bytes: Buffer): void {
    this.socket.emit('data', bytes)
  }

  /** The whole replies that it has received. */
  get replies(): string[] {
    const framer = new ReplyFramer()
    const bytes = Buffer.from(this.socket.received, 'latin1')
    framer.push(bytes)
    const replies: string[] = []
    while (framer.next() === 'reply') replies.push(bytes.toString('latin1', framer.start, framer.end))
    return replies
  }
}
