// SIGSTOP of the master, shortened: its connections stay open, connects succeed, and nothing answers.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { downAfterMs, endScene, onTopMs, startScene } from './scene.ts'

t.test('a frozen master is left, and nothing is lost or done twice when it wakes up [F3] [F7]', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  const old = await rig.currentMaster()

  scene.loss()
  old.freeze()
  await scene.writing()
  const healedMs = performance.now()
  await rig.masterAfter(old)
  await sleep(1500)
  old.thaw()
  // It says that it is master until the Sentinels demote it.
  await sleep(3000)

  await endScene(t, scene, { healedMs, gapMs: downAfterMs + onTopMs })
})
