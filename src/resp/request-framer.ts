// Finds the end of each request in what a client sent, and the ranges of its arguments. Knows no command and no
// socket. Follows networking.c of Redis 7 (processMultibulkBuffer, processInlineBuffer): what Redis skips is skipped
// here, so that both always agree on where a request ends.
import { ArgumentRanges } from './argument-ranges.ts'
import { Chunks, headOf } from './chunks.ts'
import { digitsOf, HeaderLine, SHORT_LINE_BYTES, shortNumber } from './header-line.ts'
import { encodeWords, isCrossProtocol, splitInline } from './inline.ts'

/** `request`: one is framed. `more`: not enough bytes yet. `error`: see `error`, the client must be closed. */
export type Framed = 'request' | 'more' | 'error'

/** Who sends. One that still has to authenticate: 10 arguments of 16,384 bytes at most, as in Redis. */
export type Sender = { readonly isAuthenticated: boolean }

const TRUSTED: Sender = { isAuthenticated: true }

const EMPTY: Buffer = Buffer.alloc(0)

const CR = 13
const LF = 10
const STAR = 42
const DOLLAR = 36
const ZERO = 48

/** Longest line without its end (Redis: PROTO_INLINE_MAX_SIZE). */
const MAX_LINE_BYTES = 64 * 1024
/** Requests in several chunks up to this size are joined once, so that most code sees one range. */
const JOIN_BYTES = 64 * 1024
const MAX_ARGUMENTS = 2 ** 31 - 1
const RESTRICTED_ARGUMENTS = 10
const RESTRICTED_BYTES = 16_384

type Expecting = 'request' | 'count' | 'length' | 'bytes' | 'inline'

export class RequestFramer {
  /** The framed request: `bytes[start..end)`, or, when it is large and came in pieces, all of `parts`. */
  bytes = EMPTY
  start = 0
  end = 0
  parts: Buffer[] | undefined = undefined
  size = 0
  /** Why framing stopped: the text behind `-ERR Protocol error: `; empty when Redis says nothing and closes. */
  error = ''

  readonly #maxBulkBytes: number
  readonly #sender: Sender
  /** Bulk strings up to this length pass every limit. */
  readonly #shortBytes: number
  readonly #ranges = new ArgumentRanges()
  readonly #line = new HeaderLine()
  /** Chunks that came while an earlier one was being framed. */
  readonly #waiting = new Chunks()
  #chunk: Buffer = EMPTY
  #at = 0
  /** What earlier chunks held of the request under way. */
  readonly #before = new Chunks()
  #expecting: Expecting = 'request'
  #argumentsLeft = 0
  /** Bytes of the current bulk string still to come, its two closing bytes included. */
  #bytesLeft = 0

  /** maxBulkBytes: the longest bulk string (Redis: proto-max-bulk-len). */
  constructor(maxBulkBytes: number, sender = TRUSTED) {
    this.#maxBulkBytes = maxBulkBytes
    this.#sender = sender
    this.#shortBytes = Math.min(maxBulkBytes, RESTRICTED_BYTES)
  }

  get argumentCount(): number {
    return this.#ranges.count
  }

  /** Bytes received and not yet handed out as a request. */
  get heldBytes(): number {
    return this.#before.bytes + (this.#chunk.length - this.#at) + this.#waiting.bytes
  }

  /** Bytes of the request under way, as far as its headers announce them; 0 between requests. */
  get announcedBytes(): number {
    return this.#expecting === 'request' ? 0 : this.#before.bytes + this.#bytesLeft
  }

  push(chunk: Buffer): void {
    if (this.#at === this.#chunk.length && this.#waiting.isEmpty) {
      this.#chunk = chunk
      this.#at = 0
    } else {
      this.#waiting.push(chunk)
    }
  }

  next(): Framed {
    for (;;) {
      while (this.#at < this.#chunk.length) {
        const framed = this.#advance()
        if (framed !== 'more') return framed
      }
      this.#keepRest()
      const next = this.#waiting.shift()
      if (next === undefined) return 'more'
      this.#chunk = next
    }
  }

  /** The bytes of argument `index`, 0 being the command's name; undefined if it lies outside what is at hand. */
  argument(index: number): Buffer | undefined {
    const from = this.rangeStart(index)
    const to = this.rangeEnd(index)
    if (from < 0 || to > this.bytes.length) return undefined
    return this.bytes.subarray(from, to)
  }

  /** Where argument `index` starts in `bytes`; -1 if unknown. */
  rangeStart(index: number): number {
    const from = this.#ranges.start(index)
    return from < 0 ? from : this.start + from
  }

  rangeEnd(index: number): number {
    return this.start + this.#ranges.end(index)
  }

