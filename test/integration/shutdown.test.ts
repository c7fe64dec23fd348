// SIGTERM: what probes, new clients and each kind of connected client see, until the process has ended.
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from '../../src/demo/redis-rig.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import { RawClient, requestOf } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

const MASTERDOWN = '-MASTERDOWN No master was found in time; the request was not executed\r\n'

type Scene = { readonly rig: Rig; readonly proxy: ProxyProcess }

async function start(t: Test, options: { args?: readonly string[]; replicas?: number } = {}): Promise<Scene> {
  const { args = [], replicas = 0 } = options
  const one = { replicas, sentinels: 1, quorum: 1, downAfterMs: 30_000 }
  const rig = await useRig(t, { ...one, redisArgs: ['--enable-debug-command', 'yes'] })
  const proxy = await useProxy(t, rig, { args: ['--heartbeat.deadline', '20s', ...args] })
  return { rig, proxy }
}

/** Resolves when a client of the proxy is blocked at Redis. */
async function blocked({ rig }: Scene): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (String(await rig.nodes[0]!.command('INFO', 'clients')).includes('blocked_clients:1\r\n')) return
    await sleep(20)
  }
  throw new Error('nobody is blocked after 10 s')
}

/** Sends the signal; resolves when the proxy has heard it. */
async function shutDown(proxy: ProxyProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  proxy.signal(signal)
  while (!proxy.stderr.includes('shutting down')) await sleep(5)
}

/** The exit code, and how long after the call it came. */
async function exit(proxy: ProxyProcess): Promise<{ code: number | string; afterMs: number }> {
  const sinceMs = performance.now()
  const code = await proxy.exited
  return { code, afterMs: performance.now() - sinceMs }
}

t.test('SIGTERM lets every client have its replies, and the process ends with 0', async (t) => {
  const { rig, proxy } = await start(t)
  const [idle, half, pipeline, single] = [
    await useClient(t, proxy),
    await useClient(t, proxy),
    await useClient(t, proxy),
    await useClient(t, proxy)
  ]
  await single.command('SET', 'k', 'v')
  half.send('*2\r\n$3\r\nGET\r\n')
  // Redis answers nothing for a second: what is in flight meets the signal.
  const slow = rig.nodes[0]!.command('DEBUG', 'SLEEP', '1')
  await sleep(100)
  pipeline.send(Buffer.concat(Array.from({ length: 500 }, () => requestOf('INCR', 'n'))))
  const read = single.command('GET', 'k')
  await sleep(50)

  proxy.signal('SIGTERM')
  t.equal(await idle.closed, 'fin', 'an idle client is closed at once')
  const readiness = await proxy.fetch('/readyz')
  t.equal(readiness.status, 503)
  t.match(await readiness.json(), {
    checks: [{}, {}, { name: 'serving', ok: false, detail: 'shutting down' }]
  })
  t.equal(await proxy.metric('holdfast_draining'), 1, '/metrics still answers')
  t.equal((await proxy.fetch('/livez')).status, 200)
  await t.rejects(RawClient.connect(proxy.port), { code: 'ECONNREFUSED' }, 'new clients are refused')

  t.equal(String(await read), '$1\r\nv\r\n')
  t.equal(await single.closed, 'fin')
  const replies = await pipeline.replies(500)
  t.equal(String(replies.at(-1)), ':500\r\n', 'a pipeline gets all its replies')
  t.equal(await pipeline.closed, 'fin')
  await half.close()
  const { code, afterMs } = await exit(proxy)
  t.equal(code, 0)
  t.ok(afterMs < 5000, `${afterMs} ms after the last client`)
  await slow
})

t.test(
  'a client that never pauses is let go between two requests: what it got no reply for is not executed',
  async (t) => {
    const { rig, proxy } = await start(t, { args: ['--shutdown.drainTimeout', '2s'] })
    const acknowledged = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const client = await useClient(t, proxy)
        // Always this many unanswered, so that most of them are never idle.
        const depth = index + 1
        for (let n = 0; n < depth; n += 1) client.send(requestOf('INCR', `n:${index}`))
        return { client, key: `n:${index}` }
      })
    ).then((clients) => {
      const counts = Promise.all(clients.map(({ client, key }) => busy(client, key)))
      void allPast(rig, clients).then(() => {
        proxy.signal('SIGTERM')
      })
      return counts
    })
    const { code } = await exit(proxy)
    t.equal(code, 0)
    for (const [index, { count, how }] of acknowledged.entries()) {
      t.equal(
        await rig.nodes[0]!.command('GET', `n:${index}`),
        String(count),
        `client ${index}, ended by ${how}`
      )
      t.ok(count > 10)
    }
  }
)

