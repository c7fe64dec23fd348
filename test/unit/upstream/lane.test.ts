// One lane on a good day, and on the day its node is no master any more. Nothing sleeps: each step waits for the other
// side.
import t from 'tap'
import { Exchange } from '../../../src/exchange.ts'
import { encode, type Reply } from '../../../src/resp/decode.ts'
import { ask, LaneGone } from '../../../src/upstream/ask.ts'
import { exchangeOf, open, Owner } from './dialled.ts'

const READONLY = "-READONLY You can't write against a read only replica.\r\n"
t.test('exchanges leave in order, and each gets its replies [R1]', async (t) => {
  const { lane, redis } = await open(t)
  const [one, two] = [new Owner(), new Owner()]
  lane.send(exchangeOf(one, ['INCR', 'a'], ['INCR', 'b']))
  lane.send(exchangeOf(two, ['INCR', 'c']))
  t.equal(lane.load, 2)
  t.strictSame(await redis.request(), ['INCR', 'a'])
  t.strictSame(await redis.request(), ['INCR', 'b'])
  t.strictSame(await redis.request(), ['INCR', 'c'])
  redis.send(':1\r\n:2\r\n:3\r\n')
  await two.received(4)
  t.strictSame([one.text, two.text], [':1\r\n:2\r\n', ':3\r\n'])
  t.equal(lane.load, 0)
})

t.test(
  'from the first proof on nothing more is sent, and the lane ends when it is drained [F2] [R4]',
  async (t) => {
    const { dialled, lane, redis } = await open(t)
    const [refused, other] = [new Owner(), new Owner()]
    lane.send(exchangeOf(refused, ['SET', 'a', '1'], ['GET', 'a']))
    lane.send(exchangeOf(other, ['GET', 'b']))
    for (let request = 0; request < 3; request++) await redis.request()
    redis.send(READONLY)
    while (dialled.refusals.length === 0) await new Promise(setImmediate)
    t.strictSame(dialled.refusals, [READONLY])
    t.equal(lane.isUsable, false)
    lane.send(exchangeOf(refused, ['SET', 'a', '2']))
    redis.send('$1\r\n0\r\n$1\r\nb\r\n')
    t.match(await dialled.ended, { end: 'role' })
    t.equal(other.text, '$1\r\nb\r\n')
    t.equal(refused.text, '')
    const [first, second] = refused.leftExchanges
    t.match(first, { left: 0, answered: 2, state: 'unanswered' })
    t.match(second, { state: 'unsent' })
    t.equal(refused.left.length, 1, 'all of it is handed back at once')
    t.strictSame(dialled.errors, [READONLY])
  }
)

t.test('while replies are withheld nothing is sent, and at the release both go on [F5]', async (t) => {
  const { lane, redis } = await open(t)
  const owner = new Owner()
  lane.send(exchangeOf(owner, ['INCR', 'a']))
  t.strictSame(await redis.request(), ['INCR', 'a'])
  lane.withhold()
  lane.send(exchangeOf(owner, ['INCR', 'b']))
  redis.send(':1\r\n')
  while (lane.inFlight > 0) await new Promise(setImmediate)
  t.equal(owner.text, '')
  t.equal(lane.load, 1, 'what is not sent waits')
  lane.release()
  t.equal(owner.text, ':1\r\n')
  t.strictSame(await redis.request(), ['INCR', 'b'])
})

t.test('withheld replies are handed back with their exchanges when the lane is cut [F5]', async (t) => {
  const { dialled, lane, redis } = await open(t)
  const owner = new Owner()
  lane.send(exchangeOf(owner, ['INCR', 'a']))
  await redis.request()
  lane.withhold()
  redis.send(':1\r\n')
  while (lane.inFlight > 0) await new Promise(setImmediate)
  lane.cut()
  t.match(await dialled.ended, { end: 'cut' })
  t.equal(owner.text, '')
  t.match(owner.leftExchanges, [{ left: 0, answered: 1, withheld: [Buffer.from(':1\r\n')] }])
})

t.test('a request in pieces leaves whole, among small ones that are gathered [R1]', async (t) => {
  const { lane, redis } = await open(t)
  const owner = new Owner()
  const large = encode('SET', 'large', 'x'.repeat(100_000))
  const parts = [large.subarray(0, 40_000), large.subarray(40_000)]
  const request = { bytes: parts[0] ?? large, start: 0, end: 40_000, parts, size: large.length }
  const sent = [
    ['SET', 'a', '1'],
    ['SET', 'b', 'y'.repeat(20_000)],
    ['GET', 'c']
  ]
  for (const words of sent) lane.send(exchangeOf(owner, words))
  lane.send(new Exchange(owner, request, 'once', 0))
  lane.send(exchangeOf(owner, ['GET', 'd']))
  for (const words of sent) t.strictSame(await redis.request(), words)
  t.equal((await redis.request())[2]?.length, 100_000)
  t.strictSame(await redis.request(), ['GET', 'd'])
})

t.test('a thousand small requests arrive in their order', async (t) => {
  const { lane, redis } = await open(t)
  const owner = new Owner()
  for (let request = 0; request < 1000; request++)
    lane.send(exchangeOf(owner, ['GET', `k${request}`, 'z'.repeat(request % 300)]))
  const keys: string[] = []
  for (let request = 0; request < 1000; request++) keys.push((await redis.request())[1] ?? '')
  t.strictSame(
    keys,
    Array.from({ length: 1000 }, (_, request) => `k${request}`)
  )
  redis.send(':1\r\n'.repeat(1000))
  await owner.received(4000)
  t.equal(lane.load, 0)
})

t.test('a lane that was cut takes nothing more', async (t) => {
  const { lane, dialled } = await open(t)
  lane.cut()
  await dialled.ended
  t.equal(lane.isUsable, false)
  t.equal(lane.isOpen, false)
})

t.test('a question of the proxy has an answer whatever becomes of it [R2]', async (t) => {
  const { lane, redis } = await open(t)
  const answers: Reply[] = []
  for (const reply of ['$2\r\nhi\r\n', '-ERR no\r\n', '%0\r\n', '_\r\n']) {
    ask(lane, ['INFO'], (answer) => answers.push(answer))
    await redis.request()
    redis.send(reply)
    while (lane.load > 0) await new Promise(setImmediate)
  }
  t.equal(answers[0], 'hi')
  t.match(answers[1], { message: 'ERR no' })
  t.ok(answers[2] instanceof Error, 'RESP3 where RESP2 was spoken')
  t.ok(answers[3] instanceof Error)
  ask(lane, ['INFO'], (answer) => answers.push(answer))
  lane.cut()
  t.ok(answers[4] instanceof LaneGone)
})
