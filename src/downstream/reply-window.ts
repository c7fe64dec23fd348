// How many requests of one session may be unanswered at a time: as many as its replies let expect to fit under the
// soft output limit. Past that limit nothing more is sent upstream for it, so that a client which asks and does not
// read costs its share and no more [R3]. Redis executes what comes in one read without a pause for anybody else, so
// large replies are asked for a few at a time.

/** Before anything is known of a session's replies. */
const FIRST_REQUESTS = 16
/** However small its replies: a deep pipeline must not stand before everybody else's requests for long. */
const MOST_REQUESTS = 1024
const LARGE_REPLY_BYTES = 64 * 1024

export class ReplyWindow {
  readonly #softBytes: number
  #averageBytes: number
  #replyBytes = 0
  /** Small replies since the last large one. */
  #smallSince = Number.POSITIVE_INFINITY

  constructor(softBytes: number) {
    this.#softBytes = softBytes
    this.#averageBytes = softBytes / FIRST_REQUESTS
  }

  admits(unanswered: number, backlogBytes: number): boolean {
    if (unanswered === 0) return backlogBytes <= this.#softBytes
    if (unanswered >= MOST_REQUESTS) return false
    return backlogBytes + unanswered * this.#averageBytes < this.#softBytes
  }

  /** Whether its replies have been large of late: those come over the bulk lane. */
  get isBulky(): boolean {
    return this.#smallSince < 16
  }

  learn(bytes: number, ended: number): void {
    this.#replyBytes += bytes
    if (ended === 0) return
    const average = this.#replyBytes / ended
    this.#averageBytes += (average - this.#averageBytes) * Math.min(1, ended / 4)
    this.#smallSince = average > LARGE_REPLY_BYTES ? 0 : this.#smallSince + ended
    this.#replyBytes = 0
  }
}
