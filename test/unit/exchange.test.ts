import fc from 'fast-check'
import t from 'tap'
import { Exchange, ExchangeQueue, type ReplyReceiver } from '../../src/exchange.ts'
import { encode } from '../../src/resp/decode.ts'

const nobody: ReplyReceiver = { relay: () => undefined, leftOver: () => undefined }
const bytes = Buffer.concat([encode('GET', 'a'), encode('SET', 'a', 'b'), encode('GET', 'b')])
const [first, second, third] = [
  { bytes, start: 0, end: 20, parts: undefined, size: 20 },
  { bytes, start: 20, end: 47, parts: undefined, size: 27 },
  { bytes, start: 47, end: 67, parts: undefined, size: 20 }
]

t.test(
  'adjacent requests become one run that covers their bytes and is sent once if one of them is [F3]',
  async (t) => {
    const run = new Exchange(nobody, first, 'again', 5)
    t.ok(run.isFollowedBy(second))
    run.extend(second, 'once')
    t.ok(run.isFollowedBy(third))
    run.extend(third, 'again')
    t.match(run, { start: 0, end: 67, size: 67, count: 3, effect: 'once', startedAtMs: 5 })
  }
)

t.test('a request does not join a run that it does not touch, nor one of other bytes [R1]', async (t) => {
  const run = new Exchange(nobody, first, 'again', 0)
  t.notOk(run.isFollowedBy(third), 'a gap, such as an empty line')
  t.notOk(run.isFollowedBy({ ...second, bytes: Buffer.from(bytes) }), 'the same place in other bytes')
  t.notOk(run.isFollowedBy({ ...second, parts: [bytes] }), 'a large one in pieces')
  t.notOk(new Exchange(nobody, { ...first, parts: [bytes] }, 'again', 0).isFollowedBy(second))
  run.own = 'queued'
  t.notOk(run.isFollowedBy(second), 'on a lane of its own each request counts by itself')
})

t.test('replies that cannot leave are kept in their order', async (t) => {
  const exchange = new Exchange(nobody, first, 'again', 0)
  t.equal(exchange.kept, undefined)
  exchange.keep(Buffer.from('+a\r\n'))
  exchange.keep(Buffer.from('+b\r\n'))
  t.equal(Buffer.concat(exchange.kept ?? []).toString(), '+a\r\n+b\r\n')
})

t.test('a queue gives back what was put in, in order, and knows its ends and its length', async (t) => {
  const isQueue = fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (pushes) => {
    const queue = new ExchangeQueue()
    const model: Exchange[] = []
    for (const isPush of pushes) {
      if (isPush) {
        const exchange = new Exchange(nobody, first, 'again', 0)
        queue.push(exchange)
        model.push(exchange)
      } else if (queue.shift() !== model.shift()) return false
      if (queue.first !== model[0] || queue.last !== model.at(-1) || queue.length !== model.length)
        return false
    }
    return true
  })
  t.doesNotThrow(() => fc.assert(isQueue, { numRuns: 300 }))
})

t.test('an exchange that has left one queue brings nothing of it into the next', async (t) => {
  const [one, two] = [new ExchangeQueue(), new ExchangeQueue()]
  const [a, b] = [new Exchange(nobody, first, 'again', 0), new Exchange(nobody, second, 'again', 0)]
  one.push(a)
  one.push(b)
  two.push(one.shift() ?? b)
  t.equal(two.first, a)
  t.equal(two.last, a)
  two.shift()
  t.equal(two.first, undefined)
  t.equal(one.first, b)
})
