import t from 'tap'
import { CommandTable, unknownCommand, type Command } from '../../../src/command/commands.ts'
import type { Consistency, ReadPolicy } from '../../../src/route/read-policy.ts'
import {
  route,
  type Admission,
  type Decision,
  type ReplicaFound,
  type RouteFacts
} from '../../../src/route/route.ts'

const table = new CommandTable(undefined)
const command = (name: string): Command => table.get(name) ?? unknownCommand

const admissions: readonly Admission[] = ['forward', 'hold', 'refuse']
const consistencies: readonly Consistency[] = ['causal', 'session', 'eventual', 'master']
const replicas: readonly ReplicaFound[] = ['none', 'behind', 'ready']
const bools = [true, false]

type Case = {
  readonly facts: RouteFacts
  readonly policy: ReadPolicy
  readonly admission: Admission
  readonly wroteLately: boolean
}

/** Every combination of what a session is in; one that needs a lane of its own is never offered a replica. */
function* cases(): Generator<Case> {
  for (const admission of admissions)
    for (const consistency of consistencies)
      for (const wroteLately of bools)
        for (const replica of replicas)
          for (const needsOwn of bools)
            for (const isInMulti of bools) {
              if ((needsOwn && replica !== 'none') || (isInMulti && !needsOwn)) continue
              const facts = {
                lastWriteAtMs: wroteLately ? 951 : 950,
                nowMs: 1000,
                replica,
                needsOwn,
                isInMulti,
                isTracking: false
              }
              yield { facts, policy: { consistency, afterWriteMs: 50 }, admission, wroteLately }
            }
}

/** What every case must give, by name of the command. */
function differing(name: string, expected: (one: Case) => Decision): string[] {
  return [...cases()]
    .filter((one) => route(command(name), one.facts, one.policy, one.admission) !== expected(one))
    .map((one) => JSON.stringify(one))
}

const upstream = ({ admission, facts }: Case): Decision =>
  admission === 'hold' ? 'hold' : admission === 'refuse' ? 'shed' : facts.needsOwn ? 'own' : 'master'

t.test('a write goes to the master, and waits or is refused while there is none [C1] [F2]', async (t) => {
  for (const name of ['set', 'eval', 'publish', 'xgroup|create'])
    t.strictSame(differing(name, upstream), [], name)
})

t.test(
  'a read goes to a replica where there is one and the policy lets it, also while there is no master [C1]',
  async (t) => {
    const mayRead = ({ policy, wroteLately }: Case): boolean =>
      policy.consistency === 'causal' ||
      policy.consistency === 'eventual' ||
      (policy.consistency === 'session' && !wroteLately)
    t.strictSame(
      differing('get', (one) => (one.facts.replica === 'ready' && mayRead(one) ? 'replica' : upstream(one))),
      []
    )
  }
)

t.test('a read that speaks of one node goes where the writes go, whatever the policy [C1]', async (t) => {
  for (const name of ['scan', 'dbsize', 'object|encoding', 'eval_ro'])
    t.strictSame(differing(name, upstream), [], name)
})

t.test('what needs a lane of its own gets one, and only where there is a master', async (t) => {
  for (const name of ['blpop', 'multi', 'watch', 'nosuch', 'set', 'get']) {
    const decisions = [...cases()]
      .filter(({ facts }) => facts.needsOwn)
      .map(({ facts, policy, admission }) =>
        [admission, route(command(name), facts, policy, admission)].join(' ')
      )
    t.strictSame([...new Set(decisions)], ['forward own', 'hold hold', 'refuse shed'], name)
  }
})

t.test('what concerns the client connection is answered here, with a master or without', async (t) => {
  for (const name of ['ping', 'echo', 'select'])
    t.strictSame(
      differing(name, (one) => (one.facts.isInMulti ? upstream(one) : 'here')),
      [],
      name
    )
  for (const name of ['reset', 'quit'])
    t.strictSame(
      differing(name, () => 'here'),
      [],
      name
    )
})

t.test(
  'in a transaction nothing runs that would change or tell of the connection which is lent [C2]',
  async (t) => {
    for (const name of ['auth', 'hello', 'client|id', 'client|kill', 'subscribe', 'punsubscribe'])
      t.strictSame(
        differing(name, (one) => (one.facts.isInMulti ? 'notInMulti' : 'here')),
        [],
        name
      )
  }
)

t.test('what would damage a shared server is refused, in a transaction too', async (t) => {
  for (const name of ['shutdown', 'replicaof', 'config|set', 'debug'])
    t.strictSame(
      differing(name, () => 'refused'),
      [],
      name
    )
})

t.test('while Redis tracks what a session reads, only its own lane knows the state of that', async (t) => {
  const facts = { lastWriteAtMs: 0, nowMs: 1000, replica: 'none', needsOwn: true, isInMulti: false } as const
  const policy = { consistency: 'session', afterWriteMs: 50 } as const
  for (const name of ['client|trackinginfo', 'client|getredir']) {
    t.equal(route(command(name), { ...facts, isTracking: true }, policy, 'forward'), 'own', name)
    t.equal(route(command(name), { ...facts, isTracking: false }, policy, 'forward'), 'here', name)
  }
})
