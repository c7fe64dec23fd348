// What becomes of a verified master when the Sentinels that named it lose their majority: `available` goes on with it,
// `strict` stops writes until a majority is back [F6].
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from '../../src/demo/redis-rig.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

const MASTERDOWN = '-MASTERDOWN No master was found in time; the request was not executed\r\n'

type Scene = { readonly rig: Rig; readonly proxy: ProxyProcess; readonly client: RawClient }

async function start(t: Test, ...args: readonly string[]): Promise<Scene> {
  const rig = await useRig(t, { replicas: 1 })
  const proxy = await useProxy(t, rig, { args })
  const client = await useClient(t, proxy)
  t.equal(String(await client.command('INCR', 'n')), ':1\r\n')
  return { rig, proxy, client }
}

async function phase({ proxy }: Scene, wanted: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if ((await proxy.status())['phase'] === wanted) return
    await sleep(20)
  }
  throw new Error(`the proxy is not ${wanted} after 10 s\n${proxy.stderr}`)
}

const kill = async (rig: Rig, count: number): Promise<void> => {
  await Promise.all(rig.sentinels.slice(0, count).map((sentinel) => sentinel.kill()))
}
const revive = async (rig: Rig, count: number): Promise<void> => {
  await Promise.all(rig.sentinels.slice(0, count).map((sentinel) => sentinel.start()))
}

t.test(
  'a strict fence stops writes without a majority, and opens when there is one again [F6]',
  async (t) => {
    const scene = await start(t, '--failover.fence', 'strict', '--hold.window', '1s')
    const { rig, proxy, client } = scene
    await kill(rig, 2)
    await phase(scene, 'seeking')
    t.equal(
      await proxy.metric('holdfast_failover_transitions_total', { event: 'quorumLost', from: 'serving' }),
      1
    )
    const sentMs = performance.now()
    t.equal(String(await client.command('INCR', 'n')), MASTERDOWN)
    t.ok(performance.now() - sentMs >= 950, 'it is held first')
    t.equal((await proxy.fetch('/readyz')).status, 503)
    t.equal(
      await (await rig.currentMaster()).command('GET', 'n'),
      '1',
      'the master, which lives, got nothing'
    )

    await revive(rig, 2)
    await phase(scene, 'serving')
    t.equal(String(await client.command('INCR', 'n')), ':2\r\n', 'the same connection goes on')
    t.equal(await proxy.metric('holdfast_generation'), 1, 'the same master keeps its lanes')
  }
)

t.test('what is held when a strict fence falls is sent when it opens in time [F6]', async (t) => {
  const scene = await start(t, '--failover.fence', 'strict', '--hold.window', '20s')
  const { rig, client } = scene
  await kill(rig, 2)
  await phase(scene, 'seeking')
  const held = client.command('INCR', 'n')
  await sleep(300)
  await revive(rig, 2)
  t.equal(String(await held), ':2\r\n')
})

t.test(
  'behind a strict fence the word of the master itself opens nothing, however long it takes [F6]',
  async (t) => {
    const scene = await start(
      t,
      '--failover.fence',
      'strict',
      '--hold.window',
      '500ms',
      '--hold.budget',
      '1s'
    )
    const { rig, proxy, client } = scene
    await kill(rig, 3)
    await phase(scene, 'shedding')
    // In this phase a master that lives would be served again, were it not for the fence.
    await sleep(2000)
    t.equal((await proxy.status())['phase'], 'shedding')
    t.equal(String(await client.command('INCR', 'n')), MASTERDOWN)
    await revive(rig, 3)
    await phase(scene, 'serving')
    t.equal(String(await client.command('INCR', 'n')), ':2\r\n')
  }
)

t.test('a reply that comes behind a strict fence is not kept for ever [F3] [F4]', async (t) => {
  const budget = ['--hold.window', '500ms', '--hold.budget', '1s', '--heartbeat.deadline', '20s']
  const scene = await start(t, '--failover.fence', 'strict', ...budget)
  const { rig, client } = scene
  await kill(rig, 3)
  rig.nodes[0]!.freeze()
  const written = client.command('INCR', 'n')
  await phase(scene, 'shedding')
  t.match(String(await written), /^-UNCERTAIN /)
  rig.nodes[0]!.thaw()
  await revive(rig, 3)
  await phase(scene, 'serving')
  t.equal(String(await client.command('INCR', 'n')), ':3\r\n', 'it was executed, and once')
})

t.test('without any Sentinel a verified master is kept, and a metric says so [F6]', async (t) => {
  const scene = await start(t)
  const { rig, proxy, client } = scene
  await kill(rig, 3)
  await sleep(3000)
  t.equal(String(await client.command('INCR', 'n')), ':2\r\n')
  t.equal((await proxy.status())['phase'], 'serving')
  t.equal(await proxy.metric('holdfast_sentinel_quorum'), 0)
  t.equal((await proxy.fetch('/readyz')).status, 200)

  // Its own word is enough to go on, also after a doubt.
  const [master] = rig.nodes
  master!.freeze()
  await phase(scene, 'suspect')
  const held = client.command('INCR', 'n')
  master!.thaw()
  t.equal(String(await held), ':3\r\n')
  await phase(scene, 'serving')
  t.equal(await proxy.metric('holdfast_generation'), 1)
})
