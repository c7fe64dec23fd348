// CLIENT REPLY at the place where replies leave.
import t from 'tap'
import { ReplyQueue } from '../../../src/downstream/reply-queue.ts'
import { Exchange, type ReplyReceiver } from '../../../src/exchange.ts'

const owner: ReplyReceiver = { relay: () => undefined, leftOver: () => undefined }
const bytes = Buffer.from('abcdef')

/** A request in `bytes`, each right behind the one before. */
function request(at: number): Exchange {
  return new Exchange(owner, { bytes, start: at, end: at + 1, parts: undefined, size: 1 }, 'again', 0)
}

function open(): { queue: ReplyQueue; left: () => string; ask: (at: number) => Exchange } {
  const pieces: Buffer[] = []
  const queue = new ReplyQueue({ leave: (piece) => pieces.push(piece) })
  const ask = (at: number): Exchange => {
    const exchange = request(at)
    queue.open(exchange)
    return exchange
  }
  return { queue, ask, left: () => Buffer.concat(pieces).toString() }
}

const say = (queue: ReplyQueue, exchange: Exchange, reply: string): void => {
  queue.complete(exchange, Buffer.from(reply))
}

t.test('replies that were due before OFF still leave, in their order', (t) => {
  const { queue, ask, left } = open()
  const before = [ask(0), ask(1)]
  queue.mode = 'off'
  const muted = ask(2)
  queue.mode = 'on'
  queue.answer(owner, Buffer.from('ok '))
  say(queue, muted, 'muted ')
  say(queue, before[1] as Exchange, 'second ')
  t.equal(left(), '')
  say(queue, before[0] as Exchange, 'first ')
  t.equal(left(), 'first second ok ')
  t.ok(queue.isEmpty)
  t.end()
})

t.test('a muted reply that comes in pieces leaves nothing behind', (t) => {
  const { queue, ask, left } = open()
  queue.mode = 'off'
  const [first, second] = [ask(0), ask(1)]
  queue.mode = 'on'
  const last = ask(2)
  queue.relay(second, Buffer.from('par'))
  queue.relay(first, Buffer.from('par'))
  say(queue, second, 't')
  say(queue, last, 'last')
  t.equal(left(), '')
  say(queue, first, 't')
  t.equal(left(), 'last')
  t.ok(queue.isEmpty)
  t.end()
})

t.test('SKIP leaves out one reply, and the next request does not join it', (t) => {
  const { queue, ask, left } = open()
  queue.mode = 'skip'
  const skipped = ask(0)
  t.equal(queue.mode, 'on')
  t.equal(queue.last, undefined, 'a run of both would lose both replies')
  const next = ask(1)
  t.equal(queue.last, next)
  say(queue, skipped, 'skipped')
  say(queue, next, 'next')
  t.equal(left(), 'next')
  t.end()
})

t.test('SKIP is used up by an answer of the proxy itself, OFF is not', (t) => {
  const { queue, left } = open()
  queue.mode = 'skip'
  for (const reply of ['a', 'b']) queue.answer(owner, Buffer.from(reply))
  queue.mode = 'off'
  for (const reply of ['c', 'd']) queue.answer(owner, Buffer.from(reply))
  t.strictSame([left(), queue.mode], ['b', 'off'])
  t.end()
})

t.test('while replies are off, requests still join into runs', (t) => {
  const { queue, ask } = open()
  queue.mode = 'off'
  const run = ask(0)
  t.equal(queue.last, run)
  t.end()
})

t.test('what replaces a muted exchange is muted, its answers too', (t) => {
  const { queue, ask, left } = open()
  queue.mode = 'off'
  const lost = ask(0)
  queue.mode = 'on'
  const last = ask(3)
  const [answered, again] = [request(0), request(1)]
  answered.state = 'answered'
  answered.keep(Buffer.from('in doubt'))
  queue.replace(lost, [answered, again])
  say(queue, again, 'again')
  say(queue, last, 'last')
  t.equal(left(), 'last')
  t.ok(queue.isEmpty)
  t.end()
})

t.test('frames that are no replies leave though replies are off', (t) => {
  const { queue, ask, left } = open()
  queue.mode = 'off'
  ask(0)
  queue.interject(Buffer.from('push'))
  t.equal(left(), 'push')
  t.end()
})

t.test('a frame that waited behind a torn reply leaves when a muted one has ended', (t) => {
  const { queue, ask, left } = open()
  queue.mode = 'off'
  const muted = ask(0)
  muted.isTorn = true
  queue.interject(Buffer.from('push'))
  t.equal(left(), '')
  say(queue, muted, 'muted')
  t.equal(left(), 'push')
  t.end()
})
