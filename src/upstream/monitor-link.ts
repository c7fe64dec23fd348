// MONITOR for one client: what the bound master runs, as it says it, on a connection of its own. It is asked for again
// on each new one [F1]; what was run in between is not heard, as with any reconnect.
import type { Timer } from '../clock.ts'
import { encode } from '../resp/decode.ts'
import { noMaster } from '../resp/replies.ts'
import type { NodeAddress } from './dialer.ts'
import { StandingLink, type StandingLinkOptions } from './standing-link.ts'

export type MonitorEvents = {
  /** Once: with Redis' error, or that no master was found; without one when lines come from now on. */
  readonly onStart: (refusal: Buffer | undefined) => void
  /** One command, in the bytes of either protocol. */
  readonly onLine: (line: Buffer) => void
  /** Redis no longer lets the user monitor. */
  readonly onRevoke: () => void
}

export type MonitorOptions = Omit<StandingLinkOptions, 'isWanted' | 'events'> & {
  /** How long it may wait for a master, in milliseconds. */
  readonly windowMs: number
  readonly events: MonitorEvents
}

const MINUS = 45

export class MonitorLink {
  readonly #events: MonitorEvents
  readonly #link: StandingLink
  /** Runs until the client has its reply. */
  #window: Timer | undefined
  /** On this connection. */
  #isAnswered = false

  constructor({ user, dial, clock, windowMs, events }: MonitorOptions) {
    this.#events = events
    this.#link = new StandingLink({
      ...{ user, dial, clock, isWanted: () => true },
      events: {
        onConnect: (lane) => {
          lane.send(encode('MONITOR'))
        },
        onFrame: (frame) => {
          this.#take(frame)
        },
        // The proxy's own questions to the master are lines as well: nothing has to be asked for a sign of life.
        onQuiet: () => undefined,
        onLost: (failure) => {
          this.#isAnswered = false
          if (failure?.step === 'user') this.#refuse(failure.reply)
        }
      }
    })
    this.#window = clock.after(windowMs, () => {
      this.#refuse(noMaster)
    })
  }

  get isConnected(): boolean {
    return this.#link.isConnected
  }

  follow(address: NodeAddress): void {
    this.#link.follow(address)
  }

  sweep(nowMs: number): void {
    this.#link.sweep(nowMs)
  }

  close(): void {
    this.#window?.cancel()
    this.#link.close()
  }

  #take(frame: Buffer): void {
    if (this.#isAnswered) {
      this.#events.onLine(frame)
      return
    }
    this.#isAnswered = true
    if (frame[0] === MINUS) this.#refuse(frame)
    else this.#start()
  }

  #start(): void {
    this.#link.calm()
    if (this.#endWindow()) this.#events.onStart(undefined)
  }

  #refuse(refusal: Buffer): void {
    const isFirst = this.#endWindow()
    this.close()
    if (isFirst) this.#events.onStart(refusal)
    else this.#events.onRevoke()
  }

  /** True for the first answer. */
  #endWindow(): boolean {
    const window = this.#window
    this.#window = undefined
    window?.cancel()
    return window !== undefined
  }
}
