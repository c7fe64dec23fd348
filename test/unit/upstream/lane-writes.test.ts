// What lanes tell of the writes that they carry: begun when they leave, ended once, however the lane ends. Nothing
// sleeps: each step waits for the other side.
import t, { type Test } from 'tap'
import { Exchange, type ReplyReceiver, type WriteWatch } from '../../../src/exchange.ts'
import { encode } from '../../../src/resp/decode.ts'
import { Turn } from '../../../src/turn.ts'
import { Dialer } from '../../../src/upstream/dialer.ts'
import type { Role } from '../../../src/upstream/handshake.ts'
import type { Lane, LaneEnd } from '../../../src/upstream/lane.ts'
import { asMaster, type FakeConnection } from '../../harness/fake-redis.ts'
import { useFakeRedis } from '../../harness/with-rig.ts'
import { exchangeOf, nobody } from './dialled.ts'

const READONLY = "-READONLY You can't write against a read only replica.\r\n"
const ROLE_REPLICA = '*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:1\r\n'

/** Everything that a lane tells, in one order; and a session on it. */
class Story implements WriteWatch, ReplyReceiver {
  readonly told: string[] = []
  /** How many writes of each key are under way. */
  readonly underWay = new Map<number, number>()
  onRelay: () => void = () => undefined

  begun = (keys: readonly number[]): void => {
    this.#count('begun', keys, 1)
  }

  ended = (keys: readonly number[]): void => {
    this.#count('ended', keys, -1)
  }

  relay = (_exchange: Exchange, bytes: Buffer): void => {
    this.told.push(`reply ${JSON.stringify(bytes.toString('latin1'))}`)
    this.onRelay()
  }

  leftOver = (exchanges: readonly Exchange[]): void => {
    this.told.push(`left ${exchanges.map(({ writes }) => String(writes)).join(' ')}`)
  }

  /** What was told since the last time. */
  take(): readonly string[] {
    return this.told.splice(0)
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise(setImmediate)
  }

  #count(what: string, keys: readonly number[], by: number): void {
    this.told.push(`${what} ${keys.join()}`)
    for (const key of keys) this.underWay.set(key, (this.underWay.get(key) ?? 0) + by)
  }
}

type Scene = {
  readonly story: Story
  readonly lane: Lane
  readonly redis: FakeConnection
  readonly ended: Promise<LaneEnd>
}

type Wanted = { readonly role?: Role | undefined; readonly onRefused?: (lane: Lane) => void }

async function start(t: Test, { role = 'master', onRefused }: Wanted = {}): Promise<Scene> {
  const replica = (args: readonly string[]) => (args[0] === 'ROLE' ? ROLE_REPLICA : asMaster(args))
  const fake = await useFakeRedis(t, role === 'replica' ? replica : asMaster)
  const story = new Story()
  const turn = new Turn()
  const dialer = new Dialer({
    ...{ service: undefined, connectTimeoutMs: 5000, replyBufferBytes: 1024 },
    ...{ turn, writes: story }
  })
  let hasEnded: (end: LaneEnd) => void = () => undefined
  const ended = new Promise<LaneEnd>((resolve) => (hasEnded = resolve))
  const lane = await new Promise<Lane>((resolve) => {
    dialer.dial({ host: '127.0.0.1', port: fake.port }, role, nobody, {
      onOpen: resolve,
      onRefused: (refusing) => onRefused?.(refusing),
      onEnd: (_lane, end) => hasEnded(end)
    })
  })
  t.teardown(() => lane.cut())
  return { story, lane, redis: await fake.connection(), ended }
}

/** SETs of these keys in one exchange. */
function write(owner: ReplyReceiver, ...keys: readonly number[]): Exchange {
  const exchange = exchangeOf(owner, ...keys.map((key) => ['SET', String(key), 'v']))
  exchange.writes = [...keys]
  return exchange
}

async function arrived({ redis }: Scene, requests: number): Promise<void> {
  for (let left = requests; left > 0; left--) await redis.request()
}

