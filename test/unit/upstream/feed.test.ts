// One user's subscriptions: made once, shared, made again, and given up with the last who listens.
import t, { type Test } from 'tap'
import { Feed } from '../../../src/upstream/feed.ts'
import type { Listener } from '../../../src/upstream/topics.ts'
import { ManualClock } from '../topology/manual-clock.ts'
import { FakeListeningLane } from './fake-listening-lane.ts'

class Ear implements Listener {
  readonly heard: string[] = []
  isRevoked = false

  deliver(message: { forProtocol: (protocol: 2 | 3) => Buffer }): void {
    const bytes = message.forProtocol(2).toString()
    this.heard.push(bytes.split('\r\n').at(-2) ?? '')
  }

  revoke(): void {
    this.isRevoked = true
  }
}

const windowMs = 500

function open() {
  const clock = new ManualClock()
  const lanes: FakeListeningLane[] = []
  const gaps: number[] = []
  const feed = new Feed({
    user: undefined,
    clock,
    windowMs: () => windowMs,
    onGap: (ms) => gaps.push(ms),
    dial: ({ port }, _user, events) => {
      const lane = new FakeListeningLane(port, events)
      lanes.push(lane)
      return lane
    }
  })
  return { clock, lanes, gaps, feed, lane: () => lanes.at(-1)! }
}

const names = (...all: string[]): Buffer[] => all.map((name) => Buffer.from(name))

function ask(feed: Feed, ear: Listener, ...channels: string[]) {
  const answers: string[] = []
  const giveUp = feed.subscribe('channel', names(...channels), ear, (refusal) => {
    answers.push(refusal === undefined ? 'confirmed' : refusal.toString().trim())
  })
  return { answers, giveUp }
}

/** With a listener for `c` on a lane to port 1. */
function listening(t: Test) {
  const world = open()
  const ear = new Ear()
  world.feed.follow({ host: 'h', port: 1 })
  t.equal(world.lanes.length, 0, 'nothing is dialled before it is needed')
  const { answers } = ask(world.feed, ear, 'c')
  world.lane().connect()
  t.strictSame(world.lane().asked(), ['subscribe c'])
  t.strictSame(answers, [])
  world.lane().confirm('subscribe', 'c')
  t.strictSame(answers, ['confirmed'])
  return { ...world, ear }
}

t.test('a second listener shares the subscription, and asks Redis all the same', async (t) => {
  const { feed, lane, ear } = listening(t)
  const second = new Ear()
  const { answers } = ask(feed, second, 'c', 'd')
  t.strictSame(lane().asked(), ['subscribe c d'])
  lane().say('message', 'c', 'before its confirmation')
  lane().confirm('subscribe', 'c')
  t.strictSame(answers, [], 'every name has to be confirmed')
  lane().confirm('subscribe', 'd')
  t.strictSame(answers, ['confirmed'])
  lane().say('message', 'c', 'for both')
  lane().say('message', 'd', 'for one')
  lane().say('message', 'e', 'for nobody')
  t.strictSame(ear.heard, ['before its confirmation', 'for both'])
  t.strictSame(second.heard, ['for both', 'for one'])
})

t.test(
  'Redis is asked to stop when the last one leaves, and the leaving hear what came before',
  async (t) => {
    const { feed, lane, ear } = listening(t)
    const second = new Ear()
    ask(feed, second, 'c')
    lane().confirm('subscribe', 'c')
    lane().asked()
    const left: string[] = []
    feed.unsubscribe('channel', names('c'), ear, () => left.push('first'))
    t.strictSame(lane().asked(), ['ping'], 'one still listens')
    feed.unsubscribe('channel', names('c'), second, () => left.push('second'))
    t.strictSame(lane().asked(), ['unsubscribe c'])
    lane().say('message', 'c', 'x')
    lane().say('pong', '')
    t.strictSame(left, ['first'])
    lane().say('message', 'c', 'y')
    lane().confirm('unsubscribe', 'c')
    t.strictSame(left, ['first', 'second'])
    t.strictSame([ear.heard, second.heard], [['x'], ['x', 'y']])
    t.strictSame(lane().asked(), [], 'and asked once')
    t.ok(feed.isIdle)
  }
)

