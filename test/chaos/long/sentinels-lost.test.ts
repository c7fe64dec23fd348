// Sentinels that are gone, hang or come back, with and without a master that is lost meanwhile.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { downAfterMs, endScene, onTopMs, startScene } from '../scene.ts'

t.test('Sentinels lost one by one, all of them too, cost nothing while the master holds [F6]', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  for (const sentinel of rig.sentinels) {
    await sentinel.kill()
    await sleep(2000)
  }
  await sleep(3000)
  for (const sentinel of rig.sentinels) await sentinel.start()
  await rig.settled()
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, gapMs: plannedPause, windowMs: 500 })
  t.strictSame(outcome.errors, {})
})

t.test('Sentinels that hang, one after the other, cost nothing while the master holds [O1]', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  for (const sentinel of rig.sentinels) {
    sentinel.freeze()
    await sleep(2000)
  }
  await sleep(3000)
  for (const sentinel of rig.sentinels) sentinel.thaw()
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, gapMs: plannedPause, windowMs: 500 })
  t.strictSame(outcome.errors, {})
})

t.test('with one Sentinel lost a killed master is replaced as ever [F3] [F6]', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  const old = await rig.currentMaster()
  await rig.sentinels[0]!.kill()
  await sleep(1500)

  scene.loss()
  await old.kill()
  await scene.writing()
  const healedMs = performance.now()
  await rig.masterAfter(old)
  await sleep(1000)
  await endScene(t, scene, { healedMs, mayLose: 'uncarried', gapMs: downAfterMs + onTopMs })
})

t.test(
  'with all Sentinels lost and then the master, requests are refused in their window [F4]',
  async (t) => {
    const windowMs = 2000
    const scene = await startScene(t, { args: ['--hold.window', `${windowMs}ms`] })
    const { rig } = scene
    const master = await rig.currentMaster()
    for (const sentinel of rig.sentinels) await sentinel.kill()
    await sleep(1000)

    scene.loss()
    await master.kill()
    await sleep(5000)
    const mayRefuse = scene.history.acts.filter(({ reply }) => reply?.startsWith('-MASTERDOWN '))
    t.ok(mayRefuse.length > 0, 'requests are refused')
    for (const sentinel of rig.sentinels) await sentinel.start()
    await scene.writing(30_000)
    const healedMs = performance.now()
    await sleep(1000)

    await endScene(t, scene, { healedMs, mayLose: 'uncarried', refusedAfterMs: windowMs - 50, windowMs })
  }
)

/** Of a machine that has other things to do, too. */
const plannedPause = 250
