// kill -9 of the master.
import t from 'tap'
import { downAfterMs, endScene, onTopMs, startScene } from './scene.ts'
import { setTimeout as sleep } from 'node:timers/promises'

t.test(
  'a killed master costs one error per connection at most, and only what was in flight [F1] [F3]',
  async (t) => {
    const scene = await startScene(t)
    const { rig } = scene
    const old = await rig.currentMaster()

    scene.loss()
    await old.kill()
    await scene.writing()
    const healedMs = performance.now()
    await rig.masterAfter(old)
    await sleep(1000)

    await endScene(t, scene, { healedMs, mayLose: 'uncarried', gapMs: downAfterMs + onTopMs })
  }
)