t.test('who subscribes while the last one leaves is not left deaf', async (t) => {
  const { feed, lane, ear } = listening(t)
  lane().asked()
  const next = new Ear()
  feed.unsubscribe('channel', names('c'), ear, () => undefined)
  const { answers } = ask(feed, next, 'c')
  t.strictSame(lane().asked(), ['unsubscribe c', 'subscribe c'], 'in this order')
  lane().confirm('unsubscribe', 'c')
  t.strictSame(answers, [])
  lane().confirm('subscribe', 'c')
  t.strictSame(answers, ['confirmed'])
  t.strictSame(lane().asked(), [])
  lane().say('message', 'c', 'x')
  t.strictSame([ear.heard, next.heard], [[], ['x']])
})

t.test('nothing unsubscribes what another one is waiting for', async (t) => {
  const { feed, lane, ear } = listening(t)
  const next = new Ear()
  ask(feed, next, 'c')
  lane().asked()
  feed.drop('channel', names('c'), ear)
  t.strictSame(lane().asked(), [])
  lane().confirm('subscribe', 'c')
  lane().say('message', 'c', 'x')
  t.strictSame(next.heard, ['x'])
  feed.drop('channel', names('c'), next)
  t.strictSame(lane().asked(), ['unsubscribe c'])
})

t.test('who gives up before the confirmation leaves no subscription behind', async (t) => {
  const { feed, lane } = listening(t)
  lane().asked()
  const { answers, giveUp } = ask(feed, new Ear(), 'd')
  giveUp()
  t.strictSame(lane().asked(), ['subscribe d'])
  lane().confirm('subscribe', 'd')
  t.strictSame(lane().asked(), ['unsubscribe d'])
  t.strictSame(answers, [])
})

t.test("Redis' refusal of one name is the answer to the whole request", async (t) => {
  const { feed, lane, ear } = listening(t)
  const { answers } = ask(feed, ear, 'c', 'd')
  lane().fail('NOPERM not yours')
  t.strictSame(answers, ['-NOPERM not yours'])
  lane().say('message', 'c', 'x')
  t.strictSame(ear.heard, ['x'], 'what it had stays')
  t.equal(feed.topics.get('channel', Buffer.from('d')), undefined)
})

t.test(
  'on another master everything is subscribed again before anything else, and the gap is measured',
  async (t) => {
    const { clock, feed, lane, lanes, gaps, ear } = listening(t)
    const pattern = new Ear()
    feed.subscribe('pattern', names('p*'), pattern, () => undefined)
    lane().confirm('psubscribe', 'p*')
    lane().lose()
    await clock.turn(1000)
    const { answers } = ask(feed, ear, 'late')
    feed.follow({ host: 'h', port: 2 })
    t.equal(lane().port, 2)
    t.equal(lanes.filter(({ ended }) => ended === undefined).length, 1, 'one connection is open')
    await clock.turn(20)
    lane().connect()
    t.strictSame(lane().asked(), ['subscribe c', 'psubscribe p*', 'subscribe late'])
    lane().confirm('subscribe', 'c')
    t.strictSame(gaps, [])
    lane().confirm('psubscribe', 'p*')
    t.strictSame(gaps, [1020])
    lane().confirm('subscribe', 'late')
    t.strictSame(answers, ['confirmed'])
    lane().say('message', 'c', 'x')
    lane().say('pmessage', 'p*', 'pc', 'y')
    t.strictSame([ear.heard, pattern.heard], [['x'], ['y']])
  }
)

