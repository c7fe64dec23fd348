import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import RedisParser from 'redis-parser'
import t from 'tap'
import { ReplyFramer } from '../../../src/resp/reply-framer.ts'

const latin = (text: string): Buffer => Buffer.from(text, 'latin1')
const open = (mark: string): number => mark.charCodeAt(0)

/** The replies as text, a push behind `push `; ends with `error` or with the rest that is no whole reply. */
function frame(chunks: readonly Buffer[]): string[] {
  const framer = new ReplyFramer()
  const replies: string[] = []
  let before = ''
  for (const chunk of chunks) {
    framer.push(chunk)
    for (;;) {
      const framed = framer.next()
      if (framed === 'error') return [...replies, 'error']
      if (framed === 'more') break
      const bytes = before + chunk.toString('latin1', framer.start, framer.end)
      replies.push(framed === 'push' ? `push ${bytes}` : bytes)
      before = ''
    }
    if (framer.isInside) before += chunk.toString('latin1', framer.start)
  }
  return before === '' ? replies : [...replies, `rest ${before}`]
}

const byteByByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const sorted = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return sorted.map((to, index) => bytes.subarray(sorted[index - 1] ?? 0, to))
}

/** The oracle: how long the value at `at` is, by recursion as the specification reads. */
function lengthOf(text: string, at: number): number {
  const lineEnd = text.indexOf('\r\n', at) + 2
  const count = Number(text.slice(at + 1, lineEnd - 2))
  const mark = text[at] as string
  if ('+-:_#,('.includes(mark)) return lineEnd - at
  if ('$!='.includes(mark)) return lineEnd - at + (count < 0 ? 0 : count + 2)
  const inside = Math.max(0, count) * ('%|'.includes(mark) ? 2 : 1) + (mark === '|' ? 1 : 0)
  let end = lineEnd
  for (let value = 0; value < inside; value++) end += lengthOf(text, end)
  return end - at
}

function byOracle(text: string): string[] {
  const replies: string[] = []
  for (let at = 0; at < text.length;) {
    const length = lengthOf(text, at)
    const reply = text.slice(at, at + length)
    const top = reply.startsWith('|') ? behindAttributes(reply) : reply
    replies.push(top.startsWith('>') ? `push ${reply}` : reply)
    at += length
  }
  return replies
}

function behindAttributes(reply: string): string {
  const headEnd = reply.indexOf('\r\n') + 2
  let at = headEnd
  for (let value = 0; value < 2 * Number(reply.slice(1, headEnd - 2)); value++) at += lengthOf(reply, at)
  const behind = reply.slice(at)
  return behind.startsWith('|') ? behindAttributes(behind) : behind
}

// Every type with what it may hold, as Redis, Lua and modules write them.
const lineText = fc.string({
  unit: fc.constantFrom('a', 'Z', '0', '-', ' ', '$', '*', '\xff', '\0', '\n'),
  maxLength: 12
})
const content = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '$', '\0', '\xff'), maxLength: 120 })
const bulk = (mark: string, text: string): string => `${mark}${text.length}\r\n${text}\r\n`
const lines = fc
  .tuple(fc.constantFrom(...Array.from('+-:_#,(')), lineText)
  .map(([mark, text]) => `${mark}${text}\r\n`)
const bulks = fc.tuple(fc.constantFrom(...Array.from('$!=')), content).map(([mark, text]) => bulk(mark, text))
const nulls = fc.constantFrom('$-1\r\n', '*-1\r\n', '_\r\n')
const { value } = fc.letrec<{ value: string; aggregate: string; attributed: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, lines, bulks, nulls, tie('aggregate'), tie('attributed')),
  aggregate: fc
    .tuple(fc.constantFrom(...Array.from('*~>%')), fc.array(tie('value'), { maxLength: 12 }))
    .map(([mark, values]) =>
      mark === '%'
        ? `%${Math.floor(values.length / 2)}\r\n${values.slice(0, values.length & ~1).join('')}`
        : `${mark}${values.length}\r\n${values.join('')}`
    ),
  attributed: fc
    .tuple(fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 2 }), tie('value'))
    .map(([entries, of]) => `|${entries.length}\r\n${entries.flat().join('')}${of}`)
}))
const stream = fc.array(value, { maxLength: 8 }).map((values) => values.join(''))

