// Failovers that follow each other, with time for the replicas to catch up and without.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from '../../../src/demo/redis-rig.ts'
import type { RigNode } from '../../../src/demo/rig-node.ts'
import { downAfterMs, endScene, onTopMs, plannedGapMs, startScene, type Scene } from '../scene.ts'
import { roles, type Role } from '../traffic.ts'

/** Tells one Sentinel after the other to fail over, until one of them does. */
async function failOver({ rig }: Scene): Promise<void> {
  const old = await rig.currentMaster()
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const sentinel = rig.sentinels[attempt % rig.sentinels.length]!
    const reply = await sentinel.command('SENTINEL', 'FAILOVER', rig.masterName).catch(() => undefined)
    if (reply !== undefined) break
    await sleep(50)
  }
  await rig.masterAfter(old)
}

/** Waits until every replica has what the master has, but for the last moment. */
async function caughtUp(rig: Rig): Promise<void> {
  await rig.settled(40_000)
  const master = await rig.currentMaster()
  for (const node of rig.nodes) {
    while (node !== master && !(await isConnected(node))) await sleep(50)
  }
}

async function isConnected(node: RigNode): Promise<boolean> {
  const role = await node.command('ROLE')
  return Array.isArray(role) && role[3] === 'connected'
}

t.test(
  'three planned failovers, each with replicas that have caught up, lose nothing [F1] [F5]',
  async (t) => {
    const scene = await startScene(t)
    for (let round = 0; round < 3; round += 1) {
      await failOver(scene)
      await caughtUp(scene.rig)
    }
    const healedMs = performance.now()
    await scene.writing()

    const outcome = await endScene(t, scene, { healedMs, windowMs: 700, gapMs: plannedGapMs })
    t.strictSame(outcome.errors, {})
    t.equal(await scene.proxy.metric('holdfast_failover_handover_total', { proof: 'proved' }), 3)
  }
)

// The Sentinels may choose a replica that is still far behind. What is lost then nobody can bring back, but it is said.
t.test(
  'what is lost in failovers too close to each other is counted, and nothing is done twice [F3]',
  async (t) => {
    // Writers of single values: what is gone at which moment cannot be told from the replies of counters.
    const clients = Object.fromEntries(
      Array.from({ length: 15 }, (_, i): [string, Role] => [`c${i}`, i < 10 ? roles.adder : roles.reader])
    )
    const scene = await startScene(t, { clients })
    for (let round = 0; round < 4; round += 1) {
      scene.loss()
      await failOver(scene)
    }
    const healedMs = performance.now()
    await scene.writing()

    const rules = { mayLose: 'everything', noticeMs: 500 } as const
    const { lost } = await endScene(t, scene, { healedMs, windowMs: 1500, ...rules })
    const lossy = await scene.proxy.metric('holdfast_failover_handover_total', { proof: 'lossy' })
    t.equal(lost > 0, lossy > 0, `${lost} acknowledged writes were lost, and ${lossy} handovers said so`)
  }
)

t.test('a master killed right after a planned failover to it is followed once more [F1] [F3]', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  await failOver(scene)
  const second = await rig.currentMaster()
  scene.loss()
  await second.kill()
  await scene.writing(60_000)
  const healedMs = performance.now()
  await rig.masterAfter(second)
  await sleep(1000)

  // The replica that was not promoted may be in the middle of being fed anew, and the Sentinels finish one failover first.
  const rules = { mayLose: 'everything', windowMs: downAfterMs + onTopMs + 8000 } as const
  await endScene(t, scene, { healedMs, ...rules })
})