/** Resolves when each of them has counted for a while. */
async function allPast(rig: Rig, clients: readonly { readonly key: string }[]): Promise<void> {
  await sleep(300)
  for (const { key } of clients) while (Number(await rig.nodes[0]!.command('GET', key)) < 30) await sleep(20)
}

/** Sends the next request for each reply; resolves with how many came when the connection has ended. */
async function busy(client: RawClient, key: string): Promise<{ count: number; how: string }> {
  let count = 0
  for (;;) {
    const reply = await client.reply().catch(() => undefined)
    if (reply === undefined) return { count, how: await client.closed }
    count += 1
    client.send(requestOf('INCR', key))
  }
}

t.test('what waits for a master at shutdown gets the error that it can be retried [F4]', async (t) => {
  const { rig, proxy } = await start(t, { args: ['--shutdown.drainTimeout', '1s'] })
  const client = await useClient(t, proxy)
  await proxy.fetch('/pause', { method: 'POST' })
  const held = client.command('INCR', 'n')
  while ((await proxy.metric('holdfast_requests_held')) === 0) await sleep(20)
  proxy.signal('SIGTERM')
  t.equal(String(await held), MASTERDOWN)
  t.equal(await client.closed, 'fin')
  t.equal((await exit(proxy)).code, 0)
  t.equal(await rig.nodes[0]!.command('GET', 'n'), null)
})

t.test('a client that blocks is closed when the time is up', async (t) => {
  const scene = await start(t, { args: ['--shutdown.drainTimeout', '1s'] })
  const { proxy } = scene
  const client = await useClient(t, proxy)
  client.send(requestOf('BLPOP', 'list', '0'))
  await blocked(scene)
  const sinceMs = performance.now()
  proxy.signal('SIGTERM')
  t.equal(await client.closed, 'fin')
  const afterMs = performance.now() - sinceMs
  t.ok(afterMs > 900 && afterMs < 5000, `after ${afterMs} ms`)
  t.equal((await exit(proxy)).code, 0)
  t.match(proxy.stderr, '"clients":1,"msg":"closed before they had their replies"')
})

t.test('until shutdown.delay is over clients are accepted, though the proxy is not ready', async (t) => {
  const { proxy } = await start(t, { args: ['--shutdown.delay', '2s'] })
  await shutDown(proxy)
  t.equal((await proxy.fetch('/readyz')).status, 503)
  const client = await useClient(t, proxy)
  t.equal(String(await client.command('PING')), '+PONG\r\n')
  t.equal(await client.closed, 'fin')
  t.equal((await exit(proxy)).code, 0)
})

t.test('a second signal ends at once, with 1', async (t) => {
  for (const [first, second] of [
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGTERM']
  ] as const) {
    const scene = await start(t, { args: ['--shutdown.drainTimeout', '30s'] })
    const { proxy } = scene
    const client = await useClient(t, proxy)
    client.send(requestOf('BLPOP', 'list', '0'))
    await blocked(scene)
    await shutDown(proxy, first)
    await sleep(200)
    t.equal(proxy.alive, true, `${first} waits`)
    proxy.signal(second)
    const { code, afterMs } = await exit(proxy)
    t.equal(code, 1)
    t.ok(afterMs < 5000, `${afterMs} ms`)
    t.match(proxy.stderr, 'ended at once by a second signal')
  }
})

t.test('a proxy that never found a master ends as quickly', async (t) => {
  const rig = { masterName: 'mymaster', sentinelAddresses: () => ['127.0.0.1:1'] }
  const proxy = await useProxy(t, rig, { waitReady: false })
  while (!proxy.stderr.includes('listening')) await sleep(20)
  proxy.signal('SIGTERM')
  const { code, afterMs } = await exit(proxy)
  t.equal(code, 0)
  t.ok(afterMs < 5000, `${afterMs} ms`)
})

t.test('a switchover that is under way does not keep the process', async (t) => {
  const { rig, proxy } = await start(t, { replicas: 1 })
  const slow = rig.nodes[0]!.command('DEBUG', 'SLEEP', '1')
  await sleep(50)
  void proxy.fetch('/switchover', { method: 'POST' }).catch(() => undefined)
  for (let tries = 0; tries < 2000 && !proxy.stderr.includes('switchoverAsked'); tries += 1) await sleep(5)
  t.match(proxy.stderr, 'switchoverAsked')
  proxy.signal('SIGTERM')
  const { code, afterMs } = await exit(proxy)
  t.equal(code, 0)
  t.ok(afterMs < 8000, `${afterMs} ms`)
  await slow
})
