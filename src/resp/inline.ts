// Splits an inline request into its arguments as sdssplitargs of Redis does: quotes, escapes, and what is wrong; and
// writes it as the array of bulk strings that it means.
import type { ArgumentRanges } from './argument-ranges.ts'

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const QUOTE = 34
const APOSTROPHE = 39
const BACKSLASH = 92
const X = 120

/** The byte that stands behind a backslash, and the one that both mean. */
const ESCAPED = new Map(
  Object.entries({ n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }).map(([letter, meant]) => [
    letter.charCodeAt(0),
    meant.charCodeAt(0)
  ])
)

/** The arguments of one line without its end; undefined when quotes do not close or text follows a closing quote. */
export function splitInline(line: Buffer): Buffer[] | undefined {
  // To Redis the line is a C string, which NUL ends.
  const nul = line.indexOf(0)
  const words: Buffer[] = []
  const splitter = new Splitter(nul < 0 ? line : line.subarray(0, nul))
  while (splitter.find()) {
    const word = splitter.read()
    if (word === undefined) return undefined
    words.push(word)
  }
  return words
}

/** The words as an array of bulk strings; `ranges` takes where they lie in it. */
export function encodeWords(words: readonly Buffer[], ranges: ArgumentRanges): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${words.length}`)]
  let at = (pieces[0] as Buffer).length
  for (const word of words) {
    const head = Buffer.from(`\r\n$${word.length}\r\n`)
    at += head.length
    ranges.add(at, at + word.length)
    at += word.length
    pieces.push(head, word)
  }
  pieces.push(END)
  return Buffer.concat(pieces, at + END.length)
}

/** What a browser can be made to send to this port: Redis closes without a word (securityWarningCommand). */
export function isCrossProtocol(name: Buffer): boolean {
  return name.length <= 5 && /^(post|host:)$/i.test(name.toString('latin1'))
}

const END = Buffer.from('\r\n')

class Splitter {
  readonly #line: Buffer
  #at = 0

  constructor(line: Buffer) {
    this.#line = line
  }

  /** Goes to the next word; false if there is none. */
  find(): boolean {
    while (isSpace(this.#line[this.#at])) this.#at++
    return this.#at < this.#line.length
  }

  /** The word that starts here; undefined if its quotes are wrong. */
  read(): Buffer | undefined {
    const from = this.#at
    for (; this.#at < this.#line.length; this.#at++) {
      const byte = this.#line[this.#at]
      if (byte === SPACE || byte === TAB || byte === CR || byte === LF) break
      if (byte === QUOTE || byte === APOSTROPHE)
        return this.#readQuoted(this.#line.subarray(from, this.#at), byte)
    }
    return this.#line.subarray(from, this.#at)
  }

  // A closing quote must be followed by a space or by nothing, so that it always ends its word.
  #readQuoted(before: Buffer, quote: number): Buffer | undefined {
    const bytes: number[] = []
    this.#at++
    for (let byte = this.#line[this.#at]; byte !== quote; byte = this.#line[this.#at]) {
      if (byte === undefined) return undefined
      bytes.push(byte === BACKSLASH ? this.#readEscape(quote) : byte)
      this.#at++
    }
    const behind = this.#line[++this.#at]
    if (behind !== undefined && !isSpace(behind)) return undefined
    return Buffer.concat([before, Buffer.from(bytes)])
  }

  /** The byte that the backslash here and what follows it mean; ends on the last byte of them. */
  #readEscape(quote: number): number {
    const next = this.#line[this.#at + 1]
    if (quote === APOSTROPHE) {
      if (next !== APOSTROPHE) return BACKSLASH
      this.#at++
      return APOSTROPHE
    }
    if (next === undefined) return BACKSLASH
    const hex = next === X ? this.#line.toString('latin1', this.#at + 2, this.#at + 4) : ''
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      this.#at += 3
      return Number.parseInt(hex, 16)
    }
    this.#at++
    return ESCAPED.get(next) ?? next
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || (byte !== undefined && byte >= TAB && byte <= CR)
}