t.test('every reply of RESP2 and RESP3 ends where the specification says [C2]', async (t) => {
  const isRight = fc.property(stream, (text) => isDeepStrictEqual(frame([latin(text)]), byOracle(text)))
  t.doesNotThrow(() => fc.assert(isRight, { numRuns: 2000 }))
})

t.test('no way to cut the bytes changes the replies [R1]', async (t) => {
  const isSame = fc.property(stream, fc.array(fc.nat(), { maxLength: 10 }), (text, cuts) => {
    const whole = frame([latin(text)])
    return (
      isDeepStrictEqual(frame(cutAt(latin(text), cuts)), whole) &&
      isDeepStrictEqual(frame(byteByByte(latin(text))), whole)
    )
  })
  t.doesNotThrow(() => fc.assert(isSame, { numRuns: 1000 }))
})

t.test(
  'RESP2 is framed as redis-parser parses it: as many replies, and each decodes alone [C2]',
  async (t) => {
    const resp2 = fc.letrec<{ value: string; array: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.stringMatching(/^[ -~]{0,10}$/).map((text) => `+${text}\r\n`),
        fc.stringMatching(/^[ -~]{0,10}$/).map((text) => `-${text}\r\n`),
        fc.integer().map((number) => `:${number}\r\n`),
        content.map((text) => bulk('$', text)),
        fc.constantFrom('$-1\r\n', '*-1\r\n'),
        tie('array')
      ),
      array: fc
        .array(tie('value'), { maxLength: 5 })
        .map((values) => `*${values.length}\r\n${values.join('')}`)
    })).value
    const parse = (bytes: Buffer): unknown[] => {
      const replies: unknown[] = []
      const keep = (reply: unknown): void => {
        replies.push(reply)
      }
      new RedisParser({ returnReply: keep, returnError: keep, returnBuffers: true }).execute(bytes)
      return replies
    }
    const isSame = fc.property(fc.array(resp2, { maxLength: 6 }), (values) => {
      const framed = frame([latin(values.join(''))])
      return isDeepStrictEqual(
        framed.flatMap((reply) => parse(latin(reply))),
        parse(latin(values.join('')))
      )
    })
    t.doesNotThrow(() => fc.assert(isSame, { numRuns: 500 }))
  }
)

t.test('a reply nested 100,000 deep is framed, and so is the one behind it [R3]', async (t) => {
  for (const head of ['*1\r\n', '~1\r\n', '%1\r\n+k\r\n', '|1\r\n+k\r\n+v\r\n*1\r\n']) {
    const deep = `${head.repeat(100_000)}:1\r\n`
    t.ok(isDeepStrictEqual(frame([latin(`${deep}+OK\r\n`)]), [deep, '+OK\r\n']), head)
  }
})

t.test('an attribute belongs to the reply behind it, and does not hide what that is [R2]', async (t) => {
  const attribute = '|1\r\n+ttl\r\n*1\r\n:3600\r\n'
  const marks: number[] = []
  const framer = new ReplyFramer()
  framer.push(
    latin(`${attribute}-ERR no\r\n${attribute}${attribute}>1\r\n+x\r\n|0\r\n+OK\r\n*1\r\n${attribute}-no\r\n`)
  )
  for (let framed = framer.next(); framed !== 'more'; framed = framer.next())
    marks.push(framed === 'push' ? -framer.mark : framer.mark)
  t.strictSame(marks, [open('-'), -open('>'), open('+'), open('*')])
})

t.test('a push between replies is told from a reply, and a nested one is none', async (t) => {
  t.strictSame(frame([latin('>2\r\n+message\r\n+x\r\n+OK\r\n*1\r\n>1\r\n+y\r\n')]), [
    'push >2\r\n+message\r\n+x\r\n',
    '+OK\r\n',
    '*1\r\n>1\r\n+y\r\n'
  ])
})

