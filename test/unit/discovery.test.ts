// What of all that the Sentinels say the failover controller is told.
import t, { type Test } from 'tap'
import { Discovery, type DiscoveryRules } from '../../src/discovery.ts'
import { silentLog } from '../../src/log.ts'
import type { Address, Topology } from '../../src/topology/topology.ts'
import type { Reply } from '../../src/topology/sentinel-replies.ts'
import { FakeSentinels } from './topology/fake-sentinels.ts'
import { ManualClock } from './topology/manual-clock.ts'

const master: Address = { host: '10.0.0.1', port: 6379 }
const topology: Topology = { master, replicas: [], epoch: 1 }

/** What a Sentinel of three answers to a look. */
function says(facts: { downAfterMs?: number; hasQuorum?: boolean } = {}): readonly Reply[] {
  const { downAfterMs = 1000, hasQuorum = true } = facts
  const fields = ['config-epoch', '1', 'num-other-sentinels', '2', 'quorum', '2']
  return [
    [null, [master.host, String(master.port)]],
    [null, [...fields, 'down-after-milliseconds', String(downAfterMs)]],
    hasQuorum ? [null, 'OK'] : [new Error('NOQUORUM 1 usable Sentinels')],
    [null, []],
    [null, 'sentinel_tilt:0'],
    [null, []]
  ]
}

/** A Sentinel that watches other masters only. */
const stranger: readonly Reply[] = [[null, null], ...Array<Reply>(5).fill([new Error('ERR No such master')])]
const silent: readonly Reply[] = Array<Reply>(6).fill([new Error('Connection is closed.')])

type Bench = {
  readonly clock: ManualClock
  readonly fake: FakeSentinels
  readonly discovery: Discovery
  readonly told: string[]
  /** One look at the three Sentinels, which answer this. */
  readonly look: (...answers: readonly (readonly Reply[])[]) => Promise<void>
}

async function useDiscovery(t: Test, rules: Partial<DiscoveryRules> = {}): Promise<Bench> {
  const clock = new ManualClock()
  const fake = new FakeSentinels()
  const hosts = ['a', 'b', 'c']
  const told: string[] = []
  const discovery = new Discovery(
    {
      sentinels: {
        seeds: hosts.map((host) => ({ host, port: 26379 })),
        ...{ masterName: 'm', timeoutMs: 500, pollIntervalMs: 3_600_000, natMap: {}, clock, log: silentLog },
        ...{ dial: fake.dial, lookup: async () => [], random: () => 1 }
      },
      rules: { fence: 'available', earlyHold: 'selected', ...rules },
      clock,
      log: silentLog,
      adopted: () => topology
    },
    {
      believed: () => told.push('believed'),
      electionSeen: (why, candidate) => told.push(`electionSeen ${why} ${candidate?.host ?? ''}`.trim()),
      electionOver: (why) => told.push(`electionOver ${why}`),
      doubted: (why) => told.push(`doubted ${why}`),
      quorumLost: () => told.push('quorumLost'),
      downAfter: (ms) => told.push(`downAfter ${ms}`)
    }
  )
  t.teardown(() => discovery.sentinels.close())
  discovery.start()
  for (const host of hosts) await fake.at(host).open()
  const answer = async (answers: readonly (readonly Reply[])[]): Promise<void> => {
    for (let isBusy = true; isBusy;) {
      isBusy = false
      for (const [index, host] of hosts.entries()) {
        if (fake.at(host).questions.length === 0) continue
        isBusy = true
        await fake.at(host).answer(answers[index] ?? silent)
      }
    }
  }
  await answer([says(), says(), says()])
  told.length = 0
  const look = async (...answers: readonly (readonly Reply[])[]): Promise<void> => {
    const looked = discovery.look('test')
    await answer(answers)
    await looked
  }
  return { clock, fake, discovery, told, look }
}

