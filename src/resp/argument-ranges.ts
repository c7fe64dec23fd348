// Where each argument of a request lies: offsets from its first byte, start and end in turn. Reused for every request.

/** Arguments of which the range is recorded; what lies behind is counted only. */
const MAX_RANGES = 4096

export class ArgumentRanges {
  count = 0
  #offsets = new Int32Array(64)

  add(from: number, to: number): void {
    const at = 2 * this.count++
    if (at >= this.#offsets.length && !this.#grow()) return
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

  #grow(): boolean {
    if (this.#offsets.length === 2 * MAX_RANGES) return false
    const wider = new Int32Array(2 * this.#offsets.length)
    wider.set(this.#offsets)
    this.#offsets = wider
    return true
  }
}
