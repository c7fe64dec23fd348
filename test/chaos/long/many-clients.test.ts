// Two thousand clients, most of them idle.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { downAfterMs, endScene, onTopMs, startScene, tenWritersAndFiveReaders } from '../scene.ts'
import { roles, type Role } from '../traffic.ts'

const many = 2000
const crowd = Object.fromEntries(
  Array.from({ length: many }, (_, i): [string, Role] => [
    `c${i}`,
    i % 4 === 0 ? roles.counter : roles.reader
  ])
)

for (const fault of ['a planned failover', 'a killed master'] as const) {
  t.test(
    `of ${many} clients none is closed and none gets another's reply in ${fault} [F1] [R2]`,
    async (t) => {
      const isPlanned = fault === 'a planned failover'
      const scene = await startScene(t, { clients: {}, paceMs: 2000 })
      const { rig, history } = scene
      await scene.traffic.start(crowd)
      await scene.traffic.start(tenWritersAndFiveReaders, { paceMs: 5 })
      await sleep(2000)
      const old = await rig.currentMaster()

      if (isPlanned) await rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName)
      else {
        scene.loss()
        await old.kill()
      }
      await scene.writing()
      const healedMs = performance.now()
      await rig.masterAfter(old)
      // Each of them has its turn in this time.
      await sleep(5000)

      t.ok(new Set(history.acts.map(({ client }) => client)).size > many, 'all of them took part')
      const rules = isPlanned ? {} : { mayLose: 'uncarried' as const }
      const outcome = await endScene(t, scene, { healedMs, ...rules, windowMs: downAfterMs + onTopMs })
      if (isPlanned) t.strictSame(outcome.errors, {})
    }
  )
}
