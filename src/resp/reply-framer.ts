// Finds the end of each reply in what Redis sent, RESP2 and RESP3 alike (RESP3 specification, "Simple types" and
// "Aggregate data types"). Values are not decoded, bytes are not copied, nothing is scanned twice. One counter of
// values still to come stands for the nesting, so that depth costs nothing.

/** `reply`: one ended. `push`: an out-of-band push ended. `more`: not enough bytes yet. `error`: not RESP. */
export type FramedReply = 'reply' | 'push' | 'more' | 'error'

const EMPTY: Buffer = Buffer.alloc(0)
const CR = 13
const MINUS = 45
const ZERO = 48
const PUSH = 62

/** Bytes that open a value of which the first line is everything: + - : _ # , ( */
const LINE = 1
/** $ ! = : a length, then that many bytes and CRLF. */
const BULK = 2
/** * ~ > : a count, then that many values. */
const ARRAY = 3
/** % : a count, then twice as many values. */
const MAP = 4
/** | : like a map, but it stands before a value and is none itself. */
const ATTRIBUTE = 5

const SHAPES = new Uint8Array(256)
for (const mark of '+-:_#,(') SHAPES[mark.charCodeAt(0)] = LINE
for (const mark of '$!=') SHAPES[mark.charCodeAt(0)] = BULK
for (const mark of '*~>') SHAPES[mark.charCodeAt(0)] = ARRAY
SHAPES['%'.charCodeAt(0)] = MAP
SHAPES['|'.charCodeAt(0)] = ATTRIBUTE

/** No value of Redis is longer than 512 MB, and no line of an error or a number comes near this. */
const MAX_DIGITS = 15

export class ReplyFramer {
  /** Where the framed reply lies in the chunk; `start` is 0 if it began in an earlier one. */
  start = 0
  end = 0
  /** The byte that opened the framed reply. */
  mark = 0

  #chunk: Buffer = EMPTY
  #at = 0
  /** Whether bytes of a reply have been seen and its end has not. */
  #inside = false
  #valuesLeft = 0
  #bytesLeft = 0
  // The header line under way: its shape (0 between lines) and its number so far.
  #shape = 0
  #value = 0
  #digits = 0
  #negative = false
  #afterCr = false

  /** Whether the last chunk ended in the middle of a reply; its part of it lies from `start` on. */
  get isInside(): boolean {
    return this.#inside
  }

  push(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  next(): FramedReply {
    const chunk = this.#chunk
    const { length } = chunk
    this.start = this.#at
    while (this.#at < length) {
      if (this.#bytesLeft > 0) {
        this.#skipBytes()
      } else if (this.#shape === 0) {
        if (!this.#begin(chunk[this.#at] as number)) return 'error'
      } else if (this.#readLine() && !this.#takeLine()) {
        return 'error'
      }
      if (this.#valuesLeft === 0 && this.#bytesLeft === 0 && this.#shape === 0) return this.#finish()
    }
    return 'more'
  }

  #begin(mark: number): boolean {
    if (!this.#inside) {
      this.#inside = true
      this.mark = mark
      this.#valuesLeft = 1
    }
    this.#shape = SHAPES[mark] as number
    this.#value = 0
    this.#digits = 0
    this.#negative = false
    this.#afterCr = false
    this.#at++
    return this.#shape !== 0
  }

  #readLine(): boolean {
    const chunk = this.#chunk
    const { length } = chunk
    let at = this.#at
    if (this.#shape === LINE) {
      while (at < length && !this.#afterCr) this.#afterCr = chunk[at++] === CR
    } else {
      while (at < length && !this.#afterCr) this.#takeDigit(chunk[at++] as number)
    }
    const ended = this.#afterCr && at < length
    this.#at = ended ? at + 1 : at
    return ended
  }

  // Anything else than a number, such as the '?' of a streamed type, makes the number too long to be true.
  #takeDigit(byte: number): void {
    const digit = byte - ZERO
    if (byte === CR) this.#afterCr = true
    else if (byte === MINUS && this.#digits === 0) this.#negative = true
    else if (digit < 0 || digit > 9) this.#digits = MAX_DIGITS + 1
    else {
      this.#value = this.#value * 10 + digit
      this.#digits++
    }
  }

  #takeLine(): boolean {
    const shape = this.#shape
    this.#shape = 0
    if (shape === LINE) {
      this.#valuesLeft--
      return true
    }
    if (this.#digits === 0 || this.#digits > MAX_DIGITS) return false
    const count = this.#negative ? 0 : this.#value
    if (shape === BULK) {
      this.#valuesLeft--
      this.#bytesLeft = this.#negative ? 0 : count + 2
    } else if (shape === ATTRIBUTE) {
      this.#valuesLeft += 2 * count
    } else {
      this.#valuesLeft += (shape === MAP ? 2 * count : count) - 1
    }
    return true
  }

  #skipBytes(): void {
    const skipped = Math.min(this.#bytesLeft, this.#chunk.length - this.#at)
    this.#at += skipped
    this.#bytesLeft -= skipped
  }

  #finish(): FramedReply {
    this.#inside = false
    this.end = this.#at
    return this.mark === PUSH ? 'push' : 'reply'
  }
}
