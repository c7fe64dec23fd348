// A killed master that comes back empty after 6 s and stays until the Sentinels have made it a replica; and one that
// comes back before anyone noticed, with the setting that refuses it.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchWrites } from '../old-master.ts'
import { downAfterMs, endScene, onTopMs, startScene } from '../scene.ts'
import { roles } from '../traffic.ts'

t.test(
  'an old master that is back after 6 s gets no write until it is a replica, and then serves reads',
  async (t) => {
    const scene = await startScene(t)
    const { rig, proxy } = scene
    const old = await rig.currentMaster()

    scene.loss()
    await old.kill()
    await scene.writing()
    const healedMs = performance.now()
    await rig.masterAfter(old)
    await sleep(6000 - (performance.now() - scene.lossesMs[0]!))
    await old.restart()
    const watch = watchWrites(old)
    await scene.traffic.start({ late1: roles.adder, late2: roles.counter, late3: roles.mixer })
    await rig.settled(40_000)
    await sleep(2000)

    const { looks, writes } = await watch.end()
    t.ok(looks > 10, `it said ${looks} times that it is master`)
    t.strictSame(writes, [], 'and ran no write')
    const { replicas } = (await proxy.status()) as { replicas: { address: string; eligible: boolean }[] }
    t.equal(replicas.find(({ address }) => address === old.address)?.eligible, true, 'it serves reads')
    await endScene(t, scene, { healedMs, mayLose: 'uncarried', gapMs: downAfterMs + onTopMs })
  }
)

t.test(
  'with refuseEmptyMaster an empty master gets no write, and requests are refused in their window',
  async (t) => {
    const args = ['--failover.refuseEmptyMaster', '--hold.window', '2s']
    const scene = await startScene(t, { args })
    const { rig, proxy } = scene
    const master = await rig.currentMaster()

    scene.loss()
    await master.restart()
    await sleep(6000)

    const stats = String(await master.command('INFO', 'commandstats'))
    t.notMatch(stats, /cmdstat_(sadd|incr|set|rpush):/, 'it ran no write')
    t.equal(await proxy.metric('holdfast_master_restarts_total'), 1)
    t.ok(scene.history.acts.some(({ reply }) => reply?.startsWith('-MASTERDOWN ')))
  }
)
