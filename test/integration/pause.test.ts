// POST /pause and /resume: requests for the master wait, reads go on, nobody gets an error before the window ends.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

const MASTERDOWN = '-MASTERDOWN No master was found in time; the request was not executed\r\n'

async function post(proxy: ProxyProcess, path: string): Promise<string> {
  const response = await proxy.fetch(path, { method: 'POST' })
  const { message } = (await response.json()) as { message: string }
  return `${response.status} ${message}`
}

async function readiness(
  proxy: ProxyProcess
): Promise<{ code: number; checks: { name: string; ok: boolean }[] }> {
  const response = await proxy.fetch('/readyz')
  return {
    code: response.status,
    ...((await response.json()) as { checks: { name: string; ok: boolean }[] })
  }
}

t.test('a pause holds writes, lets reads go on at the replicas, and ends without an error', async (t) => {
  const rig = await useRig(t)
  const proxy = await useProxy(t, rig, { args: ['--reads.consistency', 'eventual'] })
  const [writer, reader] = [await useClient(t, proxy), await useClient(t, proxy)]
  t.equal(String(await writer.command('SET', 'k', 'old')), '+OK\r\n')
  t.equal(String(await writer.command('WAIT', '2', '5000')), ':2\r\n', 'the replicas have it')
  await proxy.replicasServe(2)

  t.equal(
    await post(proxy, '/pause'),
    '200 paused: requests wait, each for 11s at most; nothing is in flight'
  )
  const replies: string[] = []
  const written = writer.command('SET', 'k', 'new').then((reply) => replies.push(String(reply)))
  const counted = writer.command('INCR', 'n').then((reply) => replies.push(String(reply)))
  t.equal(String(await reader.command('GET', 'k')), '$3\r\nold\r\n', 'a read is answered by a replica')
  const newcomer = await useClient(t, proxy)
  t.equal(String(await newcomer.command('PING')), '+PONG\r\n', 'new clients may come')
  await sleep(500)
  t.strictSame(replies, [], 'writes are not answered')

  t.match(await readiness(proxy), {
    code: 503,
    checks: [
      { name: 'master', ok: true },
      { name: 'running', ok: false }
    ]
  })
  t.equal(await proxy.metric('holdfast_paused'), 1)
  t.equal(
    await proxy.metric('holdfast_requests_held'),
    1,
    'what stands behind a held request is not even read'
  )
  t.match(await proxy.status(), {
    phase: 'serving',
    proxy: { paused: true, ready: false },
    held: { count: 1 }
  })
  const master = await rig.currentMaster()
  t.equal(await master.command('GET', 'k'), 'old', 'the master has seen nothing of it')

  t.equal(await post(proxy, '/resume'), '200 resumed: 1 requests had waited')
  await Promise.all([written, counted])
  t.strictSame(replies, ['+OK\r\n', ':1\r\n'])
  t.equal((await readiness(proxy)).code, 200)
  t.equal(await proxy.metric('holdfast_paused'), 0)
  t.equal(await post(proxy, '/resume'), '200 resumed: 0 requests had waited', 'once more does nothing')
})

t.test(
  'a request that waits for longer than its window gets an error that can be retried [F4]',
  async (t) => {
    const rig = await useRig(t, { replicas: 0, sentinels: 1, quorum: 1 })
    const proxy = await useProxy(t, rig, { args: ['--hold.window', '400ms'] })
    const client = await useClient(t, proxy)
    await post(proxy, '/pause')
    const sentMs = performance.now()
    t.equal(String(await client.command('SET', 'k', 'v')), MASTERDOWN)
    const waitedMs = performance.now() - sentMs
    t.ok(waitedMs >= 395 && waitedMs < 5000, `after ${waitedMs} ms`)
    t.equal(await proxy.metric('holdfast_hold_ended_total', { end: 'window' }), 1)
    await post(proxy, '/resume')
    t.equal(String(await client.command('GET', 'k')), '$-1\r\n', 'it was not executed')
  }
)

t.test('a pause says what is still in flight, and does not keep its reply', async (t) => {
  const rig = await useRig(t, { replicas: 0, sentinels: 1, quorum: 1, downAfterMs: 30_000 })
  const proxy = await useProxy(t, rig, { args: ['--heartbeat.deadline', '10s'] })
  const client = await useClient(t, proxy)
  const master = await rig.currentMaster()
  await client.command('SET', 'k', 'v')
  master.freeze()
  const read = client.command('GET', 'k')
  t.match(await post(proxy, '/pause'), '; 1 still in flight')
  master.thaw()
  t.equal(String(await read), '$1\r\nv\r\n', 'it comes while the pause lasts')
  await post(proxy, '/resume')
})

t.test('the master may be moved during a pause: what waited goes to the new one', async (t) => {
  const rig = await useRig(t)
  const proxy = await useProxy(t, rig)
  const client = await useClient(t, proxy)
  const old = await rig.currentMaster()
  await client.command('SET', 'k', '1')
  await post(proxy, '/pause')
  const counted = client.command('INCR', 'k')
  t.match(await post(proxy, '/switchover'), /^200 moved from /)
  t.equal(await proxy.metric('holdfast_requests_held'), 1, 'it still waits')
  await post(proxy, '/resume')
  t.equal(String(await counted), ':2\r\n')
  // At once: after some seconds the Sentinels make it a replica, which has what the new master has.
  t.not(await old.command('GET', 'k'), '2')
  const next = await rig.masterAfter(old)
  t.equal(await next.command('GET', 'k'), '2')
})

t.test('a request whose client has left during a pause is not executed', async (t) => {
  const rig = await useRig(t, { replicas: 0, sentinels: 1, quorum: 1 })
  const proxy = await useProxy(t, rig)
  const client = await useClient(t, proxy)
  await post(proxy, '/pause')
  void client.command('INCR', 'k').catch(() => undefined)
  while ((await proxy.metric('holdfast_requests_held')) === 0) await sleep(20)
  await client.close()
  while ((await proxy.metric('holdfast_client_connections')) > 0) await sleep(20)
  await post(proxy, '/resume')
  t.equal(await proxy.metric('holdfast_hold_ended_total', { end: 'client_gone' }), 1)
  t.equal(await (await rig.currentMaster()).command('GET', 'k'), null)
})
