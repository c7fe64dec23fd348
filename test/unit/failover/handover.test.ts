import t from 'tap'
import { compareHistories } from '../../../src/failover/handover.ts'
import type { NodeProof } from '../../../src/failover/redis-side.ts'

const promoted: NodeProof = {
  isMaster: true,
  isRefusing: false,
  offset: 500,
  runId: 'run',
  replicationId: 'new',
  previousId: 'old',
  secondOffset: 101
}

t.test('all that the old master said up to second_repl_offset - 1 is in the new history [F5]', async (t) => {
  const verdict = (drainedOffset: number): unknown =>
    compareHistories({ replicationId: 'old', drainedOffset }, promoted)
  t.strictSame(verdict(100), { proof: 'proved', difference: 0 })
  t.strictSame(verdict(3), { proof: 'proved', difference: 0 })
  t.strictSame(verdict(101), { proof: 'lossy', difference: 1 })
  t.strictSame(verdict(600), { proof: 'lossy', difference: 500 })
})

t.test('the same history goes on as far as the node has applied it [F5]', async (t) => {
  const same = { ...promoted, replicationId: 'old', previousId: '0', secondOffset: -1 }
  t.strictSame(compareHistories({ replicationId: 'old', drainedOffset: 500 }, same), {
    proof: 'proved',
    difference: 0
  })
  t.strictSame(compareHistories({ replicationId: 'old', drainedOffset: 501 }, same), {
    proof: 'lossy',
    difference: 1
  })
})

t.test(
  'nothing is proved of a master that was not drained, nor by one of another history [F5]',
  async (t) => {
    const unproved = { proof: 'unproved', difference: undefined }
    t.strictSame(compareHistories({ replicationId: 'old', drainedOffset: undefined }, promoted), unproved)
    t.strictSame(compareHistories({ replicationId: 'older', drainedOffset: 1 }, promoted), unproved)
  }
)
