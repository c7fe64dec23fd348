// Sentinels whose config-epoch begins anew, and Sentinels that leave or join.
import t from 'tap'
import type { RigNode } from '../../src/demo/rig-node.ts'
import { useRig } from '../harness/with-rig.ts'
import { useWatcher } from './sentinels-watcher.ts'

const host = '127.0.0.1'

t.test(
  'a master that is removed and monitored anew is adopted at its lower epoch after a while',
  async (t) => {
    const rig = await useRig(t)
    const watcher = useWatcher(t, rig.sentinels)
    const [first] = rig.nodes
    await watcher.until('three votes', () => watcher.last?.votes.length === 3)
    await watcher.sentinels.failover()
    await watcher.until('epoch 1', () => watcher.epoch === 1)
    const second = await rig.masterAfter(first as RigNode)
    t.not(second, first)
    await watcher.until('the failover ended', () => watcher.announcedBy('+failover-end').size === 1)

    // While one of them still knows epoch 1 it tells the others.
    await Promise.all(rig.sentinels.map((sentinel) => sentinel.command('SENTINEL', 'REMOVE', rig.masterName)))
    await watcher.until(
      'an unknown name',
      () => watcher.verdict?.kind === 'keep' && watcher.verdict.why === 'unknown-master'
    )
    t.equal(watcher.master?.port, second.port, 'the adopted master is kept')
    for (const sentinel of rig.sentinels) {
      await sentinel.command('SENTINEL', 'MONITOR', rig.masterName, host, String(second.port), '2')
    }
    await watcher.until(
      'an older epoch',
      () => watcher.verdict?.kind === 'keep' && watcher.verdict.why === 'lower-epoch'
    )
    const seenAt = watcher.verdict?.lowerSinceMs ?? Infinity
    await watcher.until('epoch 0', () => watcher.epoch === 0)
    t.ok(performance.now() - seenAt > 1400, 'not before it was named for a while')
    t.equal(watcher.master?.port, second.port)
    t.ok(watcher.announcedBy('-monitor').size > 0)
    t.equal(watcher.announcedBy('+monitor').size, 3)
  }
)

t.test('one Sentinel that begins anew changes nothing', async (t) => {
  const rig = await useRig(t)
  const watcher = useWatcher(t, rig.sentinels)
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)
  await watcher.sentinels.failover()
  const areAll = (epoch: number): boolean =>
    watcher.last?.votes.every((vote) => vote.epoch === epoch) ?? false
  // The leader tells the others a moment after it has promoted: removed before that, it takes the election with it.
  await watcher.until('epoch 1 everywhere', () => areAll(1))
  const [reset] = rig.sentinels
  const [old] = rig.nodes

  await reset?.command('SENTINEL', 'REMOVE', rig.masterName)
  const { length } = watcher.observations
  await reset?.command('SENTINEL', 'MONITOR', rig.masterName, host, String(old?.port), '2')
  // It may last for less than it takes to look at it here.
  await watcher.until('its other opinion', () =>
    watcher.observations
      .slice(length)
      .some(({ votes }) => votes.some(({ address }) => address?.port === old?.port))
  )
  t.not(watcher.master?.port, old?.port)
  t.equal(watcher.epoch, 1)
  await watcher.until('its peers have told it', () => areAll(1))
  t.not(watcher.master?.port, old?.port)
})

t.test('a learnt Sentinel that nobody lists any more is dropped, a seed never', async (t) => {
  const rig = await useRig(t)
  const [first, second, third] = rig.sentinels
  const watcher = useWatcher(
    t,
    [first, second].flatMap((node) => node ?? []),
    { peersIntervalMs: 200 }
  )
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)
  const known = (): string[] => watcher.sentinels.states().map(({ sentinel }) => sentinel)

  await third?.kill()
  await first?.command('SENTINEL', 'RESET', rig.masterName)
  await second?.command('SENTINEL', 'RESET', rig.masterName)
  await watcher.until('two links', () => known().length === 2)
  t.strictSame(known(), [first?.address, second?.address])

  await second?.kill()
  await first?.command('SENTINEL', 'RESET', rig.masterName)
  const { length } = watcher.observations
  await watcher.until('several rounds', () => watcher.observations.length > length + 8)
  t.strictSame(known(), [first?.address, second?.address])

  await third?.restart()
  await watcher.until('the third found again', () => known().includes(third?.address ?? ''))
})
