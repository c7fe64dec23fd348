// ioredis 5 and 6 and iovalkey, as an application uses them, with the defaults each of them has.
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { Redis as Valkey } from 'iovalkey'
import t, { type Test } from 'tap'
import { countThroughFailover, useProxied } from './proxied.ts'

type Connect = () => Redis

// The three have one interface, declared three times.
const libraries: readonly [string, (port: number) => Connect][] = [
  ['ioredis 6', (port) => () => new Redis({ port })],
  ['ioredis 6 in RESP2', (port) => () => new Redis({ port, protocol: 2 })],
  ['ioredis 5', (port) => () => new Redis5({ port }) as unknown as Redis],
  ['iovalkey', (port) => () => new Valkey({ port }) as unknown as Redis]
]

t.test('ioredis and iovalkey', async (t) => {
  const proxied = await useProxied(t)
  for (const [name, make] of libraries) {
    await t.test(`${name} does its work through the proxy unchanged`, async (t) => {
      await (await proxied.rig.currentMaster()).command('FLUSHALL')
      const connect = connector(t, make(proxied.port))
      await values(t, connect())
      await transactions(t, connect())
      await scripts(t, connect())
      await scans(t, connect())
      await waiting(t, connect(), connect())
      await messages(t, connect(), connect())
      await streams(t, connect())
    })
  }
  await t.test(
    'none of them sees an error or a closed connection in a planned failover [F1] [F2] [F5]',
    async (t) => {
      const closed: string[] = []
      const clients = libraries.map(([name, make]) => {
        const redis = connector(t, make(proxied.port))()
        redis.on('close', () => closed.push(name))
        return redis
      })
      await Promise.all(clients.map((redis) => redis.ping()))
      for (const { told, read, kept } of await countThroughFailover(proxied, clients)) {
        t.ok(told > 0)
        t.strictSame([read, kept], [told, told], 'no acknowledged write is lost, and none is executed twice')
      }
      t.strictSame(closed, [])
    }
  )
})

function connector(t: Test, connect: Connect): Connect {
  return () => {
    const redis = connect()
    t.teardown(() => {
      redis.disconnect()
    })
    redis.on('error', (error: Error) => {
      t.fail(`the client reports: ${error.message}`)
    })
    return redis
  }
}

async function values(t: Test, redis: Redis): Promise<void> {
  t.equal(await redis.set('k', 'v', 'EX', 100), 'OK')
  t.equal(await redis.get('k'), 'v')
  t.equal(await redis.get('missing'), null)
  t.strictSame(await redis.getBuffer('k'), Buffer.from('v'))
  await redis.hset('h', { a: '1', b: '2' })
  t.strictSame(await redis.hgetall('h'), { a: '1', b: '2' })
  await redis.zadd('z', 1, 'one', 2.5, 'two')
  t.strictSame(await redis.zrange('z', '0', '-1', 'WITHSCORES'), ['one', '1', 'two', '2.5'])
  const large = 'x'.repeat(3_000_000)
  await redis.set('large', large)
  t.equal(await redis.get('large'), large)
  await t.rejects(redis.incr('h'), { message: /^WRONGTYPE/ })
  const pipeline = redis.pipeline()
  for (let index = 0; index < 500; index += 1) pipeline.set(`p${index}`, index).get(`p${index}`)
  const results = (await pipeline.exec()) ?? []
  t.strictSame(
    results.map(([, value]) => value),
    Array.from({ length: 500 }, (_, index) => ['OK', String(index)]).flat()
  )
}

async function transactions(t: Test, redis: Redis): Promise<void> {
  t.strictSame(await redis.multi().set('n', 1).incr('n').get('n').exec(), [
    [null, 'OK'],
    [null, 2],
    [null, '2']
  ])
  await redis.watch('n')
  const mine = redis.multi().incr('n')
  t.strictSame(await mine.exec(), [[null, 3]])
  const other = redis.duplicate()
  await redis.watch('n')
  await other.set('n', 'changed')
  other.disconnect()
  t.equal(await redis.multi().set('n', 'lost').exec(), null)
  t.equal(await redis.get('n'), 'changed')
}

async function scripts(t: Test, redis: Redis): Promise<void> {
  redis.defineCommand('addTo', { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" })
  const addTo = (redis as unknown as { addTo: (key: string, by: number) => Promise<number> }).addTo.bind(
    redis
  )
  t.equal(await addTo('counter', 2), 2)
  t.equal(await addTo('counter', 40), 42)
  t.equal(await redis.eval('return ARGV[1]', 0, 'back'), 'back')
}

async function scans(t: Test, redis: Redis): Promise<void> {
  const found = new Set<string>()
  for await (const keys of redis.scanStream({ match: 'p*', count: 50 })) {
    for (const key of keys as string[]) found.add(key)
  }
  t.equal(found.size, 500)
}

async function waiting(t: Test, redis: Redis, other: Redis): Promise<void> {
  const popped = redis.blpop('queue', 5)
  await other.rpush('queue', 'work')
  t.strictSame(await popped, ['queue', 'work'])
  t.equal(await redis.blpop('queue', 0.05), null)
}

async function messages(t: Test, redis: Redis, subscriber: Redis): Promise<void> {
  const heard: string[] = []
  const all = new Promise<void>((resolve) => {
    subscriber.on('message', (channel: string, text: string) => heard.push(`${channel}: ${text}`))
    subscriber.on('pmessage', (pattern: string, channel: string, text: string) => {
      heard.push(`${pattern} ${channel}: ${text}`)
      if (text === 'last') resolve()
    })
  })
  t.equal(await subscriber.subscribe('news', 'weather'), 2)
  t.equal(await subscriber.psubscribe('n*'), 3)
  t.equal(await redis.publish('news', 'first'), 2)
  t.equal(await redis.publish('weather', 'rain'), 1)
  t.equal(await redis.publish('news', 'last'), 2)
  await all
  t.strictSame(heard, ['news: first', 'n* news: first', 'weather: rain', 'news: last', 'n* news: last'])
  await subscriber.unsubscribe('news', 'weather')
  await subscriber.punsubscribe('n*')
  t.equal(await redis.publish('news', 'nobody'), 0)
}

async function streams(t: Test, redis: Redis): Promise<void> {
  await redis.xgroup('CREATE', 'events', 'workers', '0', 'MKSTREAM')
  await redis.xadd('events', '1-1', 'kind', 'made')
  const read = await redis.xreadgroup('GROUP', 'workers', 'me', 'BLOCK', 1000, 'STREAMS', 'events', '>')
  t.strictSame(read, [['events', [['1-1', ['kind', 'made']]]]])
  t.equal(await redis.xack('events', 'workers', '1-1'), 1)
}
