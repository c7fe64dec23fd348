// SENTINEL FAILOVER: the old master goes on saying OK for seconds after the new one is there.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { endScene, plannedGapMs, startScene } from './scene.ts'

t.test('a planned failover loses no write and gives no client an error [F1] [F5]', async (t) => {
  const scene = await startScene(t)
  const { rig, proxy } = scene
  const old = await rig.currentMaster()
  const wereDone = await proxy.metric('holdfast_failovers_total')

  await rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName)
  await rig.masterAfter(old)
  // The old master is told of its new part only now, and says until then that it is master.
  await sleep(3000)
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, gapMs: plannedGapMs, windowMs: 700 })
  t.strictSame(outcome.errors, {})
  t.equal(outcome.lost, 0)
  t.equal(await proxy.metric('holdfast_failovers_total'), wereDone + 1, 'it is one failover')
  t.equal(
    await proxy.metric('holdfast_failover_handover_total', { proof: 'proved' }),
    1,
    'proved lossless by its offsets'
  )
})
