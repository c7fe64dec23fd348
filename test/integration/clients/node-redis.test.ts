// node-redis 5 and 6 with their defaults: RESP2 in the one, RESP3 in the other.
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'
import t, { type Test } from 'tap'
import { countThroughFailover, useProxied } from './proxied.ts'

type Client = ReturnType<typeof createClient>

const libraries: readonly [string, (url: string) => Client][] = [
  ['node-redis 6', (url) => createClient({ url })],
  // The same interface, declared twice.
  ['node-redis 5', (url) => createClient5({ url }) as unknown as Client]
]

t.test('node-redis', async (t) => {
  const proxied = await useProxied(t)
  for (const [name, make] of libraries) {
    await t.test(`${name} does its work through the proxy unchanged`, async (t) => {
      await (await proxied.rig.currentMaster()).command('FLUSHALL')
      const connect = connector(t, () => make(proxied.url))
      await values(t, await connect())
      await transactions(t, await connect())
      await scripts(t, await connect())
      await scans(t, await connect())
      await waiting(t, await connect(), await connect())
      await messages(t, await connect(), await connect())
    })
  }
  await t.test(
    'none of them sees an error or a closed connection in a planned failover [F1] [F2] [F5]',
    async (t) => {
      const clients = await Promise.all(libraries.map(([, make]) => connector(t, () => make(proxied.url))()))
      for (const client of clients) {
        client.on('reconnecting', () => {
          t.fail('the connection was closed')
        })
      }
      for (const { told, read, kept } of await countThroughFailover(proxied, clients)) {
        t.ok(told > 0)
        t.strictSame([read, kept], [told, told], 'no acknowledged write is lost, and none is executed twice')
      }
    }
  )
})

function connector(t: Test, make: () => Client): () => Promise<Client> {
  return async () => {
    const client = make()
    client.on('error', (error: Error) => {
      t.fail(`the client reports: ${error.message}`)
    })
    t.teardown(() => {
      client.destroy()
    })
    await client.connect()
    return client
  }
}

async function values(t: Test, client: Client): Promise<void> {
  t.equal(await client.set('k', 'v', { EX: 100 }), 'OK')
  t.equal(await client.get('k'), 'v')
  t.equal(await client.get('missing'), null)
  await client.hSet('h', { a: '1', b: '2' })
  t.same(await client.hGetAll('h'), { a: '1', b: '2' })
  await client.zAdd('z', [
    { score: 1, value: 'one' },
    { score: 2.5, value: 'two' }
  ])
  t.same(await client.zRangeWithScores('z', 0, -1), [
    { score: 1, value: 'one' },
    { score: 2.5, value: 'two' }
  ])
  await t.rejects(client.incr('h'), { message: /^WRONGTYPE/ })
  const many = Array.from({ length: 500 }, (_, index) => index)
  await Promise.all(many.map((index) => client.set(`p${index}`, index)))
  t.same(await Promise.all(many.map((index) => client.get(`p${index}`))), many.map(String))
}

async function transactions(t: Test, client: Client): Promise<void> {
  t.same(await client.multi().set('n', 1).incr('n').get('n').exec(), ['OK', 2, '2'])
  await client.watch('n')
  const other = client.duplicate()
  await other.connect()
  await other.set('n', 'changed')
  other.destroy()
  await t.rejects(client.multi().set('n', 'lost').exec(), { name: 'Error', message: /watched/ })
  t.equal(await client.get('n'), 'changed')
}

async function scripts(t: Test, client: Client): Promise<void> {
  const script = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
  t.equal(await client.eval(script, { keys: ['counter'], arguments: ['2'] }), 2)
  const sha = await client.scriptLoad(script)
  t.equal(await client.evalSha(sha, { keys: ['counter'], arguments: ['40'] }), 42)
}

async function scans(t: Test, client: Client): Promise<void> {
  const found = new Set<string>()
  for await (const keys of client.scanIterator({ MATCH: 'p*', COUNT: 50 })) {
    for (const key of [keys].flat()) found.add(key)
  }
  t.equal(found.size, 500)
}

async function waiting(t: Test, client: Client, other: Client): Promise<void> {
  const popped = client.blPop('queue', 5)
  await other.rPush('queue', 'work')
  t.same(await popped, { key: 'queue', element: 'work' })
  t.equal(await client.blPop('queue', 0.05), null)
}

async function messages(t: Test, client: Client, subscriber: Client): Promise<void> {
  const heard: string[] = []
  const last = new Promise<void>((resolve) => {
    const listener = (text: string, channel: string): void => {
      heard.push(`${channel}: ${text}`)
      if (text === 'last') resolve()
    }
    void subscriber.subscribe(['news', 'weather'], listener)
    void subscriber.pSubscribe('sp*', listener)
  })
  // The subscriptions have to be there before anything is said.
  while (Number(await client.sendCommand(['PUBSUB', 'NUMPAT'])) !== 1) await client.ping()
  t.equal(await client.publish('news', 'first'), 1)
  t.equal(await client.publish('weather', 'rain'), 1)
  t.equal(await client.publish('sport', 'last'), 1)
  await last
  t.strictSame(heard, ['news: first', 'weather: rain', 'sport: last'])
  await subscriber.unsubscribe(['news', 'weather'])
  await subscriber.pUnsubscribe('sp*')
  t.equal(await client.publish('news', 'nobody'), 0)
}
