// Finds the end of each reply in what Redis sent, RESP2 and RESP3 alike (RESP3 specification, "Simple types" and
// "Aggregate data types"). Values are not decoded, bytes are not copied, nothing is scanned twice. One counter of
// values still to come stands for the nesting, so that depth costs nothing. What Redis would not send is an error,
// never a guess [R2].
import { digitsOf, HeaderLine, SHORT_LINE_BYTES, shortNumber } from './header-line.ts'

/** `reply`: one ended. `push`: an out-of-band push ended. `more`: not enough bytes yet. `error`: not RESP. */
export type FramedReply = 'reply' | 'push' | 'more' | 'error'

const EMPTY: Buffer = Buffer.alloc(0)
const CR = 13
const LF = 10
const DOLLAR = 36
const STAR = 42
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

/** More than any length or count of Redis, and few enough that sums of them are exact. */
const MAX_NUMBER = 2 ** 40
/** A line with a number is never longer; a streamed type has '?' there, which Redis does not send. */
const MAX_LINE_BYTES = 24

export class ReplyFramer {
  /** Where the framed reply lies in the chunk; `start` is 0 if it began in an earlier one. */
  start = 0
  end = 0
  /** The byte that opened the framed reply; not that of an attribute before it. */
  mark = 0

  #chunk: Buffer = EMPTY
  #at = 0
  /** Whether bytes of a reply have been seen and its end has not. */
  #inside = false
  #isMarked = false
  #valuesLeft = 0
  /** Of a bulk string, its end included. */
  #bytesLeft = 0
  // The line under way: its shape, 0 between lines.
  #shape = 0
  readonly #line = new HeaderLine()
  #isAfterCr = false

  /** Whether the last chunk ended in the middle of a reply; its part of it lies from `start` on. */
  get isInside(): boolean {
    return this.#inside
  }

  push(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  next(): FramedReply {
    const { length } = this.#chunk
    this.start = this.#at
    while (this.#at < length) {
      if (!this.#advance()) return 'error'
      if (this.#valuesLeft === 0 && this.#bytesLeft === 0 && this.#shape === 0) return this.#finish()
    }
    return 'more'
  }

  /** Goes on as far as the chunk lets it, at most to the end of a line or of a bulk string; false if it is not RESP. */
  #advance(): boolean {
    if (this.#bytesLeft > 0) return this.#skipBytes()
    if (this.#shape === LINE) return this.#skipLine()
    return this.#shape === 0 ? this.#begin() : this.#readNumber()
  }

  #begin(): boolean {
    const chunk = this.#chunk
    const at = this.#at
    const mark = chunk[at] as number
    const shape = SHAPES[mark] as number
    this.#enter(mark, shape)
    if (shape === LINE) {
      this.#shape = LINE
      this.#isAfterCr = false
      return this.#skipLine()
    }
    const short = at + SHORT_LINE_BYTES < chunk.length ? shortNumber(chunk, at + 1) : -1
    if (short >= 0) {
      this.#at = at + 3 + digitsOf(short)
      return chunk[this.#at - 1] === LF && this.#takeNumber(shape, short)
    }
    this.#shape = shape
    this.#line.start()
    return shape !== 0
  }

  #enter(mark: number, shape: number): void {
    if (!this.#inside) {
      this.#inside = true
      this.#isMarked = false
      this.#valuesLeft = 1
    }
    if (this.#isMarked || this.#valuesLeft > 1) return
    this.mark = mark
    this.#isMarked = shape !== ATTRIBUTE
  }

  #skipLine(): boolean {
    const chunk = this.#chunk
    const { length } = chunk
    let at = this.#at
    while (at < length && !this.#isAfterCr) this.#isAfterCr = chunk[at++] === CR
    this.#at = at
    if (at === length) return true
    this.#at = at + 1
    this.#shape = 0
    this.#valuesLeft--
    return chunk[at] === LF
  }

  #readNumber(): boolean {
    const line = this.#line
    const end = line.read(this.#chunk, this.#at)
    if (end < 0) {
      this.#at = this.#chunk.length
      return line.size <= MAX_LINE_BYTES
    }
    this.#at = end
    if (!line.isNumber || this.#chunk[end - 1] !== LF) return false
    const shape = this.#shape
    this.#shape = 0
    return line.isNegative ? this.#takeNull() : this.#takeNumber(shape, line.value)
  }

  /** RESP2 writes its nulls as a bulk string and as an array of the length -1. */
  #takeNull(): boolean {
    const { mark, value } = this.#line
    this.#valuesLeft--
    return value === 1 && (mark === DOLLAR || mark === STAR)
  }

  #takeNumber(shape: number, value: number): boolean {
    if (value > MAX_NUMBER) return false
    if (shape === BULK) {
      this.#valuesLeft--
      this.#bytesLeft = value + 2
      return this.#at === this.#chunk.length || this.#skipBytes()
    }
    this.#valuesLeft += shape === ARRAY ? value - 1 : shape === MAP ? 2 * value - 1 : 2 * value
    return shape !== 0
  }

  #skipBytes(): boolean {
    const chunk = this.#chunk
    let left = this.#bytesLeft
    let at = this.#at
    const content = Math.min(left - 2, chunk.length - at)
    if (content > 0) {
      at += content
      left -= content
    }
    for (; left > 0 && left <= 2 && at < chunk.length; left--) {
      if (chunk[at++] !== (left === 2 ? CR : LF)) return false
    }
    this.#at = at
    this.#bytesLeft = left
    return true
  }

  #finish(): FramedReply {
    this.#inside = false
    this.end = this.#at
    return this.mark === PUSH ? 'push' : 'reply'
  }
}