function balanced(t: Test, { underWay }: Story): void {
  for (const [key, count] of underWay) t.equal(count, 0, `key ${key} is balanced`)
}

t.test('a write has begun before its bytes leave, and ended before its reply does [C3]', async (t) => {
  const scene = await start(t)
  const { story, lane, redis } = scene
  lane.send(write(story, 1))
  t.strictSame(story.take(), [], 'it waits')
  await arrived(scene, 1)
  t.strictSame(story.take(), ['begun 1'])
  redis.send('+OK\r\n')
  await story.until(() => story.told.length >= 2)
  t.strictSame(story.take(), ['ended 1', 'reply "+OK\\r\\n"'])
  lane.cut()
  t.equal(await scene.ended, 'cut')
  t.strictSame(story.take(), [], 'the end of the lane says nothing more of it')
})

t.test('a run ends with its last reply, though the first ones leave earlier [C3]', async (t) => {
  const scene = await start(t)
  const { story, lane, redis } = scene
  lane.send(write(story, 1, 2, 1))
  await arrived(scene, 3)
  redis.send('+a\r\n+b\r\n')
  await story.until(() => story.told.length >= 2)
  t.strictSame(story.take(), ['begun 1,2,1', 'reply "+a\\r\\n+b\\r\\n"'])
  redis.send('+c\r\n')
  await story.until(() => story.told.length >= 2)
  t.strictSame(story.take(), ['ended 1,2,1', 'reply "+c\\r\\n"'])
})

t.test('of reads nothing is told, nor on lanes that lead to no master', async (t) => {
  const reading = await start(t)
  reading.lane.send(exchangeOf(reading.story, ['GET', 'k']))
  await arrived(reading, 1)
  reading.lane.cut()
  t.strictSame(reading.story.take(), ['left undefined'])
  const { story, lane, ...others } = await start(t, { role: 'replica' })
  lane.send(write(story, 1))
  await others.redis.request()
  others.redis.send('+OK\r\n')
  await story.until(() => story.told.length > 0)
  t.strictSame(story.take(), ['reply "+OK\\r\\n"'])
})

t.test('however a lane ends, what has left ends, and what has not never began [C3]', async (t) => {
  const ways: readonly (readonly [LaneEnd, (scene: Scene) => void])[] = [
    ['cut', ({ lane }) => lane.cut()],
    ['closed', ({ redis }) => redis.end()],
    ['reset', ({ redis }) => redis.reset()],
    ['protocol', ({ redis }) => redis.send('no RESP\r\n')]
  ]
  for (const [end, endIt] of ways) {
    const scene = await start(t)
    const { story, lane, redis } = scene
    for (const exchange of [
      write(story, 1),
      write(story, 2, 3),
      exchangeOf(story, ['GET', '9']),
      write(story, 4)
    ])
      lane.send(exchange)
    await arrived(scene, 5)
    redis.send('+a\r\n+b\r\n')
    await story.until(() => story.told.length >= 6)
    const soFar = ['begun 1', 'begun 2,3', 'begun 4', 'ended 1', 'reply "+a\\r\\n"', 'reply "+b\\r\\n"']
    t.strictSame(story.take(), soFar, end)
    lane.withhold()
    lane.send(write(story, 5))
    endIt(scene)
    t.equal(await scene.ended, end)
    const owed = 'left 2,3 undefined 4 5'
    t.strictSame(story.take(), ['ended 2,3', 'ended 4', owed], `${end}: told before it is handed back`)
    balanced(t, story)
  }
})

t.test('a write behind one that is still under way has not begun [C3]', async (t) => {
  const scene = await start(t)
  const { story, lane } = scene
  const bytes = encode('SET', '1', 'x'.repeat(64 * 1024 * 1024))
  const half = bytes.length / 2
  const parts = [bytes.subarray(0, half), bytes.subarray(half)]
  const large = new Exchange(story, { bytes, start: 0, end: half, parts, size: bytes.length }, 'once', 0)
  large.writes = [1]
  lane.send(large)
  lane.send(write(story, 2))
  await story.until(() => large.state !== 'unsent')
  lane.cut()
  t.strictSame(story.take(), ['begun 1', 'ended 1', 'left 1 2'])
})

