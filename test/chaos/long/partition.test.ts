// A network that falls apart: the old master and one Sentinel on one side, everything else on the other.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { downAfterMs, endScene, onTopMs, startScene, type Scene } from '../scene.ts'
import { useRelayedRig } from '../relayed-rig.ts'
import { roles } from '../traffic.ts'

// Through two more programs that share this machine.
const paceMs = 6
/** How often Sentinel asks a master: down-after counts from the first question without an answer. */
const pingMs = 1000

async function masterOf({ proxy }: Scene): Promise<string> {
  const { master } = (await proxy.status()) as { master: { address: string } }
  return master.address
}

function wasRefused({ history }: Scene, name?: string): boolean {
  const { acts } =
    name === undefined ? history : { acts: history.acts.filter(({ client }) => client === name) }
  return acts.some(({ reply }) => reply?.startsWith('-MASTERDOWN '))
}

t.test(
  'a proxy that reaches both sides follows the majority, and the old master gets nothing more [F6]',
  async (t) => {
    const { rig, cut, heal } = await useRelayedRig(t, downAfterMs)
    const scene = await startScene(t, { rig, paceMs })
    const old = await rig.currentMaster()

    // What the old master acknowledges from here on reaches no replica.
    scene.loss()
    cut('old', 'rest')
    while ((await masterOf(scene)) === old.address) await sleep(10)
    const noticeMs = performance.now() - scene.lossesMs[0]!
    t.ok(noticeMs < (downAfterMs + pingMs + onTopMs) * 2, `another master is bound after ${noticeMs} ms`)
    const healedMs = performance.now()
    await sleep(5000)
    heal()
    await rig.settled(60_000)
    await scene.writing()

    // Until a Sentinel says so, the old master is a master like any other. What it lost is counted.
    await endScene(t, scene, { healedMs, noticeMs, mayLose: 'uncarried', gapMs: downAfterMs + onTopMs })
    t.equal(await scene.proxy.metric('holdfast_failover_handover_total', { proof: 'lossy' }), 1)
  }
)

t.test(
  'a proxy on the side of the majority goes on there, and the minority is not believed after [F6] [F7]',
  async (t) => {
    const { rig, cut, heal } = await useRelayedRig(t, downAfterMs)
    const scene = await startScene(t, { rig, paceMs })
    const old = rig.nodes[0]!

    scene.loss()
    cut('old', 'rest')
    cut('old', 'outside')
    await scene.writing()
    const healedMs = performance.now()
    await sleep(6000)
    heal()
    await old.command('CONFIG', 'RESETSTAT')
    await rig.settled(60_000)
    await scene.writing()

    await endScene(t, scene, { healedMs, mayLose: 'uncarried', gapMs: downAfterMs + onTopMs })
  }
)

t.test(
  'a proxy cut off with the minority refuses in its window, and goes on when it is back [F4] [F6]',
  async (t) => {
    const windowMs = 3000
    const args = ['--hold.window', `${windowMs}ms`, '--failover.fence', 'strict']
    const { rig, cut, heal } = await useRelayedRig(t, downAfterMs)
    const scene = await startScene(t, { rig, paceMs, args })

    scene.loss()
    cut('old', 'rest')
    cut('rest', 'outside')
    await sleep(8000)
    heal()
    await scene.writing(60_000)
    const healedMs = performance.now()
    await rig.settled(60_000)
    await sleep(2000)

    t.ok(wasRefused(scene))
    const rules = { noticeMs: 3000, mayLose: 'uncarried', refusedAfterMs: windowMs - 50 } as const
    await endScene(t, scene, { healedMs, windowMs, ...rules })
  }
)

t.test(
  'a master that only the proxy has lost is waited for, and nothing is done twice [F4] [F7]',
  async (t) => {
    const windowMs = 2000
    const { rig, cut, heal } = await useRelayedRig(t, downAfterMs)
    const scene = await startScene(t, { rig, paceMs, args: ['--hold.window', `${windowMs}ms`] })

    scene.loss()
    cut('outside', 'old')
    await sleep(1500)
    // What was sent before waits on its connection; what comes now is held.
    await scene.traffic.start({ late1: roles.adder, late2: roles.adder })
    t.equal(wasRefused(scene, 'late1') && wasRefused(scene, 'late2'), true)
    await sleep(2500)
    heal()
    await scene.writing()
    const healedMs = performance.now()
    await sleep(2000)

    const outcome = await endScene(t, scene, { healedMs, windowMs: 8000, refusedAfterMs: windowMs - 50 })
    t.notOk('UNCERTAIN' in outcome.errors)
  }
)
