// Subscribing through the proxy: what it costs Redis, what clients see of one another, and what a slow one does to the
// others. That the bytes are those of Redis the conformance scripts show.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import { requestOf, type RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

// One master that all tests share: each has channels of its own.
const rig = await useRig(t, { replicas: 0 })
const proxy = await useProxy(t, rig)

async function useClients(t: Test, to: ProxyProcess, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = []
  while (clients.length < count) clients.push(await useClient(t, to))
  return clients
}

const text = (reply: Buffer): string => reply.toString('latin1')

const message = (channel: string, payload: string): string =>
  `*3\r\n$7\r\nmessage\r\n$${channel.length}\r\n${channel}\r\n$${payload.length}\r\n${payload}\r\n`

/** What Redis itself counts. */
async function counted(channel: string): Promise<unknown> {
  const master = await rig.currentMaster()
  return ((await master.command('PUBSUB', 'NUMSUB', channel)) as unknown[])[1]
}

t.test('however many clients listen, Redis has one subscriber, and clients count all of them', async (t) => {
  const clients = await useClients(t, proxy, 300)
  const publisher = await useClient(t, proxy)
  const confirmed = await Promise.all(clients.map((client) => client.command('SUBSCRIBE', 'news')))
  t.strictSame([...new Set(confirmed.map(text))], ['*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n'])

  t.equal(await counted('news'), 1)
  t.equal(text(await publisher.command('PUBSUB', 'NUMSUB', 'news')), '*2\r\n$4\r\nnews\r\n:300\r\n')
  t.equal(await proxy.metric('holdfast_subscriptions', { kind: 'channel' }), 300)
  t.equal(await proxy.metric('holdfast_lanes', { kind: 'pubsub' }), 1)

  t.equal(text(await publisher.command('PUBLISH', 'news', 'hello')), ':300\r\n')
  const heard = await Promise.all(clients.map((client) => client.reply()))
  t.strictSame([...new Set(heard.map(text))], [message('news', 'hello')])

  await Promise.all(clients.slice(1).map((client) => client.close()))
  await until(async () => text(await publisher.command('PUBLISH', 'news', 'still')) === ':1\r\n')
  t.equal(await counted('news'), 1, 'one still listens')
  await clients[0]!.close()
  await until(async () => (await counted('news')) === 0)
})

t.test('patterns, sharded channels and transactions are counted as often as clients listen', async (t) => {
  const clients = await useClients(t, proxy, 3)
  for (const client of clients) {
    await client.command('PSUBSCRIBE', 'ne[a-w]s:*')
    await client.command('PSUBSCRIBE', '*:sport')
    await client.command('SSUBSCRIBE', 'shard')
  }
  await clients[0]!.command('SUBSCRIBE', 'news:sport')
  const publisher = await useClient(t, proxy)
  t.equal(text(await publisher.command('PUBLISH', 'news:sport', 'x')), ':7\r\n')
  t.equal(text(await publisher.command('PUBLISH', 'other:sport', 'x')), ':3\r\n')
  t.equal(text(await publisher.command('SPUBLISH', 'shard', 'x')), ':3\r\n')
  t.equal(text(await publisher.command('PUBSUB', 'NUMPAT')), ':2\r\n')

  await publisher.command('MULTI')
  await publisher.command('SET', 'k', 'v')
  await publisher.command('PUBLISH', 'news:sport', 'y')
  await publisher.command('PUBSUB', 'SHARDNUMSUB', 'shard', 'none')
  t.equal(
    text(await publisher.command('EXEC')),
    '*3\r\n+OK\r\n:7\r\n*4\r\n$5\r\nshard\r\n:3\r\n$4\r\nnone\r\n:0\r\n'
  )
})

t.test('a user hears only what its rules allow, also of a channel that another user has', async (t) => {
  const master = await rig.currentMaster()
  await master.command('ACL', 'SETUSER', 'joe', 'on', '>secret', '+@all', '~*', 'resetchannels', '&mine*')
  const [anyone, joe, publisher] = await useClients(t, proxy, 3)
  await anyone!.command('SUBSCRIBE', 'other')
  await anyone!.command('SUBSCRIBE', 'mine')
  t.equal(text(await joe!.command('AUTH', 'joe', 'secret')), '+OK\r\n')
  t.match(text(await joe!.command('SUBSCRIBE', 'mine', 'other')), /^-NOPERM .*channels/)
  t.equal(text(await joe!.command('GET', 'missing')), '$-1\r\n', 'nothing was subscribed')
  t.match(text(await joe!.command('SUBSCRIBE', 'mine')), /:1\r\n$/)
  t.equal(await counted('mine'), 2, 'one for each user')
  t.equal(text(await publisher!.command('PUBLISH', 'mine', 'x')), ':2\r\n')
  t.equal(text(await joe!.reply()), message('mine', 'x'))

  await t.test('and is closed when Redis takes them back', async (t) => {
    await master.command('ACL', 'SETUSER', 'joe', 'resetchannels')
    t.equal(await joe!.closed, 'fin')
    t.ok(anyone!.isOpen)
  })
})

