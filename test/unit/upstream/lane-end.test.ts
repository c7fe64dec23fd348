// How a lane may end, and what it hands back. Nothing sleeps: each step waits for the other side.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { asMaster, type Answer } from '../../harness/fake-redis.ts'
import { useFakeRedis } from '../../harness/with-rig.ts'
import { dial, Dialled, exchangeOf, nobody, open, Owner, type Ended } from './dialled.ts'

t.test('no request leaves before the node has proved its role [C1]', async (t) => {
  const fake = await useFakeRedis(t)
  const { lane, ended } = dial(t, fake.port)
  const redis = await fake.connection()
  const owner = new Owner()
  lane.send(exchangeOf(owner, ['SET', 'k', 'v']))
  t.strictSame(await redis.request(), ['ROLE'])
  t.strictSame(await redis.request(), ['CLIENT', 'ID'])
  redis.send('*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:1\r\n:7\r\n')
  t.match(await ended, { end: 'role', failure: { step: 'role' } })
  t.equal(owner.leftExchanges[0]?.state, 'unsent')
  await redis.closed
  t.equal(lane.isUsable, false)
})

t.test('what a handshake fails with is told, and a refused user is the session’s own affair', async (t) => {
  const cases: readonly (readonly [string, string, Ended['end'], boolean])[] = [
    ['ROLE', '-NOAUTH Authentication required.\r\n', 'role', false],
    ['AUTH', '-WRONGPASS invalid username-password pair or user is disabled.\r\n', 'handshake', true],
    ['SELECT', '-ERR DB index is out of range\r\n', 'handshake', true],
    ['HELLO', '-NOPROTO unsupported protocol version\r\n', 'handshake', false]
  ]
  for (const [name, reply, end, isOwn] of cases) {
    const answer: Answer = (args) => (args[0] === name ? reply : asMaster(args))
    const fake = await useFakeRedis(t, answer)
    const identity = { user: { username: 'alice', password: 'a' }, database: 99, protocol: 3 } as const
    const { lane, ended } = dial(t, fake.port, 'master', identity)
    const owner = new Owner()
    lane.send(exchangeOf(owner, ['SET', 'k', 'v']))
    t.match(await ended, { end, failure: { reply: Buffer.from(reply) } }, name)
    t.match(owner.left, [{ exchanges: [{ state: 'unsent' }], why: { role: 'master' } }], name)
    t.strictSame(owner.left[0]?.why.refusal, isOwn ? Buffer.from(reply) : undefined, name)
  }
})

t.test('nobody listening is `refused`, and nobody answering is `timeout` [F7]', async (t) => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const silent = new Dialled({ host: '127.0.0.1', port }, 'master', nobody, 30)
  const owner = new Owner()
  silent.lane.send(exchangeOf(owner, ['SET', 'k', 'v']))
  t.match(await silent.ended, { end: 'timeout', failure: undefined })
  t.equal(owner.leftExchanges[0]?.state, 'unsent')
  await new Promise((resolve) => server.close(resolve))
  t.match(await dial(t, port).ended, { end: 'refused' })
})

t.test(
  'a reply of which a part came before the end is no reply, and of a small one nothing has left [F1]',
  async (t) => {
    for (const how of ['end', 'reset'] as const) {
      const { dialled, lane, redis } = await open(t)
      const owner = new Owner()
      lane.send(exchangeOf(owner, ['GET', 'a'], ['GET', 'b']))
      await redis.request()
      await redis.request()
      redis.send('+whole\r\n$100\r\nhalf')
      await owner.received(8)
      redis[how]()
      t.match(await dialled.ended, { end: how === 'end' ? 'closed' : 'reset' })
      t.equal(owner.text, '+whole\r\n')
      t.match(owner.leftExchanges, [{ left: 1, answered: 1, isTorn: false, state: 'unanswered' }])
    }
  }
)

t.test('of a large reply bytes leave as they come, and what was cut off is torn [F1]', async (t) => {
  const { dialled, lane, redis } = await open(t)
  const owner = new Owner()
  lane.send(exchangeOf(owner, ['GET', 'a']))
  await redis.request()
  redis.send(`$5000\r\n${'x'.repeat(3000)}`)
  await owner.received(3000)
  redis.end()
  await dialled.ended
  t.match(owner.leftExchanges, [{ isTorn: true, left: 0 }])
})

t.test('a reply that nobody waits for cuts the lane, and nobody gets it [R2]', async (t) => {
  for (const surplus of ['+surplus\r\n', '+surplus', '>1\r\n+x\r\n', 'no RESP\r\n']) {
    const { dialled, lane, redis } = await open(t)
    const owner = new Owner()
    lane.send(exchangeOf(owner, ['GET', 'a']))
    await redis.request()
    redis.send(`+mine\r\n${surplus}`)
    t.match(await dialled.ended, { end: 'protocol' }, JSON.stringify(surplus))
    t.equal(owner.text, '+mine\r\n', JSON.stringify(surplus))
    await redis.closed
  }
})

t.test('what stands behind the handshake unasked cuts the lane before it takes a request [R2]', async (t) => {
  for (const surplus of ['+surplus\r\n', '$100\r\nhalf']) {
    const answer: Answer = (args) => (args[0] === 'CLIENT' ? `:7\r\n${surplus}` : asMaster(args))
    const fake = await useFakeRedis(t, answer)
    const { lane, ended } = dial(t, fake.port)
    const owner = new Owner()
    lane.send(exchangeOf(owner, ['SET', 'k', 'v']))
    t.match(await ended, { end: 'protocol' })
    t.equal(owner.leftExchanges[0]?.state, 'unsent')
  }
})

t.test('a request whose last byte never reached the kernel is known to be unsent [F2]', async (t) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(`${String(asMaster(['ROLE']))}:7\r\n`)
      socket.pause()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { lane, opened } = dial(t, (server.address() as AddressInfo).port)
  await opened
  const owner = new Owner()
  const small = exchangeOf(owner, ['SET', 'a', '1'])
  const large = exchangeOf(owner, ['SET', 'b', 'x'.repeat(64 * 1024 * 1024)])
  const behind = exchangeOf(owner, ['SET', 'c', '3'])
  for (const exchange of [small, large, behind]) lane.send(exchange)
  while (large.state === 'unsent') await new Promise(setImmediate)
  await new Promise(setImmediate)
  lane.cut()
  t.strictSame(owner.leftExchanges, [small, large, behind])
  t.match(small, { state: 'unanswered', isTailUnsent: false })
  t.match(large, { state: 'unanswered', isTailUnsent: true })
  t.match(behind, { state: 'unsent' }, 'behind a write that is under way nothing is written')
})
