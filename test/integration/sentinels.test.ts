// The Sentinels of a real rig, watched through elections.
import t from 'tap'
import type { RigNode } from '../../src/demo/rig-node.ts'
import { sameAddress } from '../../src/topology/topology.ts'
import { useRig } from '../harness/with-rig.ts'
import { useWatcher, type Watcher } from './sentinels-watcher.ts'

function votesFor(watcher: Watcher, node: RigNode): number {
  const votes = watcher.last?.votes ?? []
  return votes.filter(({ address }) => address !== null && sameAddress(address, node)).length
}

t.test('one seed is enough to find every Sentinel, and each votes once', async (t) => {
  const rig = await useRig(t)
  const watcher = useWatcher(t, rig.sentinels.slice(0, 1))
  const [master, ...replicas] = rig.nodes

  await watcher.until('three votes', () => watcher.last?.votes.length === 3)
  t.strictSame(new Set(watcher.last?.votes.map(({ sentinel }) => sentinel)), new Set(rig.sentinelAddresses()))
  t.strictSame(watcher.last?.failures, [])
  for (const vote of watcher.last?.votes ?? []) {
    t.match(vote, {
      address: { host: master?.host, port: master?.port },
      usable: true,
      tilt: false,
      epoch: 0,
      downAfterMs: 1000,
      failoverTimeoutMs: 5000,
      quorum: 2,
      knownSentinels: 3,
      masterFlags: ['master']
    })
    t.strictSame(
      new Set(vote.replicas.map(({ address }) => address.port)),
      new Set(replicas.map(({ port }) => port))
    )
    for (const report of vote.replicas) {
      const follows = { host: master?.host, port: master?.port }
      t.match(report, { usable: true, linkUp: true, priority: 100, flags: ['slave'], follows })
    }
  }
  t.match(watcher.verdict, { kind: 'believe', votes: 3, topology: { epoch: 0 } })
  const states = watcher.sentinels.states()
  t.strictSame(
    states.map(({ connected, subscribed, lastError, isSeed }) => ({
      connected,
      subscribed,
      lastError,
      isSeed
    })),
    [true, false, false].map((isSeed) => ({ connected: true, subscribed: true, lastError: null, isSeed }))
  )
})

t.test('a seed by name and a Sentinel that is learnt by address are one', async (t) => {
  const rig = await useRig(t, { sentinels: 2, quorum: 1 })
  const byName = rig.sentinels.map(({ port }) => ({ host: 'localhost', port }))
  const watcher = useWatcher(t, byName, { peersIntervalMs: 100 })

  await watcher.until('several rounds', () => watcher.observations.length > 8)
  t.strictSame(
    watcher.last?.votes.map(({ sentinel }) => sentinel),
    byName.map(({ port }) => `localhost:${port}`)
  )
  t.equal(watcher.sentinels.states().length, 2)
})

t.test('a planned failover is announced by its leader before anything else shows it', async (t) => {
  const rig = await useRig(t)
  const watcher = useWatcher(t, rig.sentinels)
  const [master] = rig.nodes
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)

  await watcher.sentinels.failover()
  await t.rejects(watcher.sentinels.failover(), { code: 'SENTINEL', message: /INPROG/ })
  await watcher.until('a candidate', () => watcher.announcedBy('+failover-state-send-slaveof-noone').size > 0)
  const selected = watcher.events.find(({ name }) => name === '+selected-slave')
  t.ok(selected?.candidate)
  t.match(selected?.master, { port: master?.port })
  t.equal(watcher.master?.port, master?.port, 'the Sentinels still name the old master')

  const second = await rig.masterAfter(master as RigNode)
  t.equal(selected?.candidate?.port, second.port)
  await watcher.until('the new master', () => watcher.master?.port === second.port)
  t.equal(watcher.epoch, 1)
  await watcher.until('three votes for it', () => votesFor(watcher, second) === 3)
  await watcher.until('+switch-master of all', () => watcher.announcedBy('+switch-master').size === 3)
  t.equal(watcher.announcedBy('+selected-slave').size, 1, 'only the leader tells the candidate')
  const { events, looks } = watcher.sentinels.counts()
  t.equal(events['+switch-master'], 3)
  t.equal(looks, watcher.observations.length)
  t.ok(watcher.observations.some(({ reason }) => reason === '+promoted-slave'))
})