t.test('more names than fit in one read are all subscribed, and none twice', async (t) => {
  const client = await useClient(t, proxy)
  const names = Array.from({ length: 6000 }, (_, index) => `channel:${'x'.repeat(20)}:${index}`)
  client.send(requestOf('SUBSCRIBE', ...names))
  const confirmed = await client.replies(names.length)
  t.match(text(confirmed.at(-1)!), /:6000\r\n$/)
  const publisher = await useClient(t, proxy)
  t.equal(text(await publisher.command('PUBLISH', names[5999]!, 'last')), ':1\r\n')
  t.equal(text(await client.reply()), message(names[5999]!, 'last'))
  client.send(requestOf('UNSUBSCRIBE'))
  t.match(text((await client.replies(names.length)).at(-1)!), /:0\r\n$/)
  t.equal(await counted(names[0]!), 0)
  t.equal(text(await client.command('GET', 'missing')), '$-1\r\n')
})

t.test('a subscription takes effect behind what the client asked before [R4]', async (t) => {
  const [client, other] = await useClients(t, proxy, 2)
  await client!.command('HELLO', '3')
  const asked = [
    requestOf('PUBLISH', 'c', 'too early'),
    requestOf('EVAL', "for i = 1, 3e6 do end return redis.call('GET', 'missing')", '0'),
    requestOf('SUBSCRIBE', 'c'),
    requestOf('GET', 'missing')
  ]
  client!.send(Buffer.concat(asked))
  t.equal(text(await client!.reply()), ':0\r\n')
  t.equal(text(await client!.reply()), '_\r\n')
  t.equal(text(await client!.reply()), '>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n')
  t.equal(text(await client!.reply()), '_\r\n')
  t.equal(text(await other!.command('PUBLISH', 'c', 'x')), ':1\r\n')
  t.match(text(await client!.reply()), /^>3\r\n\$7\r\nmessage/)
})

t.test('a message never comes inside a reply that is being taken [R2]', async (t) => {
  const [client, publisher] = await useClients(t, proxy, 2)
  const value = Buffer.alloc(24 * 1024 * 1024, 'v')
  await publisher!.command('SET', 'large', value)
  await client!.command('HELLO', '3')
  await client!.command('SUBSCRIBE', 'c')
  client!.pauseReading()
  client!.send(requestOf('GET', 'large'))
  for (let index = 0; index < 200; index++) await publisher!.command('PUBLISH', 'c', `message ${index}`)
  client!.resumeReading()
  const replies = await client!.replies(201)
  const pushes = replies.filter((reply) => reply[0] === 0x3e)
  const others = replies.filter((reply) => reply[0] !== 0x3e)
  t.strictSame(
    pushes.map((push) => /message (\d+)/.exec(text(push))?.[1]),
    Array.from({ length: 200 }, (_, index) => String(index))
  )
  t.equal(others.length, 1)
  t.ok(others[0]!.equals(Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')])))
})

t.test(
  'a subscriber that does not read is closed at its limit, and the others miss nothing [R3]',
  async (t) => {
    const [slow, quick, publisher] = await useClients(t, proxy, 3)
    await slow!.command('SUBSCRIBE', 'flood')
    await quick!.command('SUBSCRIBE', 'flood')
    slow!.pauseReading()
    const payload = 'p'.repeat(1024 * 1024)
    let heard = 0
    for (let index = 0; index < 60; index++) {
      await publisher!.command('PUBLISH', 'flood', payload)
      heard += (await quick!.reply()).length
    }
    t.equal(heard, 60 * message('flood', payload).length)
    const closed = { reason: 'output_limit' }
    await until(async () => (await proxy.metric('holdfast_client_connections_closed_total', closed)) === 1)
    t.equal(text(await publisher!.command('PUBLISH', 'flood', 'x')), ':1\r\n')
  }
)

t.test('a subscriber that only listens is not idle, as in Redis', async (t) => {
  const strict = await useProxy(t, rig, { args: ['--client.idleTimeout', '1s'] })
  const [listener, idle] = await useClients(t, strict, 2)
  await listener!.command('SUBSCRIBE', 'rare')
  t.equal(await idle!.closed, 'fin')
  t.ok(listener!.isOpen)
})

t.test('while there is no master a subscription waits, and no longer than its window [F4]', async (t) => {
  const impatient = await useProxy(t, rig, { args: ['--hold.window', '600ms'] })
  const patient = await useProxy(t, rig, { args: ['--hold.window', '20s'] })
  const [listener, late] = await useClients(t, impatient, 2)
  const waiting = await useClient(t, patient)
  await listener!.command('SUBSCRIBE', 'c')
  await (await rig.currentMaster()).kill()
  const before = performance.now()
  t.match(text(await late!.command('SUBSCRIBE', 'c')), /^-MASTERDOWN /)
  t.ok(performance.now() - before > 500)
  t.equal(text(await late!.command('PING')), '+PONG\r\n', 'it is no subscriber')
  t.equal(text(await listener!.command('UNSUBSCRIBE', 'c')), '*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n')

  waiting.send(requestOf('SUBSCRIBE', 'c'))
  await sleep(100)
  await rig.nodes[0]!.restart()
  t.match(text(await waiting.reply()), /subscribe\r\n\$1\r\nc\r\n:1\r\n$/)
})

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error('it did not come true')
    await sleep(5)
  }
}
