// Causal reads, in front of replicas that are 20 ms behind: whoever has written, what was acknowledged is read.
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { sides, useRelayedRig } from '../chaos/relayed-rig.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

const DELAY_MS = 20
const WRITES = 200

type Scene = { readonly proxy: ProxyProcess; readonly writer: RawClient; readonly reader: RawClient }

/** Two clients, and replication that takes its time. */
async function start(t: Test, consistency: string): Promise<Scene> {
  const { rig, relayOf } = await useRelayedRig(t, 5000)
  const master = await rig.currentMaster()
  relayOf(master).delay(DELAY_MS, (source) => source === sides.rest)
  const proxy = await useProxy(t, rig, { args: ['--reads.consistency', consistency] })
  await proxy.replicasServe(2)
  return { proxy, writer: await useClient(t, proxy), reader: await useClient(t, proxy) }
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}

/** How many reads of one client missed what another had just had acknowledged. */
async function staleReads(
  { writer, reader }: Scene,
  write: (value: string) => readonly string[],
  read: readonly string[] = ['GET', 'k']
): Promise<number> {
  let stale = 0
  for (let index = 0; index < WRITES; index += 1) {
    const value = String(index)
    await writer.command(...write(value))
    const seen = String(await reader.command(...read))
    if (!seen.endsWith(bulk(value))) stale += 1
  }
  return stale
}

async function transact(client: RawClient, request: readonly string[]): Promise<void> {
  await client.command('MULTI')
  await client.command(...request)
  await client.command('EXEC')
}

async function byRoute(proxy: ProxyProcess, route: string): Promise<number> {
  return proxy.metric('holdfast_requests_total', { route })
}

t.test('what was acknowledged on one connection is read on another [C3]', async (t) => {
  const scene = await start(t, 'causal')
  const script = "return redis.call('SET', 'k', ARGV[1])"
  t.equal(await staleReads(scene, (value) => ['SET', 'k', value]), 0, 'behind SET')
  t.equal(await staleReads(scene, (value) => ['EVAL', script, '0', value]), 0, 'behind a script')
  t.equal(await staleReads(scene, (value) => ['MSET', 'a', '1', 'k', value], ['MGET', 'a', 'k']), 0, 'MGET')
  t.equal(await staleReads(scene, (value) => ['LPUSH', 'l', value], ['LRANGE', 'l', '0', '0']), 0, 'a list')
})

t.test('what a transaction has written is read on another connection [C3]', async (t) => {
  const { writer, reader } = await start(t, 'causal')
  let stale = 0
  for (let index = 0; index < 50; index += 1) {
    await transact(writer, ['SET', 'k', String(index)])
    if (String(await reader.command('GET', 'k')) !== bulk(String(index))) stale += 1
  }
  t.equal(stale, 0)
})

t.test('without it such reads are stale', async (t) => {
  const scene = await start(t, 'eventual')
  const stale = await staleReads(scene, (value) => ['SET', 'k', value])
  t.ok(stale > WRITES / 10, `${stale} of ${WRITES}`)
})

t.test('a key that nobody has just written is read at the replicas [C3]', async (t) => {
  const { proxy, writer, reader } = await start(t, 'causal')
  await writer.command('SET', 'calm', '1')
  await sleep(500)
  const before = await byRoute(proxy, 'replica')
  for (let index = 0; index < WRITES; index += 1) {
    await writer.command('SET', 'busy', String(index))
    if (index % 10 === 0) await transact(writer, ['SET', 'busy', String(index)])
    t.equal(String(await reader.command('GET', 'calm')), bulk('1'))
  }
  const atReplicas = (await byRoute(proxy, 'replica')) - before
  t.ok(atReplicas > WRITES / 2, `${atReplicas} of ${WRITES}`)
  t.equal(await proxy.metric('holdfast_read_fallbacks_total', { reason: 'consistency' }), 0)
})

t.test('a key that was written is read at the replicas as soon as they have it [C3]', async (t) => {
  const { proxy, writer, reader } = await start(t, 'causal')
  const before = await byRoute(proxy, 'replica')
  await writer.command('SET', 'k', '1')
  t.equal(String(await reader.command('GET', 'k')), bulk('1'))
  t.equal(await byRoute(proxy, 'replica'), before)
  const startedAtMs = performance.now()
  while ((await byRoute(proxy, 'replica')) === before) {
    t.equal(String(await reader.command('GET', 'k')), bulk('1'))
    await sleep(1)
  }
  const afterMs = performance.now() - startedAtMs
  t.ok(afterMs < 2000, `after ${afterMs} ms`)
})

t.test('in a planned failover nothing that was acknowledged is missed [C3] [F5]', async (t) => {
  const rig = await useRig(t)
  const proxy = await useProxy(t, rig)
  const scene = { proxy, writer: await useClient(t, proxy), reader: await useClient(t, proxy) }
  const master = await rig.currentMaster()
  let stale = await staleReads(scene, (value) => ['SET', 'k', value])
  await rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName)
  // The old master is a replica again after about 11 s.
  const endsAtMs = performance.now() + 15_000
  while (performance.now() < endsAtMs) stale += await staleReads(scene, (value) => ['SET', 'k', value])
  t.equal(stale, 0)
  t.not((await rig.currentMaster()).address, master.address)
  t.ok((await byRoute(proxy, 'replica')) > 0)
})
