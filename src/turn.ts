// What is to be written at the end of this turn of the event loop. Requests that arrive within one turn leave in one
// write, and so do replies. Redis' side goes first: it works while the clients' side is being written.

export type Flushable = { flush: () => void }

export class Turn {
  #upstream: Flushable[] = []
  #downstream: Flushable[] = []
  #isScheduled = false

  flushUpstream(lane: Flushable): void {
    this.#upstream.push(lane)
    this.#schedule()
  }

  flushDownstream(session: Flushable): void {
    this.#downstream.push(session)
    this.#schedule()
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
    this.#upstream = []
    this.#downstream = []
    for (const lane of upstream) lane.flush()
    for (const session of downstream) session.flush()
  }
}
