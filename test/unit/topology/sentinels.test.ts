import t from 'tap'
import { silentLog } from '../../../src/log.ts'
import type { Observation } from '../../../src/topology/observation.ts'
import { Sentinels, type SentinelEvent, type SentinelsOptions } from '../../../src/topology/sentinels.ts'
import type { Reply } from '../../../src/topology/sentinel-replies.ts'
import { allWell, FakeSentinels } from './fake-sentinels.ts'
import { ManualClock } from './manual-clock.ts'

type Bench = {
  readonly clock: ManualClock
  readonly fake: FakeSentinels
  readonly sentinels: Sentinels
  readonly observations: Observation[]
  readonly events: SentinelEvent[]
}

function useSentinels(hosts: readonly string[], changes: Partial<SentinelsOptions> = {}): Bench {
  const clock = new ManualClock()
  const fake = new FakeSentinels()
  const observations: Observation[] = []
  const events: SentinelEvent[] = []
  const sentinels = new Sentinels(
    {
      seeds: hosts.map((host) => ({ host, port: 26379 })),
      masterName: 'm',
      timeoutMs: 500,
      pollIntervalMs: 1000,
      natMap: {},
      clock,
      log: silentLog,
      dial: fake.dial,
      lookup: async () => [],
      random: () => 1,
      ...changes
    },
    {
      observed: (observation) => observations.push(observation),
      announced: (event) => events.push(event)
    }
  )
  return { clock, fake, sentinels, observations, events }
}

const asked = ({ fake }: Bench, host: string): number => fake.at(host).questions.length

type Answers = Readonly<Record<string, readonly Reply[]>>

/** Answers until nothing more is asked. */
async function settle(bench: Bench, answers: Answers): Promise<void> {
  for (let isBusy = true; isBusy;) {
    isBusy = false
    for (const [host, replies] of Object.entries(answers)) {
      if (asked(bench, host) === 0) continue
      isBusy = true
      await bench.fake.at(host).answer(replies)
    }
  }
}

/** Started, with every Sentinel connected and nothing asked. */
async function begin(bench: Bench, answers: Answers): Promise<void> {
  bench.sentinels.start()
  for (const host of Object.keys(answers)) await bench.fake.at(host).open()
  await settle(bench, answers)
}

t.test('a look ends when all have answered, and is reported once', async (t) => {
  const bench = useSentinels(['a', 'b'])
  bench.sentinels.start()
  await bench.fake.at('a').open()
  await bench.fake.at('a').answer(allWell())
  t.equal(bench.observations.length, 0, 'b has not been reached yet')
  await bench.fake.at('b').open()
  await bench.fake.at('b').answer(allWell())
  t.match(bench.observations, [{ reason: 'start', startedAtMs: 0, failures: [] }])
  t.strictSame(
    bench.observations[0]?.votes.map(({ sentinel }) => sentinel),
    ['a:26379', 'b:26379']
  )
})

t.test('a look ends after the timeout with a failure in place of each answer that is missing', async (t) => {
  const bench = useSentinels(['a', 'b'])
  bench.sentinels.start()
  await bench.fake.at('a').open()
  await bench.fake.at('a').answer(allWell())
  await bench.clock.turn(499)
  t.equal(bench.observations.length, 0)
  await bench.clock.turn(1)
  t.match(bench.observations[0], {
    votes: [{ sentinel: 'a:26379' }],
    failures: [{ sentinel: 'b:26379', kind: 'silent' }]
  })
})

t.test('whoever asks during a look shares the one after it', async (t) => {
  const bench = useSentinels(['a'])
  await begin(bench, { a: allWell() })
  const { length } = bench.observations
  const first = bench.sentinels.ask('first')
  const second = bench.sentinels.ask('second')
  const third = bench.sentinels.ask('third')
  t.equal(second, third)
  t.equal(asked(bench, 'a'), 1)
  await bench.fake.at('a').answer(allWell([], 5))
  t.match(await first, { reason: 'first', votes: [{ epoch: 5 }] })
  t.equal(asked(bench, 'a'), 1)
  await bench.fake.at('a').answer(allWell([], 6))
  t.match(await second, { reason: 'second', votes: [{ epoch: 6 }] })
  t.equal(asked(bench, 'a'), 0)
  t.equal(bench.observations.length, length + 2)
  t.match(bench.sentinels.counts(), { looks: length + 2, failures: 0 })
})

t.test('a listener that asks again while it is told gets a look of its own', async (t) => {
  const bench = useSentinels(['a'])
  await begin(bench, { a: allWell() })
  const first = bench.sentinels.ask('first')
  const second = first.then(() => bench.sentinels.ask('second'))
  await bench.fake.at('a').answer(allWell())
  await bench.fake.at('a').answer(allWell())
  t.match(await second, { reason: 'second' })
})

t.test('they are polled, but not on top of a look that is under way', async (t) => {
  const bench = useSentinels(['a'])
  await begin(bench, { a: allWell() })
  await bench.clock.turn(1000)
  t.equal(asked(bench, 'a'), 1)
  await bench.fake.at('a').answer(allWell())
  t.match(bench.observations.at(-1), { reason: 'poll' })
  void bench.sentinels.ask('mine')
  await bench.clock.turn(400)
  await bench.clock.turn(600)
  t.equal(asked(bench, 'a'), 1)
})

