// Which of a node's lanes a request gets, while one of them carries a reply that nobody knew to be large.
import t from 'tap'
import type { Dialer } from '../../../src/upstream/dialer.ts'
import type { Lane, LaneEvents } from '../../../src/upstream/lane.ts'
import { NodeLanes } from '../../../src/upstream/node-lanes.ts'
import { ManualClock } from '../topology/manual-clock.ts'

type FakeLane = { isUsable: boolean; isStreaming: boolean; load: number }

const identity = { user: undefined, database: 0, protocol: 2 } as const

function nodeLanes(maxLanes = 10): {
  lane: (kind: 'shared' | 'bulk') => FakeLane | undefined
  opened: FakeLane[]
} {
  const opened: FakeLane[] = []
  const dial = (): Lane => {
    const lane = { isUsable: true, isStreaming: false, load: 1 }
    opened.push(lane)
    return lane as unknown as Lane
  }
  const lanes = new NodeLanes({
    address: { host: '10.0.0.1', port: 6379 },
    role: 'master',
    dialer: { dial } as unknown as Dialer,
    clock: new ManualClock(),
    events: {} as LaneEvents,
    maxLanes,
    laneTimeoutMs: 1000
  })
  return { lane: (kind) => lanes.lane('key', kind, identity), opened }
}

t.test('small and large requests have a lane each, opened when first needed', async (t) => {
  const { lane, opened } = nodeLanes()
  const shared = lane('shared')
  t.equal(lane('shared'), shared)
  t.equal(opened.length, 1)
  const bulk = lane('bulk')
  t.not(bulk, shared)
  t.equal(lane('bulk'), bulk)
})

t.test('while a large reply comes over the shared lane, small requests take the other one', async (t) => {
  const { lane } = nodeLanes()
  const shared = lane('shared')!
  shared.isStreaming = true
  const other = lane('shared')!
  t.not(other, shared)
  t.equal(other, lane('bulk'))
  shared.isStreaming = false
  t.equal(lane('shared'), shared)
})

t.test('when large replies come over both, or there may be no other, each keeps to its own', async (t) => {
  const { lane } = nodeLanes()
  const [shared, bulk] = [lane('shared')!, lane('bulk')!]
  shared.isStreaming = true
  bulk.isStreaming = true
  t.equal(lane('shared'), shared)
  const alone = nodeLanes(1)
  const only = alone.lane('shared')!
  only.isStreaming = true
  t.equal(alone.lane('shared'), only)
  t.equal(alone.opened.length, 1)
})
