// Subscribers across a failover: they keep their connections, and hear what is published afterwards.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Rig } from '../../src/demo/redis-rig.ts'
import type { RigNode } from '../../src/demo/rig-node.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

type Subscribers = {
  readonly all: readonly RawClient[]
  /** Resolves when another master is bound and everyone has heard what was published then. */
  readonly failOver: (fault: (old: RigNode) => Promise<unknown>) => Promise<void>
}

async function useSubscribers(t: Test, rig: Rig, proxy: ProxyProcess): Promise<Subscribers> {
  const [plain, newer, patterned, sharded, publisher] = [
    await useClient(t, proxy),
    await useClient(t, proxy),
    await useClient(t, proxy),
    await useClient(t, proxy),
    await useClient(t, proxy)
  ]
  await newer.command('HELLO', '3')
  await newer.command('SUBSCRIBE', 'c')
  await plain.command('SUBSCRIBE', 'c')
  await patterned.command('PSUBSCRIBE', 'c*')
  await sharded.command('SSUBSCRIBE', 'c')
  const all = [plain, newer, patterned, sharded]
  const failOver = async (fault: (old: RigNode) => Promise<unknown>): Promise<void> => {
    const old = await rig.currentMaster()
    const generation = Number((await proxy.status())['generation'])
    await fault(old)
    while (Number((await proxy.status())['generation']) <= generation) await sleep(20)
    await rig.masterAfter(old)
    await proxy.ready()
    t.equal((await publisher.command('PUBLISH', 'c', 'after')).toString(), ':3\r\n')
    t.equal((await publisher.command('SPUBLISH', 'c', 'after')).toString(), ':1\r\n')
    for (const [index, client] of all.entries()) {
      const heard = (await client.reply()).toString()
      t.match(heard, /after\r\n$/, `client ${index} hears it`)
      t.equal(heard[0], index === 1 ? '>' : '*')
    }
  }
  return { all, failOver }
}

async function gaps(proxy: ProxyProcess): Promise<{ count: number; seconds: number }> {
  return {
    count: await proxy.metric('holdfast_pubsub_gap_seconds_count'),
    seconds: await proxy.metric('holdfast_pubsub_gap_seconds_sum')
  }
}

t.test('after a planned failover all subscribers hear what is published [F1]', async (t) => {
  const rig = await useRig(t)
  const proxy = await useProxy(t, rig)
  const { all, failOver } = await useSubscribers(t, rig, proxy)
  await failOver(() => rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName))
  t.ok(all.every((client) => client.isOpen))
  const { count, seconds } = await gaps(proxy)
  t.comment(`gap after a planned failover: ${(seconds * 1000).toFixed(1)} ms`)
  t.equal(count, 1)
  t.ok(seconds < 1, 'the new master was subscribed as soon as it was bound')
})

t.test('after the death of the master all subscribers hear what is published [F1]', async (t) => {
  const rig = await useRig(t)
  const proxy = await useProxy(t, rig)
  const { all, failOver } = await useSubscribers(t, rig, proxy)
  await failOver((old) => old.kill())
  t.ok(all.every((client) => client.isOpen))
  const { count, seconds } = await gaps(proxy)
  t.comment(`gap after the death of the master: ${(seconds * 1000).toFixed(0)} ms`)
  t.equal(count, 1)
  t.ok(seconds > 0.5, 'it lasted as long as the Sentinels needed')
})

t.test('what was held in a failover is published to those who listen [F2]', async (t) => {
  const rig = await useRig(t)
  const proxy = await useProxy(t, rig)
  const listener = await useClient(t, proxy)
  const publisher = await useClient(t, proxy)
  await listener.command('SUBSCRIBE', 'c')
  const old = await rig.currentMaster()
  await old.kill()
  await sleep(100)
  const counted = await publisher.command('PUBLISH', 'c', 'held')
  t.match((await listener.reply()).toString(), /held\r\n$/)
  t.equal(counted.toString(), ':1\r\n')
})

t.test('a subscriber that was closed by Redis alone is subscribed again on the same master', async (t) => {
  const rig = await useRig(t, { replicas: 0 })
  const proxy = await useProxy(t, rig)
  const listener = await useClient(t, proxy)
  const publisher = await useClient(t, proxy)
  await listener.command('SUBSCRIBE', 'c')
  const master = await rig.currentMaster()
  t.ok(Number(await master.command('CLIENT', 'KILL', 'TYPE', 'pubsub')) >= 1)
  while ((await gaps(proxy)).count === 0) await sleep(10)
  t.equal((await publisher.command('PUBLISH', 'c', 'x')).toString(), ':1\r\n')
  t.match((await listener.reply()).toString(), /x\r\n$/)
})
