// Cuts a stream of RESP2 and RESP3 replies into whole ones. Written apart from the product's own framer, so that the
// two can contradict each other.
const lines = new Set('+-:_#,(')
const bulks = new Set('$!=')
const valuesPerCount = new Map([
  ['*', 1],
  ['~', 1],
  ['>', 1],
  ['%', 2],
  ['|', 2]
])

export class ReplyScanner {
  #store = Buffer.alloc(64 * 1024)
  #length = 0
  /** How far the reply under way has been read, and how many values it still needs. */
  #read = 0
  #needed = 1

  /** The bytes that belong to no whole reply yet. */
  get rest(): Buffer {
    return Buffer.from(this.#store.subarray(0, this.#length))
  }

  /** The whole replies that these bytes complete, each a copy of what came. Throws when they are not RESP. */
  push(bytes: Buffer): Buffer[] {
    this.#append(bytes)
    const replies: Buffer[] = []
    let begin = 0
    for (;;) {
      const end = this.#scan()
      if (end === undefined) break
      replies.push(Buffer.from(this.#store.subarray(begin, end)))
      begin = end
      this.#needed = 1
    }
    this.#store.copy(this.#store, 0, begin, this.#length)
    this.#length -= begin
    this.#read -= begin
    return replies
  }

  #append(bytes: Buffer): void {
    const length = this.#length + bytes.length
    if (length > this.#store.length) {
      const larger = Buffer.alloc(Math.max(length, this.#store.length * 2))
      this.#store.copy(larger, 0, 0, this.#length)
      this.#store = larger
    }
    bytes.copy(this.#store, this.#length)
    this.#length = length
  }

  /** Where the reply under way ends, if its last byte is there. */
  #scan(): number | undefined {
    while (this.#needed > 0) {
      const lineEnd = this.#store.subarray(0, this.#length).indexOf('\r\n', this.#read)
      if (lineEnd < 0) return undefined
      const type = String.fromCharCode(this.#store[this.#read] ?? 0)
      const line = this.#store.toString('latin1', this.#read + 1, lineEnd)
      const end = lineEnd + 2 + (bulks.has(type) ? bodyLength(line) : 0)
      if (end > this.#length) return undefined
      this.#needed += valuesInside(type, line)
      this.#read = end
    }
    return this.#read
  }
}

/** What a value of this type adds to the values still needed: its own end counts as one less. */
function valuesInside(type: string, line: string): number {
  if (lines.has(type) || bulks.has(type)) return -1
  const each = valuesPerCount.get(type)
  if (each === undefined || !/^(-1|\d+)$/.test(line)) throw new Error(`not RESP: ${type}${line}`)
  const inside = Math.max(0, Number(line)) * each
  // An attribute is followed by the value it describes.
  return type === '|' ? inside : inside - 1
}

function bodyLength(line: string): number {
  if (!/^(-1|\d+)$/.test(line)) throw new Error(`not a length: ${line}`)
  return line === '-1' ? 0 : Number(line) + 2
}