t.test(
  'a killed master is replaced by the believed votes, and listed as a replica that is down',
  async (t) => {
    const rig = await useRig(t)
    const watcher = useWatcher(t, rig.sentinels)
    const [master] = rig.nodes
    await watcher.until('three votes', () => watcher.last?.votes.length === 3)

    await master?.kill()
    const second = await rig.masterAfter(master as RigNode)
    await watcher.until('the new master', () => watcher.master?.port === second.port)
    await watcher.until('the old one down', () => {
      const { verdict } = watcher
      if (verdict?.kind !== 'believe') return false
      return verdict.topology.replicas.some(
        (report) => report.address.port === master?.port && !report.usable
      )
    })
    t.ok(watcher.announcedBy('+sdown').size > 0)
    t.ok(watcher.announcedBy('+odown').size > 0)
  }
)

t.test('no failover is begun while no replica can be promoted', async (t) => {
  const rig = await useRig(t, { replicas: 1 })
  const watcher = useWatcher(t, rig.sentinels)
  const [, replica] = rig.nodes
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)

  replica?.freeze()
  await watcher.until('the replica down', () => watcher.announcedBy('+sdown').size === 3)
  await t.rejects(watcher.sentinels.failover(), { code: 'SENTINEL', message: /NOGOODSLAVE/ })
})

t.test('announced host names are the same nodes as their addresses', async (t) => {
  const rig = await useRig(t, { host: 'localhost', announceHostnames: true })
  const watcher = useWatcher(t, rig.sentinels.slice(0, 1))
  const [master] = rig.nodes
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)

  t.strictSame(watcher.master, { host: 'localhost', port: master?.port })
  t.ok(
    watcher.sentinels.sameNode(
      { host: '127.0.0.1', port: master?.port ?? 0 },
      { host: 'localhost', port: master?.port ?? 0 }
    )
  )
  await watcher.sentinels.failover()
  await watcher.until('+switch-master', () => watcher.announcedBy('+switch-master').size > 0)
  const switched = watcher.events.find(({ name }) => name === '+switch-master')
  t.match(switched, { master: { host: 'localhost', port: master?.port }, candidate: { host: 'localhost' } })
  await watcher.until('the new master', () => watcher.master?.port === switched?.candidate?.port)
})

t.test('announced addresses are translated in votes and in events', async (t) => {
  const rig = await useRig(t)
  const [master, first, second] = rig.nodes
  const natMap = Object.fromEntries(
    [master, first, second].map((node) => [
      `127.0.0.1:${node?.port}`,
      { host: 'outside.test', port: (node?.port ?? 0) + 1 }
    ])
  )
  const watcher = useWatcher(t, rig.sentinels, { natMap, lookup: () => Promise.resolve(['192.0.2.1']) })
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)

  const outside = { host: 'outside.test', port: (master?.port ?? 0) + 1 }
  t.strictSame(watcher.master, outside)
  for (const report of watcher.last?.votes[0]?.replicas ?? []) {
    t.equal(report.address.host, 'outside.test')
    t.strictSame(report.follows, outside)
  }
  t.ok(watcher.sentinels.sameNode({ host: '127.0.0.1', port: master?.port ?? 0 }, outside))
  await watcher.sentinels.failover()
  await watcher.until('+selected-slave', () => watcher.announcedBy('+selected-slave').size > 0)
  const selected = watcher.events.find(({ name }) => name === '+selected-slave')
  t.match(selected, { candidate: { host: 'outside.test' }, master: outside })
})
