// Reads a header line of a request: a first byte, a number, CRLF. Byte by byte, so that a line that comes in many
// pieces is never scanned twice. What a number is, string2ll of Redis decides.

const CR = 13
const MINUS = 45
const ZERO = 48

/** More digits than any count or length of Redis has; fewer than make a double lose the sign or the order. */
const MAX_DIGITS = 18

/** `$`, five digits and CR: what of a short line must lie in the chunk for `shortNumber`. */
export const SHORT_LINE_BYTES = 7

export class HeaderLine {
  /** Its bytes so far, without its end; and the first of them, which is the end itself in an empty line. */
  size = 0
  mark = 0
  /** The number behind the first byte, without its sign; means nothing unless `isNumber`. */
  value = 0
  isNegative = false
  #digits = 0
  #isMalformed = false
  #isAfterCr = false

  get isNumber(): boolean {
    return this.#digits > 0 && !this.#isMalformed
  }

  start(): void {
    this.size = 0
    this.mark = CR
    this.value = 0
    this.isNegative = false
    this.#digits = 0
    this.#isMalformed = false
    this.#isAfterCr = false
  }

  /** Reads on from `at`. Returns where the line has ended, or -1 if the chunk does not hold its end. */
  read(chunk: Buffer, at: number): number {
    const { length } = chunk
    for (; at < length; at++) {
      // Redis skips the byte behind CR unseen, whatever it is.
      if (this.#isAfterCr) return at + 1
      const byte = chunk[at] as number
      if (byte === CR) this.#isAfterCr = true
      else if (this.size++ === 0) this.mark = byte
      else this.#takeDigit(byte)
    }
    return -1
  }

  // No sign but '-', no leading zero, nothing else than digits.
  #takeDigit(byte: number): void {
    const digit = byte - ZERO
    if (byte === MINUS && this.size === 2) {
      this.isNegative = true
    } else if (digit < 0 || digit > 9 || this.#digits === MAX_DIGITS) {
      this.#isMalformed = true
    } else {
      if (this.value === 0 && (this.#digits > 0 || (this.isNegative && digit === 0))) this.#isMalformed = true
      this.value = this.value * 10 + digit
      this.#digits++
    }
  }
}

/** The number of one to five digits at `at`, with CR behind it and no leading zero; -1 if there is none. */
export function shortNumber(chunk: Buffer, at: number): number {
  let value = (chunk[at] as number) - ZERO
  if (value < 0 || value > 9) return -1
  const most = value === 0 ? at + 1 : at + 5
  for (let next = at + 1; next <= most; next++) {
    const byte = chunk[next] as number
    if (byte === CR) return value
    if (byte < ZERO || byte > ZERO + 9) return -1
    value = value * 10 + byte - ZERO
  }
  return -1
}

/** How many digits a number below 100,000 has. */
export function digitsOf(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  return value < 10_000 ? 4 : 5
}
