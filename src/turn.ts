// What is to be written at the end of this turn of the event loop. Requests that arrive within one turn leave in one
// write, and so do replies. Redis' side goes first: it works while the clients' side is being written.

export type Flushable = { flush: () => void }

export type Reader = { readOn: () => void }

/** So much is read in one turn, then whoever sends more waits for the next one: others have small requests. */
const READ_BYTES = 1024 * 1024

export class Turn {
  #upstream: Flushable[] = []
  #downstream: Flushable[] = []
  #resting: Reader[] = []
  #readBytes = 0
  #isScheduled = false

  flushUpstream(lane: Flushable): void {
    this.#upstream.push(lane)
    this.#schedule()
  }

  flushDownstream(session: Flushable): void {
    this.#downstream.push(session)
    this.#schedule()
  }

  /** Counts what was read. True when it is enough for this turn: the reader stops, and `readOn` is called in the next. */
  isEnough(reader: Reader, bytes: number): boolean {
    this.#readBytes += bytes
    if (this.#readBytes < READ_BYTES) return false
    this.#resting.push(reader)
    this.#schedule()
    return true
  }

  // setImmediate, not nextTick: nextTick runs between two sockets of one turn and would write for each of them.
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#isScheduled = false
    const upstream = this.#upstream
    const downstream = this.#downstream
    const resting = this.#resting
    this.#upstream = []
    this.#downstream = []
    this.#resting = []
    this.#readBytes = 0
    for (const lane of upstream) lane.flush()
    for (const session of downstream) session.flush()
    for (const reader of resting) reader.readOn()
  }
}
