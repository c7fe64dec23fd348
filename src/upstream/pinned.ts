// Lanes to the master that are lent to one session each, while it needs a connection of its own: bounded in number,
// with a wait when all are lent, and a few kept open in advance so that MULTI costs no dial.
import type { Clock, Timer } from '../clock.ts'
import type { Dialer, NodeAddress } from './dialer.ts'
import type { LaneIdentity } from './handshake.ts'
import type { Lane, LaneEvents } from './lane.ts'

/** How a wait for a lane ended; a metric label. */
export type PinnedWait = 'granted' | 'timeout' | 'client_gone' | 'cut'

export type Borrower = {
  readonly key: string
  readonly identity: LaneIdentity
  /** Frames that no request asked for. */
  readonly onPush: (frame: Buffer) => void
  /** The lane that was lent has ended by itself. */
  readonly onLost: () => void
  /** Called once: with the lane, or with undefined when none came free in time. */
  readonly onLane: (lane: Lane | undefined) => void
}

export type PinnedOptions = {
  readonly dialer: Dialer
  readonly clock: Clock
  readonly maxLanes: number
  readonly waitMs: number
  readonly warmSpares: number
  readonly events: Pick<LaneEvents, 'onRefused' | 'onEnd'>
}

type Lent = { readonly lane: Lane; readonly key: string; borrower: Borrower | undefined }
type Waiting = { readonly borrower: Borrower; readonly timer: Timer }

export class PinnedLanes {
  readonly waits: Record<PinnedWait, number> = { granted: 0, timeout: 0, client_gone: 0, cut: 0 }
  readonly #options: PinnedOptions
  readonly #all = new Map<Lane, Lent>()
  readonly #spares = new Set<Lane>()
  readonly #waiting: Waiting[] = []
  #address: NodeAddress | undefined
  #isWithholding = false

  constructor(options: PinnedOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#all.size
  }

  /** Exchanges that were written and not answered, on all lanes. */
  get inFlight(): number {
    let sum = 0
    for (const lane of this.#all.keys()) sum += lane.inFlight
    return sum
  }

  /** The lanes that are lent and owe a reply. */
  *busy(): Generator<Lane> {
    for (const lane of this.#all.keys()) if (lane.inFlight > 0) yield lane
  }

  /** From here on lanes lead to this master; those of the one before end, and what they owe is handed back. */
  bind(address: NodeAddress | undefined): void {
    this.#address = address
    this.#isWithholding = false
    this.#spares.clear()
    for (const lane of [...this.#all.keys()]) lane.cut()
    this.#serveWaiting()
  }

  withhold(): void {
    this.#isWithholding = true
    for (const lane of this.#all.keys()) lane.withhold()
  }

  release(): void {
    this.#isWithholding = false
    for (const lane of this.#all.keys()) lane.release()
  }

  /** Lends a lane, now or later. Returns how to give up waiting. */
  lend(borrower: Borrower): () => void {
    const lane = this.#take(borrower)
    if (lane !== undefined) {
      borrower.onLane(lane)
      return () => undefined
    }
    const timer = this.#options.clock.after(this.#options.waitMs, () => {
      this.#giveUp(waiting, 'timeout')
      borrower.onLane(undefined)
    })
    const waiting = { borrower, timer }
    this.#waiting.push(waiting)
    return () => {
      this.#giveUp(waiting, 'client_gone')
    }
  }

  /** Takes a lane back that carries no state of its session any more. */
  giveBack(given: object): void {
    const lent = [...this.#all.values()].find(({ lane }) => lane === given)
    if (lent === undefined) return
    const { lane } = lent
    lent.borrower = undefined
    if (lane.isOpen && lane.load === 0 && this.#spares.size < this.#options.warmSpares) this.#spares.add(lane)
    else lane.cut()
    this.#serveWaiting()
  }

  #take(borrower: Borrower): Lane | undefined {
    const { key, identity } = borrower
    const spare = [...this.#spares].find((lane) => lane.isOpen && this.#all.get(lane)?.key === key)
    const lane = spare ?? this.#open(key, identity)
    if (lane === undefined) return undefined
    this.#spares.delete(lane)
    const lent = this.#all.get(lane)
    if (lent !== undefined) lent.borrower = borrower
    if (this.#spares.size < this.#options.warmSpares) this.#warm(key, identity)
    return lane
  }

  #warm(key: string, identity: LaneIdentity): void {
    const lane = this.#open(key, identity)
    if (lane !== undefined) this.#spares.add(lane)
  }

  #open(key: string, identity: LaneIdentity): Lane | undefined {
    const address = this.#address
    if (address === undefined) return undefined
    if (this.#all.size >= this.#options.maxLanes && !this.#endSpare()) return undefined
    const lane: Lane = this.#options.dialer.dial(address, 'master', identity, {
      onOpen: () => undefined,
      onRefused: this.#options.events.onRefused,
      onEnd: (ended, end, failure) => {
        const borrower = this.#all.get(ended)?.borrower
        this.#all.delete(ended)
        this.#spares.delete(ended)
        this.#options.events.onEnd(ended, end, failure)
        borrower?.onLost()
      },
      onPush: (frame) => {
        this.#all.get(lane)?.borrower?.onPush(frame)
      }
    })
    if (this.#isWithholding) lane.withhold()
    this.#all.set(lane, { lane, key, borrower: undefined })
    return lane
  }

  #endSpare(): boolean {
    const [spare] = this.#spares
    spare?.cut()
    return spare !== undefined
  }

  #giveUp(waiting: Waiting, how: PinnedWait): void {
    const index = this.#waiting.indexOf(waiting)
    if (index < 0) return
    this.#waiting.splice(index, 1)
    waiting.timer.cancel()
    this.waits[how]++
  }

  #serveWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const lane = this.#take(first.borrower)
      if (lane === undefined) return
      this.#giveUp(first, 'granted')
      first.borrower.onLane(lane)
    }
  }
}
