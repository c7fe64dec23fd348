// Finds the end of each request in what a client sent, and the ranges of its arguments. Knows no command and no
// socket. Follows networking.c of Redis 7 (processMultibulkBuffer, processInlineBuffer): what Redis skips is skipped
// here, so that both always agree on where a request ends.
import { splitInline } from './inline.ts'

/** `request`: one is framed. `more`: not enough bytes yet. `error`: see `error`, the client must be closed. */
export type Framed = 'request' | 'more' | 'error'

export type FramerLimits = {
  /** Longest bulk string in bytes (Redis: proto-max-bulk-len). */
  readonly maxBulkBytes: number
  /** Whether the client still has to authenticate: then 10 arguments of 16,384 bytes at most, as in Redis. */
  readonly restricted: () => boolean
}

const EMPTY: Buffer = Buffer.alloc(0)

const CR = 13
const LF = 10
const STAR = 42
const DOLLAR = 36
const MINUS = 45
const ZERO = 48

/** Longest line without its end (Redis: PROTO_INLINE_MAX_SIZE). */
const MAX_LINE_BYTES = 64 * 1024
/** Requests in several chunks up to this size are joined once, so that most code sees one range. */
const JOIN_BYTES = 64 * 1024
/** Arguments of which the range is recorded; what lies behind is still counted and framed. */
const MAX_RANGES = 4096
const MAX_ARGUMENTS = 2 ** 31 - 1

type Expecting = 'request' | 'count' | 'length' | 'bytes' | 'inline'

export class RequestFramer {
  /** The framed request: `bytes[start..end)`, or, when it is large and came in pieces, all of `parts`. */
  bytes = EMPTY
  start = 0
  end = 0
  parts: Buffer[] | undefined = undefined
  size = 0
  argumentCount = 0
  /** Why framing stopped: the text behind `-ERR Protocol error: `; empty when Redis says nothing and closes. */
  error = ''

  readonly #limits: FramerLimits
  /** Offsets relative to the first byte of the request: start and end of each argument in turn. */
  #ranges = new Int32Array(64)
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #chunk: Buffer = EMPTY
  #at = 0
  /** Pieces of the request that earlier chunks held, and their size. */
  #pieces: Buffer[] = []
  #before = 0
  #expecting: Expecting = 'request'
  #argumentsLeft = 0
  #bulkLength = 0
  /** Bytes of the current bulk string still to come, its two closing bytes included. */
  #bytesLeft = 0
  // The line that is being read: its first byte, its number so far, and what makes it no number.
  #lineBytes = 0
  #mark = 0
  #value = 0
  #digits = 0
  #negative = false
  #malformed = false
  #afterCr = false

  constructor(limits: FramerLimits) {
    this.#limits = limits
  }

  /** Bytes received and not yet handed out as a request. */
  get heldBytes(): number {
    return this.#before + (this.#chunk.length - this.#at) + this.#waitingBytes
  }

  /** Bytes of the request under way, as far as its headers announce them; 0 between requests. */
  get announcedBytes(): number {
    return this.#expecting === 'request' ? 0 : this.#before + Math.max(0, this.#bytesLeft)
  }

  push(chunk: Buffer): void {
    if (this.#at === this.#chunk.length && this.#waiting.length === 0) {
      this.#chunk = chunk
      this.#at = 0
    } else {
      this.#waiting.push(chunk)
      this.#waitingBytes += chunk.length
    }
  }

