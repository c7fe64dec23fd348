// Replicas that are lost and come back while they serve reads.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { endScene, startScene } from '../scene.ts'
import { roles } from '../traffic.ts'

const readers = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`r${i}`, roles.reader]))
const clients = { ...readers, w0: roles.adder, w1: roles.believer, w2: roles.mixer }
// A read of unknown fate is read again elsewhere.
const noWait = { windowMs: 500, gapMs: 250 }

for (const how of ['SIGKILL', 'SIGTERM'] as const) {
  t.test(
    `a replica that ends by ${how} costs its readers nothing, and serves again when it is back [F3]`,
    async (t) => {
      const scene = await startScene(t, { clients })
      const { rig, proxy } = scene
      for (const replica of rig.nodes.slice(1)) {
        await replica.kill(how)
        await sleep(2000)
        await replica.start()
        await rig.settled()
      }
      const healedMs = performance.now()
      await sleep(2000)

      const { replicas } = (await proxy.status()) as { replicas: { eligible: boolean }[] }
      t.equal(replicas.filter(({ eligible }) => eligible).length, 2, 'both serve reads')
      const outcome = await endScene(t, scene, { healedMs, ...noWait })
      t.strictSame(outcome.errors, {})
    }
  )
}

t.test('a replica that hangs costs its readers one deadline [F3] [F7]', async (t) => {
  const scene = await startScene(t, { clients })
  const { rig } = scene
  rig.nodes[1]!.freeze()
  await sleep(4000)
  rig.nodes[1]!.thaw()
  await sleep(3000)
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, windowMs: 1000, gapMs: 250 })
  t.strictSame(outcome.errors, {})
})

t.test('when every replica is lost the master serves the reads', async (t) => {
  const scene = await startScene(t, { clients })
  const { rig, proxy } = scene
  await Promise.all(rig.nodes.slice(1).map((node) => node.kill()))
  await sleep(3000)
  const before = await proxy.metric('holdfast_requests_total', { route: 'replica' })
  await sleep(1000)
  t.equal(await proxy.metric('holdfast_requests_total', { route: 'replica' }), before, 'no replica is read')
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, ...noWait })
  t.strictSame(outcome.errors, {})
})
