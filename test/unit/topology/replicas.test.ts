import fc from 'fast-check'
import t from 'tap'
import { Replicas, type ReplicaBeat, type ReplicasOptions } from '../../../src/topology/replicas.ts'
import { sameAddress, type Address, type Topology } from '../../../src/topology/topology.ts'

const at = (host: string, port = 6379): Address => ({ host, port })
const master = at('m')
const other = at('other')
const r1 = at('r1')
const r2 = at('r2')

function topology(
  changes: {
    readonly master?: Address
    readonly down?: readonly Address[]
    readonly replicas?: readonly Address[]
  } = {}
): Topology {
  const { down = [], replicas = [r1, r2] } = changes
  return {
    master: changes.master ?? master,
    epoch: 1,
    replicas: replicas.map((address) => ({
      address,
      usable: !down.includes(address),
      flags: [],
      linkUp: true,
      follows: master,
      priority: 100,
      replOffset: 0
    }))
  }
}

function beat(address: Address, receivedAtMs: number, changes: Partial<ReplicaBeat> = {}): ReplicaBeat {
  return {
    address,
    role: 'slave',
    masterHost: 'm',
    masterPort: 6379,
    linkState: 'connected',
    offset: 100,
    receivedAtMs,
    ...changes
  }
}

function useReplicas(changes: Partial<ReplicasOptions> = {}): Replicas {
  const replicas = new Replicas({
    sameNode: sameAddress,
    maxLagMs: 1000,
    staleWindowMs: 5000,
    beatTtlMs: 3000,
    ...changes
  })
  replicas.adopt(topology())
  return replicas
}

const whys = (replicas: Replicas, nowMs: number): unknown[] => replicas.standings(nowMs).map(({ why }) => why)

t.test('a replica serves reads once its own ROLE says that it is connected to our master', async (t) => {
  const replicas = useReplicas()
  t.strictSame(whys(replicas, 0), ['unheard', 'unheard'])
  replicas.heard(beat(r1, 0))
  t.strictSame(replicas.eligible(0), [r1])
  t.match(replicas.standings(0)[0], { address: r1, why: null, lagMs: null, lagBytes: null })
})

t.test('what keeps a replica from serving is said', async (t) => {
  const replicas = useReplicas()
  replicas.heard(beat(r2, 0))
  const cases: readonly (readonly [Partial<ReplicaBeat>, string])[] = [
    [{ role: 'master', linkState: '' }, 'not-replica'],
    [{ masterHost: 'other' }, 'other-master'],
    [{ masterPort: 6380 }, 'other-master'],
    [{ linkState: 'sync' }, 'link-down']
  ]
  for (const [changes, why] of cases) {
    replicas.heard(beat(r1, 0, changes))
    t.strictSame(whys(replicas, 0), [why, null])
  }
})

t.test('one that the Sentinels call down does not serve, though it answers', async (t) => {
  const replicas = useReplicas()
  replicas.heard(beat(r1, 0))
  replicas.adopt(topology({ down: [r1] }))
  t.strictSame(whys(replicas, 0), ['down', 'unheard'])
  replicas.adopt(topology())
  t.strictSame(replicas.eligible(0), [r1], 'what was heard of it is kept')
})

t.test(
  'one that falls silent serves no longer than its last answer is fresh, or is told to be',
  async (t) => {
    const replicas = useReplicas()
    replicas.heard(beat(r1, 0))
    t.strictSame(replicas.eligible(3000), [r1])
    t.strictSame(whys(replicas, 3001), ['unheard', 'unheard'])
    replicas.heard(beat(r1, 4000))
    replicas.unheard(r1)
    replicas.unheard(at('nobody'))
    t.strictSame(whys(replicas, 4000), ['unheard', 'unheard'])
  }
)

t.test('one that is no longer listed is forgotten, and one that never was is ignored', async (t) => {
  const replicas = useReplicas()
  replicas.heard(beat(r1, 0))
  replicas.heard(beat(at('stranger'), 0))
  replicas.adopt(topology({ replicas: [r2] }))
  t.strictSame(
    replicas.standings(0).map(({ address }) => address),
    [r2]
  )
  replicas.adopt(topology())
  t.strictSame(whys(replicas, 0), ['unheard', 'unheard'])
})

