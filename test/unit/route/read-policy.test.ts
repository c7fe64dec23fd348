import t from 'tap'
import { mayReadFromReplica } from '../../../src/route/read-policy.ts'

t.test('a session reads its own writes for as long as the policy says, to the millisecond', async (t) => {
  const policy = { consistency: 'session', afterWriteMs: 100 } as const
  t.notOk(mayReadFromReplica(policy, 1000, 1000))
  t.notOk(mayReadFromReplica(policy, 1000, 1099))
  t.ok(mayReadFromReplica(policy, 1000, 1100))
})

t.test('a session that never wrote may read from a replica at once', async (t) => {
  t.ok(mayReadFromReplica({ consistency: 'session', afterWriteMs: 100 }, Number.NEGATIVE_INFINITY, 0))
})

t.test('the other policies do not look at the time', async (t) => {
  for (const lastWriteAtMs of [Number.NEGATIVE_INFINITY, 0, 1000]) {
    t.ok(mayReadFromReplica({ consistency: 'causal', afterWriteMs: 100 }, lastWriteAtMs, 1000))
    t.ok(mayReadFromReplica({ consistency: 'eventual', afterWriteMs: 100 }, lastWriteAtMs, 1000))
    t.notOk(mayReadFromReplica({ consistency: 'master', afterWriteMs: 100 }, lastWriteAtMs, 1000))
  }
})
