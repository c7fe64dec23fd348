// What the proxy knows of each replica by asking it: who may serve reads, and who could be promoted.
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock as clock } from '../../src/clock.ts'
import { Reads } from '../../src/reads.ts'
import { sameAddress, type Address, type ReplicaReport } from '../../src/topology/topology.ts'
import { Turn } from '../../src/turn.ts'
import { Dialer } from '../../src/upstream/dialer.ts'
import type { FakeRedis } from '../harness/fake-redis.ts'
import { useFakeRedis } from '../harness/with-rig.ts'

const master: Address = { host: '127.0.0.1', port: 1 }

type Node = { readonly redis: FakeRedis; readonly address: Address; offset: number; isSilent: boolean }

/** A replica of the master that says where it is, unless it is silent. */
async function useReplica(t: Test): Promise<Node> {
  const redis = await useFakeRedis(t, (args) => {
    if (args[0] !== 'ROLE' || node.isSilent) return undefined
    const offset = String(node.offset)
    return `*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:${master.port}\r\n$9\r\nconnected\r\n:${offset}\r\n`
  })
  const node: Node = { redis, address: { host: '127.0.0.1', port: redis.port }, offset: 100, isSilent: false }
  return node
}

function reportOf({ address }: Node, facts: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    ...{ address, usable: true, flags: ['slave'], linkUp: true, follows: master },
    ...{ priority: 100, replOffset: 0, ...facts }
  }
}

type Bench = { readonly reads: Reads; readonly eligible: () => number[]; readonly cut: number[] }

function useReads(t: Test, listed: readonly ReplicaReport[]): Bench {
  const cut: number[] = []
  let ports: number[] = []
  const dialer = new Dialer({
    service: undefined,
    connectTimeoutMs: 1000,
    replyBufferBytes: 65_536,
    turn: new Turn()
  })
  const reads = new Reads({
    clock,
    dialer,
    lanes: {
      setEligible: (eligible) => {
        ports = eligible.map(({ address }) => address.port)
      },
      cutReplica: ({ port }) => cut.push(port)
    },
    sameNode: sameAddress,
    rules: {
      maxLagMs: 10_000,
      staleWindowMs: 0,
      heartbeatIntervalMs: 50,
      deadlineMs: () => 500,
      prefer: ''
    },
    onPromoted: () => undefined
  })
  t.teardown(() => reads.close())
  reads.adopt({ master, replicas: listed, epoch: 1 }, 'A')
  reads.masterAt(100)
  return { reads, eligible: () => ports, cut }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1500 && !isSo(); tries += 1) await sleep(10)
  if (!isSo()) throw new Error('it does not come true within 15 s')
}

t.test(
  'a replica that hangs serves no reads from its deadline on, and serves again when it answers',
  async (t) => {
    const node = await useReplica(t)
    const { port } = node.address
    const { reads, eligible, cut } = useReads(t, [reportOf(node)])
    await until(() => eligible().includes(port))
    node.isSilent = true
    await until(() => eligible().length === 0 && cut.length > 0)
    t.strictSame(cut, [port], 'what it owes is read elsewhere')
    t.match(reads.standings(), [{ why: 'unheard', isUp: false, lagMs: 0 }])
    t.match(reads.promotable(), [{ isFed: false, offset: 100 }])

    node.isSilent = false
    for (const connection of node.redis.connections) connection.reset()
    await until(() => eligible().includes(port))
    t.match(reads.standings(), [{ why: null, isUp: true }])
  }
)

t.test('a replica whose connection is lost serves no reads until it is heard again', async (t) => {
  const node = await useReplica(t)
  const { eligible } = useReads(t, [reportOf(node)])
  await until(() => eligible().length === 1)
  await node.redis.close()
  await until(() => eligible().length === 0)
  t.pass('it is not waited for')
})

t.test('the Sentinels may elect a replica that they find usable and that has a priority', async (t) => {
  const [one, never, down] = [await useReplica(t), await useReplica(t), await useReplica(t)]
  const listed = [
    reportOf(one),
    reportOf(never, { priority: 0 }),
    reportOf(down, { usable: false, flags: ['slave', 's_down'] })
  ]
  const { reads, eligible } = useReads(t, listed)
  await until(() => eligible().length === 2)
  t.match(reads.promotable(), [{ address: one.address, isFed: true, offset: 100 }])
  t.equal(reads.promotable().length, 1)
})

t.test('a replica that is asked now says where it is now', async (t) => {
  const node = await useReplica(t)
  const { reads, eligible } = useReads(t, [reportOf(node)])
  await until(() => eligible().length === 1)
  node.offset = 170
  const askedAtMs = clock.now()
  reads.beat()
  // An answer of before may still be on its way.
  await until(() => reads.promotable()[0]?.offset === 170)
  t.ok((reads.promotable()[0]?.heardAtMs ?? 0) >= askedAtMs)
})