t.test('lag is how long ago the master was where the replica is', async (t) => {
  const replicas = useReplicas()
  replicas.masterAt(0, 0)
  replicas.masterAt(100, 500)
  replicas.masterAt(900, 1400)
  replicas.heard(beat(r1, 1450, { offset: 150 }))
  t.match(replicas.standings(1450)[0], { why: null, lagMs: 950, lagBytes: 750 })
  replicas.heard(beat(r1, 1550, { offset: 150 }))
  t.match(replicas.standings(1550)[0], { why: 'lag', lagMs: 1050, lagBytes: 750 })
  replicas.heard(beat(r1, 1600, { offset: 900 }))
  t.match(replicas.standings(1600)[0], { why: null, lagMs: 0, lagBytes: 0 })
  replicas.heard(beat(r1, 1700, { offset: 2000 }))
  t.match(
    replicas.standings(1700)[0],
    { why: null, lagMs: 0, lagBytes: 0 },
    'it may be heard after more was written'
  )
})

t.test('a replica behind everything that is remembered lags more than the limit', async (t) => {
  const replicas = useReplicas()
  for (let atMs = 0; atMs <= 60_000; atMs += 10) replicas.masterAt(1000 + atMs, atMs)
  replicas.heard(beat(r1, 60_000, { offset: 5 }))
  const [standing] = replicas.standings(60_000)
  t.equal(standing?.why, 'lag')
  t.ok((standing?.lagMs ?? 0) > 1000)
})

t.test(
  'a replica behind the first thing heard of the master does not serve until it has passed that',
  async (t) => {
    const replicas = useReplicas()
    replicas.masterAt(1000, 0)
    replicas.heard(beat(r1, 5, { offset: 900 }))
    t.strictSame(whys(replicas, 5), ['lag', 'unheard'], 'it may be behind by any time')
    replicas.masterAt(5000, 500)
    replicas.heard(beat(r1, 505, { offset: 1000 }))
    t.match(replicas.standings(505)[0], { why: null, lagMs: 505 })
  }
)

t.test('while every link is down those that had caught up serve for the window, and no others', async (t) => {
  const replicas = useReplicas({ beatTtlMs: 60_000 })
  replicas.heard(beat(r1, 0))
  replicas.heard(beat(r2, 0, { linkState: 'connect' }))
  replicas.heard(beat(r1, 1000, { linkState: 'connect' }))
  replicas.heard(beat(r1, 2000, { linkState: 'connecting' }))
  t.strictSame(whys(replicas, 2000), [null, 'link-down'], 'r2 was never heard with a link')
  t.strictSame(whys(replicas, 5999), [null, 'link-down'])
  t.strictSame(whys(replicas, 6000), ['link-down', 'link-down'])
})

t.test('as soon as one has a link, those without do not serve, also while it lags', async (t) => {
  const replicas = useReplicas()
  for (const address of [r1, r2]) replicas.heard(beat(address, 0))
  replicas.heard(beat(r1, 100, { linkState: 'connect' }))
  t.strictSame(whys(replicas, 100), ['link-down', null])
  replicas.masterAt(100, 0)
  replicas.masterAt(5000, 100)
  replicas.heard(beat(r2, 2000, { offset: 100 }))
  t.strictSame(whys(replicas, 2000), ['link-down', 'lag'])
})

t.test('one that lagged when its link went does not serve, and a window of 0 means never', async (t) => {
  const lagging = useReplicas()
  lagging.masterAt(100, 0)
  lagging.masterAt(5000, 1900)
  lagging.heard(beat(r1, 2000, { offset: 100 }))
  lagging.heard(beat(r1, 2100, { offset: 100, linkState: 'connect' }))
  t.strictSame(whys(lagging, 2100), ['link-down', 'unheard'])
  const never = useReplicas({ staleWindowMs: 0 })
  never.heard(beat(r1, 0))
  never.heard(beat(r1, 0, { linkState: 'connect' }))
  t.strictSame(whys(never, 0), ['link-down', 'unheard'])
})

