import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { encode } from '../../../src/resp/decode.ts'
import { RequestFramer, type Sender } from '../../../src/resp/request-framer.ts'

const MAX_BULK_BYTES = 512 * 1024 * 1024
const stranger: Sender = { isAuthenticated: false }

type Frame = { readonly bytes: string; readonly words: readonly string[] }

/** All that comes of these chunks, one after the other or all at once: the requests, and the error that ends them. */
function frame(chunks: readonly Buffer[], atOnce = false, framer = newFramer()): (Frame | string)[] {
  const frames: (Frame | string)[] = []
  for (const [index, chunk] of chunks.entries()) {
    framer.push(chunk)
    if (atOnce && index < chunks.length - 1) continue
    for (let framed = framer.next(); framed !== 'more'; framed = framer.next()) {
      if (framed === 'error') return [...frames, `error: ${framer.error}`]
      frames.push({ bytes: contentOf(framer).toString('latin1'), words: wordsOf(framer) })
    }
  }
  return frames
}

function newFramer(): RequestFramer {
  return new RequestFramer(MAX_BULK_BYTES)
}

function contentOf(framer: RequestFramer): Buffer {
  const bytes = framer.parts ? Buffer.concat(framer.parts) : framer.bytes.subarray(framer.start, framer.end)
  return bytes.length === framer.size ? bytes : Buffer.from('its size is another one')
}

/** By their ranges: of a large request in pieces the last arguments are not at hand. */
function wordsOf(framer: RequestFramer): string[] {
  const content = contentOf(framer).toString('latin1')
  const { start } = framer
  return Array.from({ length: framer.argumentCount }, (_, index) =>
    content.slice(framer.rangeStart(index) - start, framer.rangeEnd(index) - start)
  )
}

const latin = (text: string): Buffer => Buffer.from(text, 'latin1')

function* cutsInTwo(bytes: Buffer): Generator<[Buffer, Buffer]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const sorted = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return sorted.map((to, index) => bytes.subarray(sorted[index - 1] ?? 0, to))
}

const byteByByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))

const word = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc
    .constantFrom(9, 10, 99, 100, 999, 1000, 9_999, 10_000, 16_384, 16_385)
    .map((size) => new Uint8Array(size))
)
const request = fc
  .array(word, { minLength: 1, maxLength: 13 })
  .map((words) => encode(...words.map((w) => Buffer.from(w))))
const nothing = fc.constantFrom('*0\r\n', '*-1\r\n', '\r\n', '\n', '  \r\n').map(latin)
const inline = fc
  .array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 1, maxLength: 4 })
  .map((words) => latin(`${words.join('  ')}\r\n`))
const malformed = fc
  .constantFrom(
    '*x\r\n',
    '*1\r\nx\r\n',
    '*1\r\n$-1\r\n',
    '*1\r\n$1\r\na\r\n*2\r\n$2\r\nab\r\n$\r\n',
    'a "b\r\n',
    'POST\r\n'
  )
  .map(latin)
const stream = fc
  .tuple(
    fc.array(fc.oneof(request, inline, nothing), { maxLength: 8 }),
    fc.option(malformed, { nil: Buffer.alloc(0) })
  )
  .map(([requests, last]) => Buffer.concat([...requests, last]))

t.test('a request is framed with its bytes and every argument', async (t) => {
  t.strictSame(frame([Buffer.concat([encode('SET', 'k', ''), encode('GET', 'k')])]), [
    { bytes: '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n', words: ['SET', 'k', ''] },
    { bytes: '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n', words: ['GET', 'k'] }
  ])
})

t.test('an inline request becomes the array that it means', async (t) => {
  t.strictSame(frame([latin('set "a b" \'c\'\r\nping\n')]), [
    { bytes: '*3\r\n$3\r\nset\r\n$3\r\na b\r\n$1\r\nc\r\n', words: ['set', 'a b', 'c'] },
    { bytes: '*1\r\n$4\r\nping\r\n', words: ['ping'] }
  ])
})

t.test('every way to cut a short stream in two gives the same requests [R1]', async (t) => {
  for (const text of [
    '*2\r\n$3\r\nGET\r\n$10\r\n0123456789\r\nping a "b\\x41" \r\n*0\r\n*-1\r\n\r\n*12\r\n' +
      '$1\r\nx\r\n'.repeat(12),
    '*1\r\n$4\r\nPING\r\n*1\r\n$-1\r\n',
    '*1\r\n$4\r\nPING\r\n*1\r\n\r\n',
    '*1\rx$4\rxPINGyy*1\r\n$4\r\nPING\r\n*00\r\n',
    '\0\r\nPING a\0b c\r\nHost: x\r\n'
  ]) {
    const bytes = latin(text)
    const whole = frame([bytes])
    const differing = [...cutsInTwo(bytes)].filter((chunks) => !isDeepStrictEqual(frame(chunks), whole))
    t.strictSame(differing.map(String), [])
    t.strictSame(frame(byteByByte(bytes)), whole)
  }
})

