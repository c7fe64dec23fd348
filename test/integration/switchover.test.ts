// POST /switchover: the proxy moves the master itself, and nobody loses a write.
import t from 'tap'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { endScene, startScene } from '../chaos/scene.ts'
import { roles, Traffic } from '../chaos/traffic.ts'
import { runProxy, type ProxyProcess } from '../harness/proxy-process.ts'
import { useProxy } from '../harness/with-rig.ts'

// Three steps of Sentinel's own timer, of 53 to 100 ms each, lie between its agreement and the promotion.
const gapMs = 250

/** An action's code and what it says. */
async function post(proxy: ProxyProcess, path: string): Promise<Record<string, unknown>> {
  const response = await proxy.fetch(path, { method: 'POST' })
  return { code: response.status, ...((await response.json()) as object) }
}

t.test('a switchover moves the master, loses nothing and says what it cost [F1] [F5]', async (t) => {
  const scene = await startScene(t)
  const { rig, proxy } = scene
  const old = await rig.currentMaster()

  const answer = await post(proxy, '/switchover')
  const healedMs = performance.now()
  const next = await rig.masterAfter(old)
  t.match(answer, {
    code: 200,
    done: true,
    message: new RegExp(`^moved from ${old.address} to ${next.address}: \\d+ requests waited`),
    switchover: { from: old.address, to: next.address, offsetDifference: 0, proof: 'proved' }
  })
  t.comment(JSON.stringify(answer))
  await scene.writing()
  // The old master is told of its new part only now, and says until then that it is master.
  await sleep(3000)

  const outcome = await endScene(t, scene, { healedMs, gapMs, windowMs: 700 })
  t.strictSame(outcome.errors, {})
  t.equal(outcome.lost, 0)
  t.equal(await proxy.metric('holdfast_failover_handover_total', { proof: 'proved' }), 1)
})

t.test('of two proxies in front of one master one moves it, and neither loses a write [F5]', async (t) => {
  const scene = await startScene(t, { clients: { a0: roles.adder, a1: roles.counter, a2: roles.pusher } })
  const { rig, proxy, history } = scene
  const old = await rig.currentMaster()
  const other = await useProxy(t, rig)
  const traffic = new Traffic({ port: other.port, history, paceMs: 3 })
  await traffic.start({ b0: roles.adder, b1: roles.counter, b2: roles.pusher, b3: roles.mixer })
  await sleep(300)

  const answer = await post(proxy, '/switchover')
  const healedMs = performance.now()
  t.match(answer, { code: 200, done: true, switchover: { offsetDifference: 0, proof: 'proved' } })
  await rig.masterAfter(old)
  await scene.writing()
  await sleep(3000)

  await traffic.stop()
  const outcome = await endScene(t, scene, { healedMs, windowMs: 700 })
  t.strictSame(outcome.errors, {})
  t.equal(outcome.lost, 0)
  t.equal(
    await other.metric('holdfast_failover_handover_total', { proof: 'proved' }),
    1,
    'the other proved it'
  )
  t.equal(await other.metric('holdfast_failovers_total'), 1, 'and followed once')
})

t.test('two proxies that are asked at the same time move the master once [F5]', async (t) => {
  const scene = await startScene(t, { clients: { a0: roles.adder, a1: roles.pusher } })
  const { rig, proxy, history } = scene
  const other = await useProxy(t, rig)
  const traffic = new Traffic({ port: other.port, history, paceMs: 3 })
  await traffic.start({ b0: roles.adder, b1: roles.pusher })
  await sleep(300)

  const answers = await Promise.all([post(proxy, '/switchover'), post(other, '/switchover')])
  const healedMs = performance.now()
  t.match(answers, [{ done: true }, { done: true }], 'both say that it is moved')
  await scene.writing()
  await sleep(1500)

  await traffic.stop()
  const outcome = await endScene(t, scene, { healedMs, windowMs: 1500 })
  t.strictSame(outcome.errors, {})
  t.equal(outcome.lost, 0)
  t.equal(await proxy.metric('holdfast_failovers_total'), 1)
  t.equal(await other.metric('holdfast_failovers_total'), 1)
})

t.test('holdfast switchover prints what was done, and fails with the reason when it was not', async (t) => {
  const scene = await startScene(t, { rig: { replicas: 1 }, clients: { a0: roles.adder } })
  const { rig, proxy } = scene
  const [master, replica] = rig.nodes
  const args = ['switchover', '--admin', `127.0.0.1:${proxy.adminPort}`]
  const moved = await ended(runProxy(args))
  t.match(moved, { code: 0, stdout: `moved from ${master!.address} to ${replica!.address}: ` })

  // Until the Sentinels have made the old master a replica there is none to be elected.
  const refused = await ended(runProxy(args))
  t.match(refused, { code: 1, stderr: / answered 409: .+\n$/ })
  const healedMs = performance.now()
  await scene.writing()
  await endScene(t, scene, { healedMs })
})

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const code = once(child, 'close') as Promise<[number | null]>
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)])
  return { code: (await code)[0], stdout, stderr }
}
