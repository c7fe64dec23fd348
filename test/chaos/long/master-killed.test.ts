// The master ends by itself: asked to by SIGTERM, told to by SHUTDOWN, or together with the replica that follows it.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { downAfterMs, endScene, onTopMs, startScene } from '../scene.ts'

// By SIGTERM Redis 7 goes on for a moment, until its replicas have everything, and does not answer writes meanwhile.
for (const how of ['SIGTERM', 'SIGKILL', 'SIGSEGV'] as const) {
  t.test(`a master that ends by ${how} costs no client its connection [F1] [F3]`, async (t) => {
    const scene = await startScene(t)
    const { rig } = scene
    const old = await rig.currentMaster()

    scene.loss()
    await old.kill(how)
    await scene.writing()
    const healedMs = performance.now()
    await rig.masterAfter(old)
    await sleep(5000)

    const mayLose = how === 'SIGTERM' ? 'nothing' : 'uncarried'
    await endScene(t, scene, { healedMs, mayLose, gapMs: downAfterMs + onTopMs })
  })
}

t.test('a replica that is promoted and dies at once is followed by the next one [F1] [F3]', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  const old = await rig.currentMaster()

  scene.loss()
  await old.kill()
  await scene.writing()
  const promoted = await rig.masterAfter(old)
  scene.loss()
  await promoted.kill()
  await scene.writing(60_000)
  const healedMs = performance.now()
  await sleep(2000)

  // The second failover may have to wait until the Sentinels have finished the first.
  await endScene(t, scene, { healedMs, mayLose: 'uncarried', windowMs: downAfterMs + 10_000 })
})
