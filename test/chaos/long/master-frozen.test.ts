// SIGSTOP of the master for 12 s, in which another one takes its place; and for a moment, in which none does.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchWrites } from '../old-master.ts'
import { downAfterMs, endScene, onTopMs, startScene } from '../scene.ts'

t.test(
  'a master that wakes up after 12 s gets no write, and nothing is done twice [F3] [F6] [F7]',
  async (t) => {
    const scene = await startScene(t)
    const { rig } = scene
    const old = await rig.currentMaster()

    scene.loss()
    old.freeze()
    await scene.writing()
    const healedMs = performance.now()
    await rig.masterAfter(old)
    await sleep(12_000 - (performance.now() - scene.lossesMs[0]!))
    old.thaw()
    await old.command('CONFIG', 'RESETSTAT')
    const watch = watchWrites(old)
    // The Sentinels demote it after about 10 s.
    await sleep(13_000)

    const { looks, writes } = await watch.end()
    t.ok(looks > 10, `it said ${looks} times that it is master`)
    t.strictSame(writes, [], 'and ran no write')
    await endScene(t, scene, { healedMs, gapMs: downAfterMs + onTopMs })
  }
)

t.test('a master that hangs for less than down-after costs a wait and no error [F2] [F7]', async (t) => {
  const scene = await startScene(t, { rig: { downAfterMs: 3000 } })
  const master = await scene.rig.currentMaster()

  for (let round = 0; round < 4; round += 1) {
    master.freeze()
    await sleep(1500)
    master.thaw()
    await sleep(1000)
  }
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, windowMs: 2000, gapMs: 1800, master })
  t.strictSame(outcome.errors, {})
})