t.test('an event is told at once and followed by a look only if the answers may have changed', async (t) => {
  const bench = useSentinels(['a'], { natMap: { '10.0.0.1:6379': { host: 'outside', port: 1 } } })
  await begin(bench, { a: allWell() })
  const sentinel = bench.fake.at('a')
  await sentinel.publish('+selected-slave', 'slave x 10.0.0.2 6379 @ m 10.0.0.1 6379')
  t.strictSame(bench.events, [
    {
      sentinel: 'a:26379',
      name: '+selected-slave',
      address: { host: '10.0.0.2', port: 6379 },
      master: { host: 'outside', port: 1 },
      candidate: { host: '10.0.0.2', port: 6379 }
    }
  ])
  t.equal(asked(bench, 'a'), 0)
  await sentinel.publish('+switch-master', 'm 10.0.0.1 6379 10.0.0.2 6379')
  t.equal(asked(bench, 'a'), 1)
  await sentinel.publish('+switch-master', 'other 10.0.0.1 6379 10.0.0.2 6379')
  await sentinel.publish('+script-child', 'x')
  t.equal(bench.events.length, 2)
  t.match(bench.sentinels.counts().events, {
    '+switch-master': 1,
    '+selected-slave': 1,
    other: 1,
    '+sdown': 0
  })
})

t.test(
  'Sentinels that others list are dialled, asked, and dropped when they are listed no more',
  async (t) => {
    const bench = useSentinels(['a'], { peersIntervalMs: 100 })
    const listsA = allWell([['id-a', 'a']])
    await begin(bench, { a: allWell([['id-b', 'b']]) })
    await bench.fake.at('b').open()
    await settle(bench, { a: allWell([['id-b', 'b']]), b: listsA })
    t.match(bench.sentinels.states(), [
      { sentinel: 'a:26379', isSeed: true },
      { sentinel: 'b:26379', isSeed: false, vote: { sentinel: 'b:26379' } }
    ])
    await bench.clock.turn(1000)
    await settle(bench, { a: allWell(), b: listsA })
    t.strictSame(
      bench.sentinels.states().map(({ sentinel }) => sentinel),
      ['a:26379']
    )
    t.ok(bench.fake.at('b').isClosed)
  }
)

t.test('one that is reached under two addresses votes once, by the connection that is open', async (t) => {
  const bench = useSentinels(['a', 'alias'])
  bench.sentinels.start()
  await bench.fake.at('a').open({ id: 'one' })
  await bench.fake.at('alias').open({ id: 'one' })
  await bench.fake.at('a').answer(allWell())
  await bench.fake.at('alias').answer(allWell())
  const look = bench.sentinels.ask('mine')
  for (const host of ['a', 'alias', 'a', 'alias', 'a']) await bench.fake.at(host).answer(allWell())
  t.equal((await look).votes.length, 1)
  await bench.fake.at('a').lose(new Error('gone'))
  const next = bench.sentinels.ask('mine')
  await bench.fake.at('alias').answer(allWell())
  t.match(await next, { votes: [{ sentinel: 'alias:26379' }], failures: [] })
})

t.test('a +sentinel event has the Sentinels asked for one another before it is time', async (t) => {
  const bench = useSentinels(['a'])
  await begin(bench, { a: allWell() })
  await bench.fake.at('a').publish('+sentinel', 'sentinel id-b b 26379 @ m 10.0.0.1 6379')
  t.strictSame(bench.fake.at('a').questions[0]?.commands.at(-1), ['sentinel', 'SENTINELS', 'm'])
})

t.test('a failover is begun by a Sentinel with a quorum and the newest epoch', async (t) => {
  const bench = useSentinels(['a', 'b', 'c'])
  await begin(bench, { a: allWell(), b: allWell(), c: allWell() })
  const begun = bench.sentinels.failover()
  const tilted = allWell([], 9).map((reply, index) =>
    index === 4 ? ([null, 'sentinel_tilt:1'] as const) : reply
  )
  await bench.fake.at('a').answer(allWell([], 1))
  await bench.fake.at('b').answer(allWell([], 2))
  await bench.fake.at('c').answer(tilted)
  t.strictSame(bench.fake.at('b').questions[0]?.commands, [['sentinel', 'FAILOVER', 'm']])
  await bench.fake.at('b').answer([[null, 'OK']])
  await begun
})

t.test('closed, it reports nothing more, leaves no timer, and answers who waits', async (t) => {
  const bench = useSentinels(['a', 'b'])
  bench.sentinels.start()
  await bench.fake.at('a').open()
  const look = bench.sentinels.ask('mine')
  await bench.sentinels.close()
  t.match(await look, { votes: [] })
  t.match(await bench.sentinels.ask('late'), { votes: [], failures: [] })
  t.strictSame(bench.observations, [])
  t.equal(bench.clock.waiting, 0)
  t.strictSame(bench.sentinels.states(), [])
})
