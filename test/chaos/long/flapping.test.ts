// Trouble that comes and goes: connections cut again and again, a master that hangs now and then.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { downAfterMs, endScene, startScene } from '../scene.ts'
import { useRelayedRig } from '../relayed-rig.ts'

t.test(
  'CLIENT KILL of every connection, again and again, leads to one short wait each time [F1] [F3]',
  async (t) => {
    const scene = await startScene(t)
    const master = await scene.rig.currentMaster()
    for (let round = 0; round < 10; round += 1) {
      scene.loss()
      await master.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await sleep(400)
    }
    const healedMs = performance.now()
    await scene.writing()

    await endScene(t, scene, { healedMs, noticeMs: 200, windowMs: 1000, gapMs: 500, master })
    t.equal(await scene.proxy.metric('holdfast_failovers_total'), 0, 'and to no failover')
  }
)

t.test('connections that are reset in the network, again and again, do no more harm [F1] [F3]', async (t) => {
  const { rig, relayOf } = await useRelayedRig(t, downAfterMs)
  const scene = await startScene(t, { rig, paceMs: 6 })
  const master = await rig.currentMaster()
  for (let round = 0; round < 10; round += 1) {
    scene.loss()
    relayOf(master).reset((source) => source === '127.0.0.1')
    await sleep(400)
  }
  const healedMs = performance.now()
  await scene.writing()
  await endScene(t, scene, { healedMs, noticeMs: 200, windowMs: 1000, gapMs: 500, master })
})

t.test('a master that hangs for moments, again and again, costs waits and no error [F2] [F7]', async (t) => {
  const scene = await startScene(t, { rig: { downAfterMs: 2000 } })
  const master = await scene.rig.currentMaster()
  for (let round = 0; round < 12; round += 1) {
    master.freeze()
    await sleep(200 + 100 * (round % 6))
    master.thaw()
    await sleep(100 + 50 * (round % 3))
  }
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, windowMs: 1500, gapMs: 1000, master })
  t.strictSame(outcome.errors, {})
})

t.test('Sentinels that come and go during a planned failover do not prevent it [F5] [F6]', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  const old = await rig.currentMaster()
  await rig.sentinels[2]!.kill()
  await sleep(500)
  await rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName)
  await rig.sentinels[2]!.start()
  await rig.masterAfter(old)
  await sleep(2000)
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, windowMs: 1000 })
  t.strictSame(outcome.errors, {})
})
