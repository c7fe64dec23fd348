// A master that is named again after it was lost: with failover.refuseEmptyMaster it is bound only with its own data.
import t from 'tap'
import type { NodeProof } from '../../../src/failover/redis-side.ts'
import { SwitchoverScene, oldProof, replica } from './switchover-scene.ts'

const empty: NodeProof = { ...oldProof, runId: 'other', replicationId: 'C' }
const fromItsFile: NodeProof = { ...empty, previousId: 'A' }

/** The old master is sought, and named again with this proof: in which phase that ends. */
async function namedAgain(proof: NodeProof, refuseEmptyMaster: boolean): Promise<string> {
  const scene = await SwitchoverScene.serving(refuseEmptyMaster)
  scene.controller.quorumLost()
  scene.oldProof = proof
  await scene.nameOldMaster()
  return scene.controller.phase
}

t.test('one that lost its data gets nothing when that is refused, however it is named [F6]', async (t) => {
  t.equal(await namedAgain(empty, true), 'seeking')
  t.equal(await namedAgain(empty, false), 'serving')
})

t.test('one that has its data is bound, also when it was started anew [F6]', async (t) => {
  t.equal(await namedAgain(oldProof, true), 'serving')
  t.equal(await namedAgain(fromItsFile, true), 'serving')
  t.equal(await namedAgain({ ...oldProof, replicationId: 'D' }, true), 'serving', 'it only got a replica')
})

t.test('another master is bound with whatever history it has [F6]', async (t) => {
  const scene = await SwitchoverScene.serving(true)
  scene.controller.quorumLost()
  scene.controller.believed({ master: replica, replicas: [], epoch: 2 })
  scene.says(replica, 'master')
  await scene.clock.turn(0)
  t.equal(scene.controller.phase, 'serving')
})