t.test('after a rebind a replica serves only when it follows the new master', async (t) => {
  const replicas = useReplicas({ beatTtlMs: 60_000 })
  replicas.masterAt(100, 0)
  replicas.heard(beat(r1, 0))
  replicas.heard(beat(r1, 100, { linkState: 'connect' }))
  t.strictSame(replicas.eligible(100), [r1])
  replicas.adopt(topology({ master: other }))
  t.strictSame(whys(replicas, 100), ['link-down', 'unheard'], 'the window of the old master is over')
  t.match(replicas.standings(100)[0], { lagMs: null, lagBytes: null })
  replicas.heard(beat(r1, 200))
  replicas.heard(beat(r1, 300, { linkState: 'connect' }))
  t.strictSame(whys(replicas, 300), ['link-down', 'unheard'], 'a link to the old master opens no window')
  replicas.heard(beat(r1, 400, { masterHost: 'other' }))
  t.strictSame(replicas.eligible(400), [r1])
})

t.test('the replication id decides whom a replica follows, where both are known', async (t) => {
  const replicas = useReplicas()
  replicas.adopt(topology(), 'x')
  replicas.heard(beat(r1, 0, { replicationId: 'x', masterHost: 'a-chain' }))
  replicas.heard(beat(r2, 0, { replicationId: 'y' }))
  t.strictSame(whys(replicas, 0), [null, 'other-master'])
  replicas.heard(beat(r2, 0))
  t.strictSame(whys(replicas, 0), [null, null])
  replicas.adopt(topology(), 'z')
  t.strictSame(whys(replicas, 0), ['other-master', null])
})

t.test('a master that begins anew under its address makes no replica lag by its old offsets', async (t) => {
  const replicas = useReplicas()
  replicas.masterAt(10_000, 0)
  replicas.masterAt(5, 5000)
  replicas.masterAt(10, 5100)
  replicas.heard(beat(r1, 5150, { offset: 5 }))
  t.match(replicas.standings(5150)[0], { why: null, lagMs: 150 })
})

t.test('nothing is readable before a topology is adopted', async (t) => {
  const replicas = new Replicas({ sameNode: sameAddress, maxLagMs: 1, staleWindowMs: 1, beatTtlMs: 1 })
  replicas.heard(beat(r1, 0))
  t.strictSame(replicas.standings(0), [])
})

t.test(
  'lag is never less than the truth, and exceeds it by little more than the distance of two looks',
  async (t) => {
    const steps = fc.array(fc.record({ writtenBytes: fc.nat(50), gapMs: fc.integer({ min: 1, max: 100 }) }), {
      minLength: 2,
      maxLength: 200
    })
    t.doesNotThrow(() => {
      fc.assert(
        fc.property(steps, fc.nat(199), (given, behind) => {
          const replicas = useReplicas({ maxLagMs: 100_000 })
          let atMs = 0
          let offset = 0
          const seen = given.map(({ writtenBytes, gapMs }) => {
            atMs += gapMs
            offset += writtenBytes
            replicas.masterAt(offset, atMs)
            return { atMs, offset }
          })
          const reached = seen[Math.max(0, seen.length - 1 - behind)] ?? { atMs: 0, offset: 0 }
          replicas.heard(beat(r1, atMs, { offset: reached.offset }))
          const lagMs = replicas.standings(atMs)[0]?.lagMs ?? -1
          // It holds all that was written until the last look at which the master was not further.
          const heldUntilMs = seen.findLast((sample) => sample.offset <= reached.offset)?.atMs ?? 0
          const truthMs = reached.offset >= offset ? 0 : atMs - heldUntilMs
          const resolutionMs = 100_000 / 64 + 100
          return lagMs >= truthMs && lagMs <= truthMs + resolutionMs
        })
      )
    })
  }
)
