// A killed master that comes back empty, and says that it is master until the Sentinels demote it.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchWrites } from './old-master.ts'
import { downAfterMs, endScene, onTopMs, startScene } from './scene.ts'
import { roles } from './traffic.ts'

t.test(
  'an old master that is back empty after its successor gets no write, on no connection [C1] [F6]',
  async (t) => {
    const scene = await startScene(t)
    const { rig } = scene
    const old = await rig.currentMaster()

    scene.loss()
    await old.kill()
    await scene.writing()
    const healedMs = performance.now()
    await rig.masterAfter(old)
    await old.restart()
    const watch = watchWrites(old)
    await scene.traffic.start({ late1: roles.adder, late2: roles.counter })
    await sleep(4000)

    const { looks, writes } = await watch.end()
    t.ok(looks > 10, `it said ${looks} times that it is master`)
    t.strictSame(writes, [], 'and ran no write')
    await endScene(t, scene, { healedMs, mayLose: 'uncarried', gapMs: downAfterMs + onTopMs })
  }
)

t.test('a master that is back empty before anyone replaced it is counted, and served again', async (t) => {
  const scene = await startScene(t, { rig: { downAfterMs: 5000 } })
  const { rig, proxy } = scene
  const master = await rig.currentMaster()

  scene.loss()
  await master.kill()
  // By then every reply of the old process has come; none of the new one can before it is started.
  await scene.phase('suspect')
  await sleep(20)
  const noticeMs = performance.now() - scene.lossesMs[0]!
  await master.start()
  await scene.writing()
  const healedMs = performance.now()
  // Longer than it takes the Sentinels to notice and to say +reboot.
  await sleep(8000)

  await endScene(t, scene, { healedMs, mayLose: 'everything', noticeMs, gapMs: downAfterMs, master })
  t.equal(await proxy.metric('holdfast_master_restarts_total'), 1)
})
