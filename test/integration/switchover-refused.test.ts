// POST /switchover where it cannot be: it says why, and what was held meanwhile goes on without an error.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RigNode } from '../../src/demo/rig-node.ts'
import { endScene, startScene, type Scene } from '../chaos/scene.ts'
import { roles } from '../chaos/traffic.ts'
import { useProxy, useRig } from '../harness/with-rig.ts'

type Answer = { readonly code: number; readonly done: boolean; readonly message: string }

async function ask(proxy: Scene['proxy']): Promise<Answer> {
  const response = await proxy.fetch('/switchover', { method: 'POST' })
  return { code: response.status, ...((await response.json()) as Omit<Answer, 'code'>) }
}

async function isEligible(proxy: Scene['proxy'], { address }: RigNode): Promise<boolean> {
  const { replicas } = (await proxy.status()) as { replicas: { address: string; eligible: boolean }[] }
  return replicas.some((replica) => replica.address === address && replica.eligible)
}

const clients = { a0: roles.adder, a1: roles.counter, a2: roles.pusher, r0: roles.reader }

t.test('without a replica that may be elected a switchover is refused, and nothing is held', async (t) => {
  const rig = await useRig(t, {
    redisArgs: ['--replica-priority', '0'],
    replicas: 1,
    sentinels: 1,
    quorum: 1
  })
  const proxy = await useProxy(t, rig)
  t.strictSame(await ask(proxy), {
    code: 409,
    done: false,
    message: 'there is no replica that the Sentinels may elect'
  })
  t.equal(await proxy.metric('holdfast_failover_transitions_total', { event: 'switchoverAsked' }), 0)
})

t.test('without a majority of the Sentinels a switchover is refused', async (t) => {
  const rig = await useRig(t, { replicas: 1, downAfterMs: 10_000 })
  const proxy = await useProxy(t, rig)
  const [, second, third] = rig.sentinels
  await Promise.all([second!.kill(), third!.kill()])
  // The one that is left takes them for alive for a while yet.
  t.match(await ask(proxy), { code: 409, message: 'no majority of the Sentinels answers' })
  t.equal(await proxy.metric('holdfast_sentinel_quorum'), 1)
})

t.test('while the master is in doubt a switchover is refused', async (t) => {
  const rig = await useRig(t, { replicas: 1, downAfterMs: 30_000 })
  const proxy = await useProxy(t, rig)
  const master = await rig.currentMaster()
  master.freeze()
  while ((await proxy.status())['phase'] !== 'suspect') await sleep(20)
  t.match(await ask(proxy), { code: 409, message: 'no master is being served now (suspect)' })
  master.thaw()
  await proxy.ready()
})

t.test(
  'a replica that does not keep up ends a switchover after a short wait, without an error [F5]',
  async (t) => {
    // The Sentinels are not to find it down meanwhile: they would no longer elect it.
    const args = ['--heartbeat.deadline', '2s']
    const scene = await startScene(t, { clients, rig: { downAfterMs: 30_000 }, args })
    const { rig, proxy } = scene
    const master = await rig.currentMaster()
    const replica = rig.nodes.find((node) => node !== master)!
    replica.freeze()
    const late = await ask(proxy)
    t.match(late, { code: 409, message: `${master.address} is still the master: ` })
    t.match(late.message, `: ${replica.address}; `)
    // When its heartbeat is missed nothing is held for it.
    while (await isEligible(proxy, replica)) await sleep(20)
    t.match(await ask(proxy), {
      code: 409,
      message: `not fed by the master, yet may be elected: ${replica.address}`
    })
    replica.thaw()
    const healedMs = performance.now()
    await scene.writing()

    const outcome = await endScene(t, scene, { healedMs, windowMs: 1500, master })
    t.strictSame(outcome.errors, {})
    t.ok(outcome.longestWaitMs < 2500, `a wait of ${outcome.longestWaitMs} ms`)
  }
)

t.test('what is in flight for too long ends a switchover, and gets its reply', async (t) => {
  const scene = await startScene(t, {
    clients,
    rig: { downAfterMs: 30_000 },
    args: ['--heartbeat.deadline', '10s']
  })
  const { rig, proxy } = scene
  const master = await rig.currentMaster()
  master.freeze()
  // In this time every client has sent what is not answered any more.
  await sleep(50)
  const asked = ask(proxy)
  await scene.phase('suspect')
  master.thaw()
  const answer = await asked
  t.match(answer, { code: 409, message: 'requests in flight were not answered in time' })
  const healedMs = performance.now()
  await scene.writing()
  const outcome = await endScene(t, scene, { healedMs, windowMs: 2500, master })
  t.strictSame(outcome.errors, {})
})

t.test('a second request for a switchover is refused while the first is under way', async (t) => {
  const scene = await startScene(t, { clients })
  const { rig, proxy } = scene
  const old = await rig.currentMaster()
  const answers = await Promise.all([ask(proxy), ask(proxy)])
  t.match(answers.map(({ code }) => code).sort(), [200, 409])
  t.ok(answers.some(({ message }) => message === 'a switchover is under way already'))
  await rig.masterAfter(old)
  const healedMs = performance.now()
  await scene.writing()
  await endScene(t, scene, { healedMs })
})
