// A switchover by the clock: what comes before what, and how each thing that may fail ends.
import t from 'tap'
import { drainedAt, oldMaster, replica, SwitchoverScene } from './switchover-scene.ts'

const behind = { address: replica, isFed: true, offset: drainedAt - 1 }

t.test(
  'the election is asked for only when everything is answered and every replica has it [F5]',
  async (t) => {
    const scene = await SwitchoverScene.serving()
    const { clock, controller, did } = scene
    scene.inFlight = 1
    scene.replicas = [behind, { address: oldMaster, isFed: true, offset: drainedAt }]
    const running = scene.switchover.run()
    await clock.turn(50)
    t.equal(controller.phase, 'handover')
    t.equal(controller.admission, 'hold')
    t.strictSame(did, ['withhold'], 'while something is in flight its offset is not asked')

    scene.inFlight = 0
    await clock.turn(50)
    t.ok(did.includes('offset') && did.includes('beat'))
    t.notOk(did.includes('failover'), 'while one replica is behind')

    scene.replicas = scene.replicas.map((it) => ({ ...it, offset: drainedAt }))
    await clock.turn(10)
    t.equal(did.at(-1), 'failover')
    controller.electionSeen('+selected-slave', replica)
    scene.says(replica, 'master')
    t.equal(controller.phase, 'provisional', 'requests go on before the Sentinels say so')
    controller.believed({ master: replica, replicas: [], epoch: 2 })
    t.match(await scene.end(running), {
      done: true,
      switchover: { from: '10.0.0.1:6379', to: '10.0.0.2:6379', proof: 'proved', offsetDifference: 0 }
    })
  }
)

t.test('an election that was agreed to and never comes costs a short wait [F5]', async (t) => {
  const scene = await SwitchoverScene.serving()
  const report = await scene.end(scene.switchover.run())
  t.match(report, {
    done: false,
    message: '10.0.0.1:6379 is still the master: no replica was promoted in time'
  })
  t.equal(scene.controller.phase, 'serving')
  const heldMs = report.switchover?.heldMs ?? 0
  t.ok(heldMs >= 1000 && heldMs < 1200, `${heldMs} ms`)
  t.equal(scene.did.filter((what) => what.startsWith('bind')).length, 0, 'no lane was cut for it')
})

t.test('an election that is refused costs almost nothing', async (t) => {
  const scene = await SwitchoverScene.serving()
  scene.refusal = 'Sentinel 10.0.0.9:26379: NOGOODSLAVE No suitable replica to promote'
  const report = await scene.end(scene.switchover.run())
  t.match(report.message, 'NOGOODSLAVE')
  t.ok((report.switchover?.heldMs ?? 1000) < 100)
  t.equal(scene.controller.phase, 'serving')
})

t.test('an election that somebody else has begun is followed, not called off [F5]', async (t) => {
  const scene = await SwitchoverScene.serving()
  scene.refusal = 'Sentinel 10.0.0.9:26379: INPROG Failover already in progress'
  const running = scene.switchover.run()
  await scene.clock.turn(50)
  t.equal(scene.controller.phase, 'handover')
  scene.controller.electionSeen('+selected-slave', replica)
  scene.says(replica, 'master')
  scene.controller.believed({ master: replica, replicas: [], epoch: 2 })
  t.match(await scene.end(running), { done: true })
})

t.test('once a candidate is named nothing is called off, whatever failed before [F5]', async (t) => {
  const scene = await SwitchoverScene.serving()
  scene.replicas = [behind]
  const running = scene.switchover.run()
  await scene.clock.turn(500)
  scene.controller.electionSeen('+selected-slave', replica)
  await scene.clock.turn(1000)
  t.equal(
    scene.controller.phase,
    'handover',
    'the old master is not served while the candidate may be master'
  )
  t.notOk(scene.did.includes('failover'))
  scene.says(replica, 'master')
  scene.controller.believed({ master: replica, replicas: [], epoch: 2 })
  t.match(await scene.end(running), { done: true })
})

t.test('a master that is replaced meanwhile ends the switchover without asking for another', async (t) => {
  const scene = await SwitchoverScene.serving()
  scene.replicas = [behind]
  const running = scene.switchover.run()
  await scene.clock.turn(100)
  scene.controller.believed({ master: replica, replicas: [], epoch: 2 })
  scene.says(replica, 'master')
  const report = await scene.end(running)
  t.match(report, { done: true, switchover: { to: '10.0.0.2:6379' } })
  t.notOk(scene.did.includes('failover'))
})

t.test(
  'replies that do not come end it after the drain, and replicas that do not keep up a second later',
  async (t) => {
    const stuck = await SwitchoverScene.serving()
    stuck.inFlight = 1
    const first = await stuck.end(stuck.switchover.run())
    t.match(first.message, 'requests in flight were not answered in time')
    t.ok((first.switchover?.heldMs ?? 0) < 700)

    const late = await SwitchoverScene.serving()
    late.replicas = [behind]
    const second = await late.end(late.switchover.run())
    t.match(second.message, 'behind the master after 1000 ms: 10.0.0.2:6379')
    t.ok((second.switchover?.heldMs ?? 0) < 1100)
    t.equal(late.controller.phase, 'serving')
  }
)

t.test('what cannot succeed is refused before anything is held', async (t) => {
  const cases: readonly (readonly [change: (scene: SwitchoverScene) => void, why: string])[] = [
    [(scene) => (scene.hasMajority = false), 'no majority of the Sentinels answers'],
    [(scene) => (scene.replicas = []), 'there is no replica that the Sentinels may elect'],
    [
      (scene) => (scene.replicas = [{ ...behind, isFed: false }]),
      'not fed by the master, yet may be elected: 10.0.0.2:6379'
    ],
    [(scene) => scene.controller.doubted('a test'), 'no master is being served now (suspect)']
  ]
  for (const [change, why] of cases) {
    const scene = await SwitchoverScene.serving()
    change(scene)
    t.strictSame(await scene.switchover.run(), { done: false, message: why })
    t.notOk(scene.did.includes('failover'))
  }
})

t.test('of two requests at a time the second is refused, and a later one is not', async (t) => {
  const scene = await SwitchoverScene.serving()
  const running = scene.switchover.run()
  t.match(await scene.switchover.run(), { done: false, message: 'a switchover is under way already' })
  await scene.end(running)
  t.match((await scene.end(scene.switchover.run())).message, 'no replica was promoted in time')
})