t.test('down-after is that of a Sentinel which knows the master, and is told when it changes', async (t) => {
  const { discovery, told, look } = await useDiscovery(t)
  t.equal(discovery.downAfterMs, 1000)
  await look(stranger, says(), says())
  t.equal(discovery.downAfterMs, 1000, 'the first one does not know the name')
  t.notOk(told.includes('downAfter 0'))
  await look(stranger, says({ downAfterMs: 5000 }), says({ downAfterMs: 5000 }))
  await look(says({ downAfterMs: 5000 }), says({ downAfterMs: 5000 }), says({ downAfterMs: 5000 }))
  t.equal(discovery.downAfterMs, 5000)
  t.strictSame(
    told.filter((what) => what.startsWith('downAfter')),
    ['downAfter 5000']
  )
})

const lost = [says({ hasQuorum: false }), silent, silent] as const

t.test('a strict fence falls when nobody has had a majority for down-after, not before [F6]', async (t) => {
  const { clock, told, look } = await useDiscovery(t, { fence: 'strict' })
  await clock.turn(900)
  await look(...lost)
  t.strictSame(told, [])
  await clock.turn(100)
  await look(...lost)
  t.strictSame(told, ['quorumLost'])
  await look(says(), says(), silent)
  t.strictSame(told, ['quorumLost', 'believed'])
  await clock.turn(900)
  await look(...lost)
  t.equal(told.length, 2, 'the time begins anew')
})

t.test('a fence that is not strict never falls [F6]', async (t) => {
  const { clock, discovery, told, look } = await useDiscovery(t)
  await clock.turn(60_000)
  await look(...lost)
  t.strictSame(told, [])
  t.equal(discovery.hasQuorum, false)
})

t.test('a majority is one of all Sentinels that answer now, whatever one says of the others', async (t) => {
  const { discovery, look } = await useDiscovery(t)
  t.equal(discovery.hasMajority, true)
  await look(says(), silent, silent)
  t.equal(discovery.hasQuorum, true, 'it takes the others for alive')
  t.equal(discovery.hasMajority, false)
  await look(says(), silent, stranger)
  t.equal(discovery.hasMajority, false, 'one that does not know the master does not count')
  await look(says(), silent, says({ hasQuorum: false }))
  t.equal(discovery.hasMajority, true)
})

t.test(
  'writes are held from the event on that the setting names, and the candidate comes along [F5]',
  async (t) => {
    const events = [
      ['+try-failover', 'master m 10.0.0.1 6379'],
      ['+elected-leader', 'master m 10.0.0.1 6379'],
      ['+selected-slave', 'slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379'],
      ['+failover-state-send-slaveof-noone', 'slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379']
    ] as const
    const expected = {
      'try-failover': 4,
      elected: 3,
      selected: 2,
      noone: 1
    } as const
    for (const [earlyHold, count] of Object.entries(expected) as [keyof typeof expected, number][]) {
      const { fake, told } = await useDiscovery(t, { earlyHold })
      for (const [channel, text] of events) await fake.at('a').publish(channel, text)
      const seen = told.filter((what) => what.startsWith('electionSeen'))
      t.equal(seen.length, count, earlyHold)
      t.equal(seen.at(-1), 'electionSeen +failover-state-send-slaveof-noone 10.0.0.2')
    }
  }
)

t.test('an aborted election is over, and a doubt counts only for the adopted master', async (t) => {
  const { fake, told } = await useDiscovery(t)
  await fake.at('b').publish('-failover-abort-no-good-slave', 'master m 10.0.0.1 6379')
  await fake.at('b').publish('+odown', 'master m 10.0.0.7 6379')
  await fake.at('b').publish('+odown', 'master m 10.0.0.1 6379')
  t.strictSame(told, ['electionOver -failover-abort-no-good-slave', 'doubted +odown'])
})

t.test('a failover that cannot be asked for resolves with the reason', async (t) => {
  const { discovery, fake } = await useDiscovery(t)
  const asked = discovery.failover()
  for (let turns = 0; turns < 3; turns += 1)
    for (const host of ['a', 'b', 'c']) await fake.at(host).answer(says({ hasQuorum: false }))
  t.equal(await asked, 'no Sentinel that reaches a quorum can be asked')
})
