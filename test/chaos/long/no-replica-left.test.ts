// A master that nobody can replace.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { endScene, startScene } from '../scene.ts'

t.test(
  'without a replica requests wait until the master is back, or are refused in their window [F2] [F4]',
  async (t) => {
    const windowMs = 3000
    const scene = await startScene(t, { rig: { replicas: 0 }, args: ['--hold.window', `${windowMs}ms`] })
    const { rig } = scene
    const master = rig.nodes[0]!

    scene.loss()
    await master.kill()
    await sleep(5000)
    await master.start()
    await scene.writing()
    const healedMs = performance.now()
    await sleep(3000)

    t.ok(scene.history.acts.some(({ reply }) => reply?.startsWith('-MASTERDOWN ')))
    const rules = { refusedAfterMs: windowMs - 50, mayLose: 'everything', noticeMs: 500 } as const
    await endScene(t, scene, { healedMs, windowMs, master, ...rules })
  }
)

t.test(
  'a failover that finds no replica to promote ends with the old master, without an error [F2]',
  async (t) => {
    const scene = await startScene(t, { rig: { downAfterMs: 2000 } })
    const { rig } = scene
    const master = await rig.currentMaster()
    for (const replica of rig.nodes.slice(1)) await replica.kill()
    await sleep(3000)
    // Frozen for longer than down-after, so that the Sentinels try, find nobody and give up.
    scene.loss()
    master.freeze()
    await sleep(5000)
    master.thaw()
    await scene.writing()
    const healedMs = performance.now()
    await sleep(3000)

    const outcome = await endScene(t, scene, { healedMs, windowMs: 7000, master })
    t.strictSame(outcome.errors, {}, 'the connection to it was never lost')
  }
)

t.test('SENTINEL FAILOVER without a replica is refused by the Sentinel and costs nothing', async (t) => {
  const scene = await startScene(t, { rig: { replicas: 0 } })
  const { rig } = scene
  await t.rejects(rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName), /NOGOODSLAVE/)
  await sleep(3000)
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, windowMs: 500, gapMs: 250, master: rig.nodes[0]! })
  t.strictSame(outcome.errors, {})
})
