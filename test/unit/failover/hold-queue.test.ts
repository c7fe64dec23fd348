import t from 'tap'
import { Exchange, type ReplyReceiver } from '../../../src/exchange.ts'
import { HoldQueue, type Holder, type HoldLimits } from '../../../src/failover/hold-queue.ts'
import { encode } from '../../../src/resp/decode.ts'
import { ManualClock } from '../topology/manual-clock.ts'

const nobody: ReplyReceiver = { relay: () => undefined, leftOver: () => undefined }

class Waiting implements Holder {
  isGone = false
  readonly log: string[]
  onEnd: (() => void) | undefined

  constructor(log: string[]) {
    this.log = log
  }

  dispatch = (exchange: Exchange): void => this.#end('sent', exchange)
  refuse = (exchange: Exchange): void => this.#end('refused', exchange)

  #end(how: string, exchange: Exchange): void {
    this.log.push(
      `${how} ${exchange.bytes.toString('latin1', exchange.start, exchange.end).split('\r\n')[2] ?? ''}`
    )
    this.onEnd?.()
  }
}

function held(name: string, count = 1): Exchange {
  const bytes = encode(name)
  const exchange = new Exchange(
    nobody,
    { bytes, start: 0, end: bytes.length, parts: undefined, size: bytes.length },
    'once',
    0
  )
  exchange.count = count
  return exchange
}

type Facts = {
  readonly clock: ManualClock
  readonly queue: HoldQueue
  readonly log: string[]
  readonly holder: Waiting
  readonly waits: number[]
}

function start(limits: Partial<HoldLimits> = {}): Facts {
  const clock = new ManualClock()
  const log: string[] = []
  const waits: number[] = []
  const queue = new HoldQueue(
    clock,
    { windowMs: () => 1000, maxRequests: 100, maxBytes: 10_000, ...limits },
    (ms, count) => waits.push(...Array<number>(count).fill(ms))
  )
  return { clock, queue, log, holder: new Waiting(log), waits }
}

t.test('held requests are sent in the order in which they came [R4]', async (t) => {
  const { queue, log, holder, clock, waits } = start()
  queue.hold(held('a', 3), holder)
  await clock.turn(10)
  queue.hold(held('b'), holder)
  t.strictSame([queue.requests, queue.bytes, queue.oldestAgeMs], [4, 22, 10])
  t.equal(queue.replay(), 4)
  t.strictSame(log, ['sent a', 'sent b'])
  t.strictSame([queue.requests, queue.bytes, queue.oldestAgeMs], [0, 0, 0])
  t.strictSame(waits, [10, 10, 10, 0])
  t.equal(queue.ended.replayed, 4)
  t.equal(clock.waiting, 0, 'no timer is left')
})

t.test('each request is answered at the end of its own window, and not before [F4]', async (t) => {
  const { clock, queue, log, holder } = start()
  queue.hold(held('a'), holder)
  await clock.turn(400)
  queue.hold(held('b'), holder)
  await clock.turn(599)
  t.strictSame(log, [])
  await clock.turn(1)
  t.strictSame(log, ['refused a'])
  await clock.turn(399)
  t.strictSame(log, ['refused a'])
  await clock.turn(1)
  t.strictSame(log, ['refused a', 'refused b'])
  t.equal(queue.ended.window, 2)
  t.equal(clock.waiting, 0)
})

t.test('the window of a request goes on when it is held a second time [F4]', async (t) => {
  const { clock, queue, log, holder } = start()
  const again = held('again')
  queue.hold(again, holder)
  await clock.turn(700)
  queue.replay()
  await clock.turn(100)
  queue.hold(again, holder)
  await clock.turn(199)
  t.strictSame(log, ['sent again'])
  await clock.turn(1)
  t.strictSame(log, ['sent again', 'refused again'])
})

t.test(
  'one that was held before goes before those that came later, in time and in order [F4] [R4]',
  async (t) => {
    const { clock, queue, log, holder } = start()
    const first = held('first')
    queue.hold(first, holder)
    queue.replay()
    await clock.turn(500)
    queue.hold(held('later'), holder)
    queue.hold(first, holder)
    await clock.turn(500)
    t.strictSame(log, ['sent first', 'refused first'], 'its window ends first')
    queue.hold(held('last'), holder)
    queue.replay()
    t.strictSame(log.slice(2), ['sent later', 'sent last'])
  }
)

t.test(
  'a request whose window is over when it is held again is answered at the next turn [F4]',
  async (t) => {
    const { clock, queue, log, holder } = start()
    const late = held('late')
    late.heldSinceMs = -5000
    queue.hold(late, holder)
    await clock.turn(0)
    t.strictSame(log, ['refused late'])
  }
)

t.test('no more requests are held than the limits allow, in number and in bytes [R3]', async (t) => {
  for (const limits of [{ maxRequests: 2 }, { maxBytes: 22 }]) {
    const { queue, log, holder } = start(limits)
    queue.hold(held('a'), holder)
    queue.hold(held('b'), holder)
    queue.hold(held('c'), holder)
    t.strictSame(log, ['refused c'])
    t.equal(queue.requests, 2)
    t.equal(queue.ended.full, 1)
    queue.replay()
    queue.hold(held('d'), holder)
    t.strictSame(log.slice(1), ['sent a', 'sent b'], 'what left makes room')
  }
  const { queue, log, holder } = start({ maxRequests: 2 })
  queue.hold(held('run', 3), holder)
  t.strictSame(log, ['refused run'], 'a run counts with all of its requests')
  t.equal(queue.ended.full, 3)
})

t.test('a held request whose client has left is dropped, not sent [F3]', async (t) => {
  const { clock, queue, log, holder } = start()
  queue.hold(held('a', 2), holder)
  holder.isGone = true
  t.equal(queue.replay(), 0)
  queue.hold(held('b'), holder)
  await clock.turn(1000)
  t.strictSame(log, [])
  t.strictSame([queue.requests, queue.bytes], [0, 0])
  t.equal(queue.ended.client_gone, 3)
})

t.test('when the budget is spent, or at the end, everything is answered and nothing sent [F4]', async (t) => {
  for (const end of ['budget', 'shutdown'] as const) {
    const { clock, queue, log, holder } = start()
    queue.hold(held('a'), holder)
    queue.hold(held('b'), holder)
    queue.shed(end)
    t.strictSame(log, ['refused a', 'refused b'])
    t.equal(queue.ended[end], 2)
    t.equal(clock.waiting, 0)
  }
})

t.test('what is held while others are sent or answered waits for its own turn', async (t) => {
  const { clock, queue, log, holder } = start()
  let isFirst = true
  holder.onEnd = () => {
    if (isFirst) queue.hold(held('new'), holder)
    isFirst = false
  }
  queue.hold(held('a'), holder)
  queue.hold(held('b'), holder)
  queue.replay()
  t.strictSame(log, ['sent a', 'sent b'])
  t.equal(queue.requests, 1)
  isFirst = true
  await clock.turn(1000)
  t.strictSame(log.slice(2), ['refused new'])
  t.equal(queue.requests, 1, 'one more was held when that one was answered')
  await clock.turn(1000)
  t.equal(queue.requests, 0)
})

t.test('a window that the Sentinels have made longer holds for what is held already [F4]', async (t) => {
  let windowMs = 100
  const { clock, queue, log, holder } = start({ windowMs: () => windowMs })
  queue.hold(held('a'), holder)
  windowMs = 500
  await clock.turn(499)
  t.strictSame(log, [])
  await clock.turn(1)
  t.strictSame(log, ['refused a'])
})