t.test(
  'a rebind while the old connection still works is a gap too, and so is a second loss a longer one',
  async (t) => {
    const { clock, feed, lane, lanes, gaps } = listening(t)
    feed.follow({ host: 'h', port: 2 })
    t.equal(lanes[0]!.ended, 'cut')
    lane().connect()
    await clock.turn(30)
    lane().lose()
    await clock.turn(40)
    t.equal(lanes.length, 3, 'it is dialled again by itself')
    lane().connect()
    lane().confirm('subscribe', 'c')
    t.strictSame(gaps, [70])
  }
)

t.test('a gap in which the last listener left is none', async (t) => {
  const { clock, feed, lane, gaps, ear } = listening(t)
  lane().lose()
  feed.drop('channel', names('c'), ear)
  await clock.turn(100)
  ask(feed, ear, 'c')
  await clock.turn(2000)
  lane().connect()
  t.strictSame(gaps, [])
})

t.test('without a master a subscription is refused when its window is over [F4]', async (t) => {
  const { clock, feed, lane } = listening(t)
  lane().lose()
  const { answers } = ask(feed, new Ear(), 'd')
  await clock.turn(windowMs - 1)
  t.strictSame(answers, [])
  await clock.turn(1)
  t.match(answers[0], /^-MASTERDOWN /)
})

t.test('who leaves while there is no connection has left at once', async (t) => {
  const { feed, lane, ear } = listening(t)
  let hasLeft = false
  feed.unsubscribe('channel', names('c'), ear, () => (hasLeft = true))
  t.notOk(hasLeft)
  lane().lose()
  t.ok(hasLeft, 'Redis has forgotten it with the connection')
})

t.test('those who may not hear a name on the new master are closed, and the others are not', async (t) => {
  const { feed, lane, ear } = listening(t)
  const other = new Ear()
  ask(feed, other, 'd')
  lane().confirm('subscribe', 'd')
  feed.follow({ host: 'h', port: 2 })
  lane().connect()
  lane().asked()
  lane().fail('NOPERM one of the two')
  t.strictSame(lane().asked(), ['subscribe c', 'subscribe d'])
  lane().confirm('subscribe', 'c')
  lane().fail('NOPERM this one')
  t.strictSame([ear.isRevoked, other.isRevoked], [false, true])
})

t.test('any other refusal speaks of the node, which is asked again', async (t) => {
  const { clock, feed, lane, lanes, ear } = listening(t)
  feed.follow({ host: 'h', port: 2 })
  lane().connect()
  lane().fail('BUSY a script')
  t.equal(lane().ended, 'role')
  await clock.turn(40)
  t.equal(lanes.length, 3)
  t.notOk(ear.isRevoked)
})

t.test('a user whom the new master refuses loses its listeners, and hears why', async (t) => {
  const { feed, lane, ear } = listening(t)
  const { answers } = ask(feed, new Ear(), 'd')
  feed.follow({ host: 'h', port: 2 })
  lane().lose({ step: 'user', reply: Buffer.from('-WRONGPASS\r\n') }, 'handshake')
  t.ok(ear.isRevoked)
  t.strictSame(answers, ['-WRONGPASS'])
})

t.test('a frame that nothing asked for ends the connection [R2]', async (t) => {
  const { lane } = listening(t)
  lane().confirm('subscribe', 'never asked')
  t.equal(lane().ended, 'protocol')
})

t.test('a confirmation of another kind than was asked ends the connection [R2]', async (t) => {
  const { feed, lane } = listening(t)
  ask(feed, new Ear(), 'd')
  lane().confirm('psubscribe', 'd')
  t.equal(lane().ended, 'protocol')
})

t.test('a quiet connection is asked for a sign of life, and cut when it gives none [F7]', async (t) => {
  const { clock, feed, lane } = listening(t)
  lane().asked()
  feed.sweep(clock.now())
  await clock.turn(5001)
  feed.sweep(clock.now())
  t.strictSame(lane().asked(), ['ping'])
  lane().say('pong', '')
  feed.sweep(clock.now())
  await clock.turn(15_000)
  feed.sweep(clock.now())
  t.equal(lane().ended, undefined)
  await clock.turn(1)
  feed.sweep(clock.now())
  t.equal(lane().ended, 'timeout')
})