  #advance(): Framed {
    switch (this.#expecting) {
      case 'request':
        return this.#begin()
      case 'count':
        return this.#readLine() ? this.#takeCount() : this.#unended('too big mbulk count string')
      case 'length':
        return this.#readLine() ? this.#takeLength() : this.#unended('too big bulk count string')
      case 'bytes':
        return this.#skipBytes()
      case 'inline':
        return this.#readInline()
      default:
        return this.#expecting satisfies never
    }
  }

  #begin(): Framed {
    const chunk = this.#chunk
    const at = this.#at
    this.start = at
    this.#ranges.restart()
    if (chunk[at] !== STAR) {
      this.#expecting = 'inline'
      return this.#readInline()
    }
    const digit = at + 3 < chunk.length ? (chunk[at + 1] as number) - ZERO : 0
    if (digit > 0 && digit < 10 && chunk[at + 2] === CR) {
      this.#at = at + 4
      this.#argumentsLeft = digit
      return this.#nextString()
    }
    this.#expecting = 'count'
    this.#line.start()
    return 'more'
  }

  /** True when the line has ended, and was not too long. */
  #readLine(): boolean {
    const end = this.#line.read(this.#chunk, this.#at)
    this.#at = end < 0 ? this.#chunk.length : end
    return end >= 0 && this.#line.size <= MAX_LINE_BYTES
  }

  #unended(tooLong: string): Framed {
    return this.#line.size > MAX_LINE_BYTES ? this.#fail(tooLong) : 'more'
  }

  #takeCount(): Framed {
    const { value, isNegative, isNumber } = this.#line
    if (!isNumber || (!isNegative && value > MAX_ARGUMENTS)) return this.#fail('invalid multibulk length')
    if (isNegative || value === 0) {
      this.#expecting = 'request'
      this.#before.take()
      return 'more'
    }
    if (value > RESTRICTED_ARGUMENTS && !this.#sender.isAuthenticated)
      return this.#fail('unauthenticated multibulk length')
    this.#argumentsLeft = value
    return this.#nextString()
  }

  /** At the start of a bulk string, or behind the last one. */
  #nextString(): Framed {
    this.#skipShort()
    if (this.#argumentsLeft === 0) return this.#finish()
    this.#expecting = 'length'
    this.#line.start()
    return 'more'
  }

  /** What most requests consist of: bulk strings that are short and lie whole in the chunk. */
  #skipShort(): void {
    const chunk = this.#chunk
    const ranges = this.#ranges
    const { length } = chunk
    const offset = this.#before.bytes - this.start
    let at = this.#at
    let left = this.#argumentsLeft
    while (left > 0 && at + SHORT_LINE_BYTES <= length && chunk[at] === DOLLAR) {
      const value = shortNumber(chunk, at + 1)
      const from = at + 3 + digitsOf(value)
      const to = from + value
      if (value < 0 || value > this.#shortBytes || to + 2 > length) break
      ranges.add(from + offset, to + offset)
      at = to + 2
      left--
    }
    this.#at = at
    this.#argumentsLeft = left
  }

  #takeLength(): Framed {
    const { mark, value, isNegative, isNumber } = this.#line
    if (mark !== DOLLAR) return this.#fail(`expected '$', got '${String.fromCharCode(mark)}'`)
    if (!isNumber || isNegative || value > this.#maxBulkBytes) return this.#fail('invalid bulk length')
    if (value > RESTRICTED_BYTES && !this.#sender.isAuthenticated)
      return this.#fail('unauthenticated bulk length')
    const from = this.#before.bytes + this.#at - this.start
    this.#ranges.add(from, from + value)
    this.#bytesLeft = value + 2
    this.#expecting = 'bytes'
    return 'more'
  }

  #skipBytes(): Framed {
    const skipped = Math.min(this.#bytesLeft, this.#chunk.length - this.#at)
    this.#at += skipped
    this.#bytesLeft -= skipped
    if (this.#bytesLeft > 0) return 'more'
    this.#argumentsLeft--
    return this.#nextString()
  }

  #finish(): Framed {
    this.#expecting = 'request'
    this.end = this.#at
    this.bytes = this.#chunk
    this.parts = undefined
    this.size = this.#before.bytes + this.end - this.start
    if (!this.#before.isEmpty) this.#join()
    return 'request'
  }

  // `start` is 0 whenever earlier chunks hold a part of the request.
  #join(): void {
    this.#before.push(this.#chunk.subarray(0, this.end))
    const parts = this.#before.take()
    if (this.size <= JOIN_BYTES) {
      this.bytes = Buffer.concat(parts, this.size)
    } else {
      this.parts = parts
      this.bytes = headOf(parts)
    }
    this.end = this.bytes.length
  }

  #keepRest(): void {
    if (this.#expecting !== 'request' && this.#chunk.length > this.start)
      this.#before.push(this.#chunk.subarray(this.start))
    this.#chunk = EMPTY
    this.#at = 0
    this.start = 0
    // What was framed last is done with: a client that is idle now must not keep its bytes here [R3].
    this.bytes = EMPTY
    this.parts = undefined
  }

  #readInline(): Framed {
    const found = this.#chunk.indexOf(LF, this.#at)
    const to = found < 0 ? this.#chunk.length : found
    if (this.#before.bytes + to - this.start > MAX_LINE_BYTES) return this.#fail('too big inline request')
    this.#at = found < 0 ? to : found + 1
    if (found < 0) return 'more'
    const line = this.#chunk.subarray(this.start, to)
    return this.#takeInline(this.#before.isEmpty ? line : Buffer.concat([...this.#before.take(), line]))
  }

  /** An inline request goes on as the array it means: Redis would close a shared lane for a bad quote. */
  #takeInline(line: Buffer): Framed {
    this.#expecting = 'request'
    const words = splitInline(line)
    if (words === undefined) return this.#fail('unbalanced quotes in request')
    if (words.length === 0) return 'more'
    if (isCrossProtocol(words[0] as Buffer)) return this.#fail('')
    this.bytes = encodeWords(words, this.#ranges)
    this.parts = undefined
    this.start = 0
    this.end = this.bytes.length
    this.size = this.end
    return 'request'
  }

  #fail(error: string): Framed {
    this.error = error
    return 'error'
  }
}
