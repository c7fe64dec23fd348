// Feeds of all users: one each, and what Redis does not count of those who listen.
import t from 'tap'
import { Feeds } from '../../../src/upstream/feeds.ts'
import { ManualClock } from '../topology/manual-clock.ts'
import { FakeListeningLane } from './fake-listening-lane.ts'

function open(maxFeeds = 8) {
  const clock = new ManualClock()
  const lanes: FakeListeningLane[] = []
  const feeds = new Feeds({
    clock,
    maxFeeds,
    windowMs: () => 1000,
    onGap: () => undefined,
    matches: (pattern, channel) => channel.toString().startsWith(pattern.toString()),
    dial: ({ port }, _user, events) => {
      const lane = new FakeListeningLane(port, events)
      lanes.push(lane)
      return lane
    }
  })
  feeds.follow({ host: 'h', port: 1 })
  return { clock, lanes, feeds }
}

const nobody = () => ({ deliver: () => undefined, revoke: () => undefined })
const name = (text: string): Buffer[] => [Buffer.from(text)]

/** So many listeners of one user, confirmed. */
function listen(
  world: ReturnType<typeof open>,
  user: string,
  kind: 'channel' | 'pattern' | 'shard',
  count: number
) {
  const feed = world.feeds.of(user, { username: user, password: '' })!
  for (let index = 0; index < count; index++) feed.subscribe(kind, name('c'), nobody(), () => undefined)
  const lane = world.lanes.at(-1)!
  if (!lane.isConnected) lane.connect()
  const verb = { channel: 'subscribe', pattern: 'psubscribe', shard: 'ssubscribe' }[kind]
  for (let index = 0; index < count; index++) lane.confirm(verb, 'c')
  return lane
}

t.test('of all who listen Redis counts one for each user and topic', async (t) => {
  const world = open()
  t.equal(world.feeds.unseen('channel', Buffer.from('c')), 0)
  listen(world, 'ann', 'channel', 5)
  listen(world, 'ann', 'pattern', 3)
  listen(world, 'ann', 'shard', 4)
  listen(world, 'ben', 'channel', 2)
  t.equal(world.lanes.length, 2)
  t.equal(world.feeds.unseen('channel', Buffer.from('c')), 4 + 2 + 1)
  t.equal(world.feeds.unseen('channel', Buffer.from('cd')), 2, 'only through the pattern')
  t.equal(world.feeds.unseenOn('channel', Buffer.from('c')), 4 + 1)
  t.equal(world.feeds.unseen('shard', Buffer.from('c')), 3, 'patterns hear no sharded channel')
})

t.test('whoever hears nothing in a gap is not counted', async (t) => {
  const world = open()
  listen(world, 'ann', 'channel', 5).lose()
  t.equal(world.feeds.unseen('channel', Buffer.from('c')), 0)
})

t.test(
  'no more users subscribe at a time than may, and the place of one that left is free again',
  async (t) => {
    const world = open(1)
    const feed = world.feeds.of('ann', undefined)!
    t.equal(world.feeds.of('ben', undefined), undefined)
    const ann = nobody()
    feed.subscribe('channel', name('c'), ann, () => undefined)
    await world.clock.turn(1000)
    t.equal(world.feeds.of('ben', undefined), undefined)
    feed.drop('channel', name('c'), ann)
    world.lanes[0]!.connect()
    await world.clock.turn(1000)
    t.ok(world.feeds.of('ben', undefined))
    t.equal(world.lanes[0]!.ended, 'idle', 'a connection without any use is closed')
  }
)
