// The proxy's own switchover: it waits until every replica has everything before it asks the Sentinels.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProxyProcess } from '../../harness/proxy-process.ts'
import { useProxy } from '../../harness/with-rig.ts'
import { endScene, plannedGapMs, startScene, tenWritersAndFiveReaders } from '../scene.ts'
import { Traffic } from '../traffic.ts'

async function switchOver(proxy: ProxyProcess): Promise<Record<string, unknown>> {
  const response = await proxy.fetch('/switchover', { method: 'POST' })
  return (await response.json()) as Record<string, unknown>
}

t.test('a switchover asked of the proxy loses nothing and gives nobody an error [F5]', async (t) => {
  const scene = await startScene(t)
  const { rig, proxy } = scene
  for (let round = 0; round < 2; round += 1) {
    const old = await rig.currentMaster()
    t.comment(JSON.stringify(await switchOver(proxy)))
    await rig.masterAfter(old)
    await rig.settled(40_000)
    await sleep(1000)
  }
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, windowMs: 1000, gapMs: plannedGapMs * 2 })
  t.strictSame(outcome.errors, {})
  t.equal(await proxy.metric('holdfast_failover_handover_total', { proof: 'proved' }), 2)
})

t.test(
  'of two proxies in front of one master both lose nothing in a switchover of one of them [F5]',
  async (t) => {
    const scene = await startScene(t)
    const { rig, proxy, history } = scene
    const other = await useProxy(t, rig)
    const traffic = new Traffic({ port: other.port, history, paceMs: 3 })
    t.teardown(() => traffic.stop(0))
    const clients = Object.entries(tenWritersAndFiveReaders).map(
      ([name, role]) => [`other-${name}`, role] as const
    )
    await traffic.start(Object.fromEntries(clients))
    await sleep(1000)
    const old = await rig.currentMaster()

    t.comment(JSON.stringify(await switchOver(proxy)))
    await rig.masterAfter(old)
    const healedMs = performance.now()
    await sleep(3000)
    await traffic.stop()

    const outcome = await endScene(t, scene, { healedMs, windowMs: 1000, gapMs: plannedGapMs * 2 })
    t.strictSame(outcome.errors, {})
    for (const each of [proxy, other]) {
      t.equal(await each.metric('holdfast_failover_handover_total', { proof: 'proved' }), 1)
    }
  }
)
