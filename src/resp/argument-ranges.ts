// Where each argument of a request lies: offsets from its first byte, start and end in turn. Reused for every request.

/** Arguments of which the range is recorded; what lies behind is counted only. */
const MAX_RANGES = 4096

/** A request with more arguments is rare: its record is not kept for the next one. */
const KEPT_RANGES = 64

export class ArgumentRanges {
  count = 0
  /** A plain array: most sessions need few numbers, as a SET does, and there are many sessions. */
  #offsets = [0, 0, 0, 0, 0, 0]

  restart(): void {
    if (this.count > KEPT_RANGES) this.#offsets = [0, 0, 0, 0, 0, 0]
    this.count = 0
  }

  add(from: number, to: number): void {
    const at = 2 * this.count++
    if (at >= 2 * MAX_RANGES) return
    this.#offsets[at] = from
    this.#offsets[at + 1] = to
  }

  /** -1 if unknown. */
  start(index: number): number {
    return index < this.count && index < MAX_RANGES ? (this.#offsets[2 * index] as number) : -1
  }

  /** Of an argument whose start is known. */
  end(index: number): number {
    return this.#offsets[2 * index + 1] as number
  }
}