t.test('no way to cut a stream changes its requests or its error [R1]', async (t) => {
  const isSame = fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (bytes, cuts) =>
    isDeepStrictEqual(frame(cutAt(bytes, cuts)), frame([bytes]))
  )
  t.doesNotThrow(() => fc.assert(isSame, { numRuns: 1000 }))
})

t.test('chunks that wait behind one another are framed as if they had come one by one [R1]', async (t) => {
  const isSame = fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (bytes, cuts) =>
    isDeepStrictEqual(frame(cutAt(bytes, cuts), true), frame([bytes]))
  )
  t.doesNotThrow(() => fc.assert(isSame, { numRuns: 1000 }))
})

t.test('asking again before more has come changes nothing [R1]', async (t) => {
  const bytes = encode('SET', 'key', 'value')
  const damaged = [...cutsInTwo(bytes)].slice(0, -1).filter(([first, second]) => {
    const framer = newFramer()
    framer.push(first)
    const before = [framer.next(), framer.next(), framer.next()]
    framer.push(second)
    return (
      before.some((framed) => framed !== 'more') ||
      framer.next() !== 'request' ||
      !contentOf(framer).equals(bytes)
    )
  })
  t.strictSame(damaged.map(String), [])
})

t.test('what was received and not handed out is counted, to the byte [R3]', async (t) => {
  const isCounted = fc.property(fc.array(request), fc.array(fc.nat()), (requests, cuts) => {
    const framer = newFramer()
    let held = 0
    for (const chunk of cutAt(Buffer.concat(requests), cuts)) {
      framer.push(chunk)
      held += chunk.length
      if (framer.heldBytes !== held) return false
      while (framer.next() === 'request') held -= framer.size
      if (framer.heldBytes !== held) return false
    }
    return held === 0 && framer.announcedBytes === 0
  })
  t.doesNotThrow(() => fc.assert(isCounted, { numRuns: 500 }))
})

t.test('a request under way announces what its header says, before its bytes come [R3]', async (t) => {
  const framer = newFramer()
  framer.push(latin('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nabc'))
  t.equal(framer.next(), 'more')
  t.equal(framer.heldBytes, 33)
  t.equal(framer.announcedBytes, 33 + 1_000_000 - 3 + 2)
})

