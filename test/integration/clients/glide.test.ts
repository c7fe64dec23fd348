// Valkey GLIDE: its core is native, opens with HELLO 3, and asks INFO which of the servers is the primary.
import { Batch, GlideClient, ProtocolVersion, TimeUnit } from '@valkey/valkey-glide'
import t from 'tap'
import { countThroughFailover, useProxied } from './proxied.ts'

t.test('Valkey GLIDE', async (t) => {
  const proxied = await useProxied(t)
  const { host, port } = proxied
  for (const protocol of [ProtocolVersion.RESP3, ProtocolVersion.RESP2]) {
    const name = `GLIDE in RESP${protocol === ProtocolVersion.RESP3 ? 3 : 2}`
    await t.test(`${name} does its work through the proxy unchanged`, async (t) => {
      const client = await GlideClient.createClient({
        addresses: [{ host, port }],
        protocol,
        requestTimeout: 5000
      })
      t.teardown(() => {
        client.close()
      })
      await client.flushall()
      t.equal(await client.set('k', 'v', { expiry: { type: TimeUnit.Seconds, count: 100 } }), 'OK')
      t.equal(await client.get('k'), 'v')
      t.equal(await client.get('missing'), null)
      await client.hset('h', { a: '1', b: '2' })
      t.equal(await client.hget('h', 'b'), '2')
      t.equal(await client.zadd('z', { one: 1, two: 2.5 }), 2)
      t.equal(await client.zscore('z', 'two'), 2.5)
      await t.rejects(client.incr('h'), { message: /WRONGTYPE/ })
      t.strictSame(await client.exec(new Batch(true).set('n', '1').incr('n').get('n'), true), ['OK', 2, '2'])
      t.strictSame(await client.exec(new Batch(false).set('n', '5').incr('n'), true), ['OK', 6])
      const waiting = client.blpop(['queue'], 0.05)
      t.equal(await waiting, null)
      await client.rpush('queue', ['work'])
      t.strictSame(await client.blpop(['queue'], 1), ['queue', 'work'])
      t.match(await client.info(), /role:master/)
    })
  }

  await t.test('GLIDE sees no error in a planned failover [F1] [F2] [F5]', async (t) => {
    const client = await GlideClient.createClient({ addresses: [{ host, port }], requestTimeout: 10_000 })
    t.teardown(() => {
      client.close()
    })
    for (const { told, read, kept } of await countThroughFailover(proxied, [client])) {
      t.ok(told > 0)
      t.strictSame([read, kept], [told, told], 'no acknowledged write is lost, and none is executed twice')
    }
  })
})