const malformed = [
  'OK\r\n',
  '\r\n',
  ' +OK\r\n',
  '@1\r\n',
  '+OK\rX',
  '+OK\r\r\n',
  '$x\r\n',
  '$\r\n',
  '$1x\r\n',
  '$ 1\r\n',
  '$+1\r\n',
  '$--1\r\n',
  '$-2\r\n',
  '*-2\r\n',
  '!-1\r\n',
  '=-1\r\n',
  '%-1\r\n',
  '~-1\r\n',
  '>-1\r\n',
  '|-1\r\n',
  '$-0\r\n',
  '*-0\r\n',
  '$007\r\n',
  '$3\rXabc\r\n',
  '$3\r\nabcd\r\n',
  '$3\r\nabc\rX',
  '$3\r\nabcX\n',
  '$0\r\nX',
  '*1\rX+OK\r\n',
  '*1e3\r\n',
  '*1.5\r\n',
  '*9999999999999999999\r\n',
  '$1099511627777\r\n',
  '*1\r\nOK\r\n',
  `$${'1'.repeat(30)}`,
  `*${'x'.repeat(30)}`
]

t.test('what Redis would not send is an error, in whatever pieces it comes [R2]', async (t) => {
  for (const text of malformed) {
    t.strictSame(frame([latin(text)]), ['error'], JSON.stringify(text))
    t.strictSame(frame(byteByByte(latin(text))), ['error'], JSON.stringify(text))
    t.strictSame(frame([latin(`+OK\r\n${text}`)]), ['+OK\r\n', 'error'], JSON.stringify(text))
    t.strictSame(frame([latin(`*2\r\n:1\r\n${text}`)]), ['error'], JSON.stringify(text))
  }
})

t.test('a streamed type is an error: Redis sends none, and its end could not be told [R2]', async (t) => {
  for (const text of [
    '$?\r\n;4\r\nHell\r\n;0\r\n',
    '*?\r\n:1\r\n.\r\n',
    '~?\r\n.\r\n',
    '%?\r\n.\r\n',
    ';4\r\nHell\r\n',
    '.\r\n'
  ])
    t.strictSame(frame([latin(text)]), ['error'], JSON.stringify(text))
})

t.test('a large reply that comes in small pieces costs time in proportion [R3]', async (t) => {
  const began = performance.now()
  const framer = new ReplyFramer()
  const piece = latin('x')
  framer.push(latin('$2000000\r\n'))
  framer.next()
  for (let count = 0; count < 2_000_000; count++) {
    framer.push(piece)
    framer.next()
  }
  framer.push(latin('\r\n+'))
  t.equal(framer.next(), 'reply')
  t.equal(framer.next(), 'more')
  t.ok(framer.isInside)
  framer.push(latin('x'.repeat(1_000_000)))
  framer.next()
  for (const mark of byteByByte(latin(`${'x'.repeat(1_000_000)}\r\n`))) {
    framer.push(mark)
    framer.next()
  }
  t.notOk(framer.isInside)
  t.ok(performance.now() - began < 20_000, 'rescanning would take minutes')
})

t.test('the part of an unfinished reply lies from its start to the end of the chunk', async (t) => {
  const framer = new ReplyFramer()
  framer.push(latin('+OK\r\n$10\r\nab'))
  t.equal(framer.next(), 'reply')
  t.equal(framer.isInside, false)
  t.equal(framer.next(), 'more')
  t.equal(framer.isInside, true)
  t.equal(framer.start, 5)
  framer.push(latin('cdefghij\r\n:1\r\n'))
  t.equal(framer.next(), 'reply')
  t.strictSame([framer.start, framer.end, framer.mark], [0, 10, open('$')])
  t.equal(framer.next(), 'reply')
  t.strictSame([framer.start, framer.end, framer.mark], [10, 14, open(':')])
})