t.test('a large value stays in the chunks it came in, uncopied [R3]', async (t) => {
  const chunk = Buffer.alloc(64 * 1024, 'v')
  const count = 1600
  const head = latin(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${chunk.length * count}\r\n`)
  const framer = newFramer()
  for (const part of [head, ...Array<Buffer>(count).fill(chunk)]) {
    framer.push(part)
    framer.next()
  }
  framer.push(latin('\r\n*1\r\n'))
  t.equal(framer.next(), 'request')
  t.equal(framer.size, head.length + chunk.length * count + 2)
  t.equal(framer.parts?.length, count + 2)
  t.ok(framer.parts?.slice(1, -1).every((part) => part.buffer === chunk.buffer))
  t.strictSame(framer.argument(0), latin('SET'))
  t.strictSame(framer.argument(1), latin('k'))
  t.equal(framer.argument(2), undefined, 'the value lies outside of the bytes at hand')
  t.equal(framer.rangeEnd(2) - framer.rangeStart(2), chunk.length * count)
  t.equal(framer.next(), 'more')
  t.equal(framer.heldBytes, 4)
})

t.test('a request in pieces is one range up to 64 KiB, and above it the name is at hand still', async (t) => {
  for (const [size, isJoined] of [
    [65_536, true],
    [65_537, false]
  ] as const) {
    const head = latin(`*2\r\n$4\r\nECHO\r\n$${size - 24}\r\n`)
    const bytes = Buffer.concat([head, Buffer.alloc(size - head.length)])
    t.equal(bytes.length, size)
    const framer = newFramer()
    framer.push(bytes.subarray(0, 5000))
    framer.next()
    framer.push(bytes.subarray(5000))
    t.equal(framer.next(), 'request')
    t.equal(framer.parts === undefined, isJoined)
    t.strictSame(contentOf(framer), bytes)
    t.strictSame(framer.argument(0), latin('ECHO'))
  }
})

t.test('of more than 4096 arguments the first ones have ranges, and all are counted', async (t) => {
  const framer = newFramer()
  framer.push(encode(...Array.from({ length: 5000 }, (_, index) => `w${index}`)))
  t.equal(framer.next(), 'request')
  t.equal(framer.argumentCount, 5000)
  t.strictSame(framer.argument(4095), latin('w4095'))
  t.equal(framer.rangeStart(4096), -1)
  t.equal(framer.argument(4096), undefined)
  t.equal(framer.rangeStart(5000), -1)
})

t.test('a bulk string longer than the limit is refused before its bytes come [R3]', async (t) => {
  const frameShort = (text: string): (Frame | string)[] => frame([latin(text)], false, new RequestFramer(100))
  t.equal(frameShort('*1\r\n$100\r\n' + 'x'.repeat(100) + '\r\n').length, 1)
  t.strictSame(frameShort('*1\r\n$101\r\n'), ['error: invalid bulk length'])
  t.strictSame(frameShort('*1\r\n$101\r\n' + 'x'.repeat(103)), ['error: invalid bulk length'])
})

t.test('the limits of a stranger hold until it has authenticated, and no longer [R3]', async (t) => {
  const sender = { isAuthenticated: false }
  const framer = new RequestFramer(MAX_BULK_BYTES, sender)
  const many = latin(`*11\r\n${'$1\r\na\r\n'.repeat(11)}`)
  const large = Buffer.concat([latin('*1\r\n$16385\r\n'), Buffer.alloc(16_387)])
  const frameOfStranger = (bytes: Buffer): (Frame | string)[] =>
    frame([bytes], false, new RequestFramer(MAX_BULK_BYTES, stranger))
  t.equal(frameOfStranger(many)[0], 'error: unauthenticated multibulk length')
  t.equal(frameOfStranger(large)[0], 'error: unauthenticated bulk length')
  framer.push(Buffer.concat([encode('AUTH', 'x'), many, large]))
  t.equal(framer.next(), 'request')
  sender.isAuthenticated = true
  t.strictSame([framer.next(), framer.next(), framer.next()], ['request', 'request', 'more'])
})

t.test('what was framed last is not kept by a client that sends nothing more [R3]', async (t) => {
  const framer = newFramer()
  const large = latin(`*2\r\n$4\r\nECHO\r\n$100000\r\n${'x'.repeat(100_000)}\r\n`)
  for (const chunks of [[encode('PING')], [large.subarray(0, 50_000), large.subarray(50_000)]]) {
    for (const chunk of chunks) {
      t.equal(framer.next(), 'more')
      framer.push(chunk)
    }
    t.equal(framer.next(), 'request')
    t.ok(framer.size > 0 && framer.bytes.length > 0)
    t.equal(framer.next(), 'more')
    t.strictSame([framer.bytes.length, framer.parts, framer.heldBytes], [0, undefined, 0])
  }
})

t.test('a line is refused for its length alike in one piece and in many [R3]', async (t) => {
  const digits = '1'.repeat(65_536)
  for (const [text, error] of [
    [`${digits}1\r\n`, 'error: too big inline request'],
    [`*${digits}\r\n`, 'error: too big mbulk count string'],
    [`*1\r\n$${digits}\r\n`, 'error: too big bulk count string']
  ] as const) {
    t.strictSame(frame([latin(text)]), [error])
    t.strictSame(frame([latin(text.slice(0, -2))]), [error])
    t.strictSame(frame(byteByByte(latin(text))), [error])
  }
  t.equal(frame([latin(`${digits.slice(1)}\r\n`)]).length, 1, 'with its CR it has 65,536 bytes')
  t.equal(frame(byteByByte(latin(`${digits.slice(1)}\r\n`))).length, 1)
})

t.test('half a line, or half a value, that comes byte by byte costs time in proportion [R3]', async (t) => {
  const began = performance.now()
  for (const opening of ['', '*', '*1\r\n$']) {
    for (let round = 0; round < 4; round++) frame(byteByByte(latin(opening + '1'.repeat(65_000))))
  }
  frame(byteByByte(latin(`*2\r\n$4\r\nECHO\r\n$1000000\r\n${'x'.repeat(1_000_002)}`)))
  t.ok(performance.now() - began < 20_000, 'rescanning or copying again would take minutes')
})

t.test('pieces of a byte each are joined, so that a byte does not cost a hundred [R3]', async (t) => {
  const framer = newFramer()
  const bytes = latin(`*2\r\n$4\r\nECHO\r\n$100000\r\n${'x'.repeat(100_000)}\r\n`)
  for (const byte of byteByByte(bytes)) {
    framer.push(byte)
    framer.next()
  }
  t.strictSame(contentOf(framer), bytes)
  t.ok(framer.parts !== undefined && framer.parts.length < bytes.length / 32)
})