t.test('what Redis has answered has ended, whether or not its reply leaves [C3] [F5]', async (t) => {
  for (const how of ['release', 'cut'] as const) {
    const scene = await start(t)
    const { story, lane, redis } = scene
    lane.send(write(story, 1))
    lane.send(write(story, 2, 3))
    await arrived(scene, 3)
    lane.withhold()
    redis.send('+a\r\n+b\r\n')
    await story.until(() => story.told.length >= 3)
    t.strictSame(story.take(), ['begun 1', 'begun 2,3', 'ended 1'])
    lane[how]()
    const released = ['reply "+a\\r\\n"', 'reply "+b\\r\\n"']
    t.strictSame(story.take(), how === 'release' ? released : ['ended 2,3', 'left 1 2,3'], how)
    if (how === 'release') redis.send('+c\r\n')
    await story.until(() => how === 'cut' || story.told.length >= 2)
    t.strictSame(story.take(), how === 'release' ? ['ended 2,3', 'reply "+c\\r\\n"'] : [], how)
    balanced(t, story)
  }
})

t.test('what is refused has ended too, and what is handed back unsent never began [C3] [F2]', async (t) => {
  const scene = await start(t)
  const { story, lane, redis } = scene
  for (const exchange of [write(story, 1, 2), write(story, 3)]) lane.send(exchange)
  await arrived(scene, 3)
  redis.send(`+a\r\n${READONLY}`)
  await story.until(() => !lane.isUsable)
  t.strictSame(story.take(), ['begun 1,2', 'begun 3', 'reply "+a\\r\\n"', 'ended 1,2'])
  lane.send(write(story, 4))
  redis.send(READONLY)
  t.equal(await scene.ended, 'role')
  t.strictSame(story.take(), ['ended 3', 'left 1,2 3 4'])
  balanced(t, story)
})

t.test(
  'who cuts the lane while he is told of a refusal or of a reply ends each write once [C3]',
  async (t) => {
    const refused = await start(t, { onRefused: (lane) => lane.cut() })
    refused.lane.send(write(refused.story, 1, 2))
    refused.lane.send(write(refused.story, 3))
    await arrived(refused, 3)
    refused.redis.send(`+a\r\n${READONLY}+c\r\n`)
    t.equal(await refused.ended, 'cut')
    await new Promise(setImmediate)
    t.strictSame(refused.story.take(), [
      ...['begun 1,2', 'begun 3', 'reply "+a\\r\\n"'],
      ...['ended 1,2', 'ended 3', 'left 1,2 3']
    ])
    const answered = await start(t)
    answered.lane.send(write(answered.story, 1))
    answered.lane.send(write(answered.story, 2))
    await arrived(answered, 2)
    answered.story.onRelay = () => answered.lane.cut()
    answered.redis.send('+a\r\n+b\r\n')
    t.equal(await answered.ended, 'cut')
    await new Promise(setImmediate)
    const told = ['begun 1', 'begun 2', 'ended 1', 'reply "+a\\r\\n"', 'ended 2', 'left 2']
    t.strictSame(answered.story.take(), told)
  }
)

t.test('a run writes what each of its requests does [C3]', async (t) => {
  const story = new Story()
  const next = { bytes: Buffer.alloc(0), start: 0, end: 0, parts: undefined, size: 0 }
  const run = exchangeOf(story, ['GET', 'k'])
  run.extend(next, 'again', undefined)
  t.equal(run.writes, undefined)
  run.extend(next, 'once', [1])
  t.strictSame(run.writes, [1])
  run.extend(next, 'again', undefined)
  run.extend(next, 'once', [2, 3])
  t.strictSame(run.writes, [1, 2, 3])
  t.equal(run.count, 5)
})