  next(): Framed {
    for (;;) {
      const framed = this.#frameChunk()
      if (framed !== 'more' || this.#waiting.length === 0) return framed
      this.#chunk = this.#waiting.shift() as Buffer
      this.#waitingBytes -= this.#chunk.length
      this.#at = 0
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
    return index >= this.argumentCount || index >= MAX_RANGES
      ? -1
      : this.start + (this.#ranges[2 * index] as number)
  }

  rangeEnd(index: number): number {
    return this.start + (this.#ranges[2 * index + 1] as number)
  }

  #frameChunk(): Framed {
    const { length } = this.#chunk
    if (this.#before === 0) this.start = this.#at
    while (this.#at < length) {
      switch (this.#expecting) {
        case 'request':
          this.#begin()
          break
        case 'count':
          if (this.#readLine() && !this.#takeCount()) return 'error'
          break
        case 'length':
          if (this.#readLine() && !this.#takeLength()) return 'error'
          break
        case 'bytes':
          if (this.#skipBytes()) return this.#finish()
          break
        case 'inline': {
          const framed = this.#readInline()
          if (framed !== 'more') return framed
          break
        }
        default:
          this.#expecting satisfies never
      }
      if (this.#lineBytes > MAX_LINE_BYTES) return this.#tooLong()
    }
    this.#keepPiece()
    return 'more'
  }

  #begin(): void {
    this.start = this.#at
    this.#before = 0
    this.argumentCount = 0
    this.#expecting = this.#chunk[this.#at] === STAR ? 'count' : 'inline'
    this.#startLine()
  }

  #startLine(): void {
    this.#lineBytes = 0
    this.#value = 0
    this.#digits = 0
    this.#negative = false
    this.#malformed = false
    this.#afterCr = false
  }

  /** Reads a header line byte by byte, so that a line in many pieces is never scanned twice. True at its end. */
  #readLine(): boolean {
    const chunk = this.#chunk
    const { length } = chunk
    let at = this.#at
    while (at < length) {
      const byte = chunk[at++] as number
      if (this.#afterCr) {
        this.#at = at
        return true
      }
      if (byte === CR) this.#afterCr = true
      else if (this.#lineBytes++ === 0) this.#mark = byte
      else this.#takeDigit(byte)
    }
    this.#at = at
    return false
  }

  // string2ll of Redis: no sign but '-', no leading zero, nothing else than digits.
  #takeDigit(byte: number): void {
    const digit = byte - ZERO
    if (byte === MINUS && this.#lineBytes === 2) this.#negative = true
    else if (digit < 0 || digit > 9 || this.#digits > 15) this.#malformed = true
    else {
      if (this.#value === 0 && (this.#digits > 0 || (this.#negative && digit === 0))) this.#malformed = true
      this.#value = this.#value * 10 + digit
      this.#digits++
    }
  }

  #takeCount(): boolean {
    if (this.#malformed || this.#digits === 0 || (!this.#negative && this.#value > MAX_ARGUMENTS)) {
      return this.#fail('invalid multibulk length')
    }
    if (this.#negative || this.#value === 0) {
      this.#forget()
      return true
    }
    if (this.#value > 10 && this.#limits.restricted()) return this.#fail('unauthenticated multibulk length')
    this.#argumentsLeft = this.#value
    this.#expecting = 'length'
    this.#startLine()
    return true
  }

  #takeLength(): boolean {
    if (this.#mark !== DOLLAR) return this.#fail(`expected '$', got '${String.fromCharCode(this.#mark)}'`)
    if (this.#malformed || this.#digits === 0 || this.#negative || this.#value > this.#limits.maxBulkBytes) {
      return this.#fail('invalid bulk length')
    }
    if (this.#value > 16_384 && this.#limits.restricted()) return this.#fail('unauthenticated bulk length')
    this.#bulkLength = this.#value
    this.#bytesLeft = this.#value + 2
    this.#lineBytes = 0
    this.#recordRange(this.#before + this.#at - this.start)
    this.#expecting = 'bytes'
    return true
  }

  #recordRange(from: number): void {
    const index = this.argumentCount++
    if (index >= MAX_RANGES) return
    if (2 * index + 1 >= this.#ranges.length) {
      const wider = new Int32Array(this.#ranges.length * 2)
      wider.set(this.#ranges)
      this.#ranges = wider
    }
    this.#ranges[2 * index] = from
    this.#ranges[2 * index + 1] = from + this.#bulkLength
  }

  /** Skips what is here of a bulk string. True when it was the last one of its request and is complete. */
  #skipBytes(): boolean {
    const skipped = Math.min(this.#bytesLeft, this.#chunk.length - this.#at)
    this.#at += skipped
    this.#bytesLeft -= skipped
    if (this.#bytesLeft > 0) return false
    this.#expecting = 'length'
    this.#startLine()
    return --this.#argumentsLeft === 0
  }

  #finish(): Framed {
    this.#expecting = 'request'
    this.end = this.#at
    this.bytes = this.#chunk
    this.parts = undefined
    this.size = this.#before + this.end - this.start
    if (this.#before > 0) this.#joinPieces()
    return 'request'
  }

  // `start` is 0 whenever earlier chunks hold a part of the request.
  #joinPieces(): void {
    this.#pieces.push(this.#chunk.subarray(0, this.end))
    if (this.size <= JOIN_BYTES) {
      this.bytes = Buffer.concat(this.#pieces, this.size)
    } else {
      this.parts = this.#pieces
      this.bytes = headOf(this.#pieces)
    }
    this.end = this.bytes.length
    this.#pieces = []
    this.#before = 0
  }

  #keepPiece(): void {
    if (this.#expecting === 'request') return
    this.#pieces.push(this.start === 0 ? this.#chunk : this.#chunk.subarray(this.start))
    this.#before += this.#chunk.length - this.start
    this.start = 0
  }

  #forget(): void {
    this.#expecting = 'request'
    this.#pieces = []
    this.#before = 0
    this.#lineBytes = 0
  }

  #readInline(): Framed {
    const found = this.#chunk.indexOf(LF, this.#at)
    const to = found < 0 ? this.#chunk.length : found
    this.#lineBytes += to - this.#at
    this.#at = found < 0 ? to : found + 1
    if (found < 0) return 'more'
    this.#pieces.push(this.#chunk.subarray(this.start, to))
    const line = Buffer.concat(this.#pieces)
    this.#forget()
    return this.#takeInline(line)
  }

  /** An inline request goes on as the array it means: Redis would close a shared lane for a bad quote. */
  #takeInline(line: Buffer): Framed {
    const words = splitInline(line)
    if (words === undefined) {
      this.#fail('unbalanced quotes in request')
      return 'error'
    }
    const name = words[0]?.toString('latin1').toLowerCase()
    if (name === undefined) return 'more'
    if (name === 'post' || name === 'host:') {
      this.error = ''
      return 'error'
    }
    this.#encodeInline(words)
    return 'request'
  }

  #encodeInline(words: readonly Buffer[]): void {
    const pieces: Buffer[] = [Buffer.from(`*${words.length}\r\n`)]
    let at = (pieces[0] as Buffer).length
    for (const word of words) {
      const head = Buffer.from(`$${word.length}\r\n`)
      this.#bulkLength = word.length
      this.#recordRange(at + head.length)
      pieces.push(head, word, Buffer.from('\r\n'))
      at += head.length + word.length + 2
    }
    this.bytes = Buffer.concat(pieces, at)
    this.parts = undefined
    this.start = 0
    this.end = at
    this.size = at
  }

  #fail(error: string): false {
    this.error = error
    return false
  }

  #tooLong(): Framed {
    const what = { inline: 'inline request', count: 'mbulk count string', length: 'bulk count string' }
    this.error = `too big ${what[this.#expecting as keyof typeof what]}`
    return 'error'
  }
}

/** The first bytes of a request in pieces, enough for its name and the arguments that decide where it goes. */
function headOf(pieces: readonly Buffer[]): Buffer {
  let size = 0
  let count = 0
  while (count < pieces.length && size < 4096) size += (pieces[count++] as Buffer).length
  return count === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces.slice(0, count), size)
}
