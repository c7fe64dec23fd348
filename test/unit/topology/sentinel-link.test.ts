import t from 'tap'
import { silentLog, type Log } from '../../../src/log.ts'
import { SentinelLink, type LinkOptions } from '../../../src/topology/sentinel-link.ts'
import { allWell, FakeSentinels, type FakeConnection } from './fake-sentinels.ts'
import { ManualClock, settled } from './manual-clock.ts'

class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

type Bench = {
  readonly clock: ManualClock
  readonly fake: FakeSentinels
  readonly link: SentinelLink
  readonly lines: string[]
  readonly heard: string[]
  readonly current: () => FakeConnection
}

function useLink(changes: Partial<LinkOptions> = {}): Bench {
  const clock = new ManualClock()
  const fake = new FakeSentinels()
  const lines: string[] = []
  const heard: string[] = []
  const note = (_facts: unknown, text: string): void => {
    lines.push(text)
  }
  const log: Log = { ...silentLog, info: note, warn: note }
  const link = new SentinelLink(
    { host: 'a', port: 26379 },
    { masterName: 'm', timeoutMs: 500, natMap: {}, clock, log, dial: fake.dial, random: () => 1, ...changes },
    {
      opened: () => heard.push('opened'),
      published: (channel, text) => heard.push(`${channel} ${text}`)
    }
  )
  return { clock, fake, link, lines, heard, current: () => fake.at('a') }
}

const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.9:26379'), { code: 'ECONNREFUSED' })

t.test('a first look waits for the first dial, and is asked as soon as the link is open', async (t) => {
  const { link, current, heard, clock } = useLink()
  const look = link.look(false)
  t.strictSame(current().questions, [])
  await current().open()
  t.strictSame(heard, ['opened'])
  t.equal(current().questions.length, 1)
  await current().answer(allWell())
  t.match(await look, { vote: { sentinel: 'a:26379', epoch: 1 } })
  t.match(link.state(), { connected: true, subscribed: true, lastAnswerAgoMs: 0, lastError: null })
  t.equal(link.id, 'id-a')
  t.equal(clock.waiting, 0)
})

t.test(
  'a dial that fails is the answer to those who wait, and to all until the next one succeeds',
  async (t) => {
    const { link, current, fake, clock } = useLink()
    const look = link.look(false)
    await current().lose(refused)
    t.match(await look, { kind: 'unreachable', reason: /ECONNREFUSED/ })
    t.match(await link.look(false), { kind: 'unreachable' }, 'at once')
    t.match(link.state(), {
      connected: false,
      subscribed: false,
      lastAnswerAgoMs: null,
      lastError: /ECONNREFUSED/
    })
    await clock.turn(200)
    t.equal(fake.dialled.length, 2)
    t.match(await link.look(false), { kind: 'unreachable' }, 'while it is dialled again, too')
    await current().open()
    const again = link.look(false)
    await current().answer(allWell())
    t.match(await again, { vote: {} })
  }
)

t.test('the time between two dials grows from 0.1 s to 2 s, and begins anew after an answer', async (t) => {
  for (const [random, delays] of [
    [() => 1, [200, 400, 800, 1600, 2000, 2000]],
    [() => 0, [100, 100, 100]]
  ] as const) {
    const { current, fake, clock, link } = useLink({ random })
    for (const delayMs of delays) {
      const { length } = fake.dialled
      await current().lose(refused)
      await clock.turn(delayMs - 1)
      t.equal(fake.dialled.length, length)
      await clock.turn(1)
      t.equal(fake.dialled.length, length + 1)
    }
    await current().open()
    void link.look(false)
    await current().answer(allWell())
    await current().lose(new Error('the connection was closed'))
    await clock.turn(delays[0])
    t.equal(fake.dialled.length, delays.length + 2)
  }
})

t.test('one that connects but is never greeted is given up', async (t) => {
  const { link, current, fake, clock, lines } = useLink()
  const look = link.look(false)
  await clock.turn(500)
  t.match(await look, { kind: 'silent', reason: /did not answer within 500 ms/ })
  const first = current()
  await clock.turn(500)
  t.ok(first.isClosed)
  await clock.turn(200)
  t.equal(fake.dialled.length, 2)
  t.equal(lines.length, 1, 'which is told once')
})

t.test(
  'a look that is not answered in time fails, those after it at once, and a late answer is ignored',
  async (t) => {
    const { link, current, clock } = useLink()
    await current().open()
    const first = link.look(false)
    await clock.turn(500)
    t.match(await first, { kind: 'silent', reason: /within 500 ms/ })
    await clock.turn(1000)
    t.match(await link.look(false), { kind: 'silent', reason: /within 1500 ms/ })
    t.equal(current().questions.length, 1, 'nothing more is asked of it')
    await current().answer(allWell())
    const next = link.look(false)
    t.equal(current().questions.length, 1)
    await current().answer(allWell([], 7))
    t.match(await next, { vote: { epoch: 7 } })
    t.equal(clock.waiting, 0)
  }
)

t.test('a link that owes an answer for three seconds is redialled', async (t) => {
  const { link, current, fake, clock } = useLink()
  await current().open()
  const silent = current()
  void link.look(false)
  await clock.turn(2999)
  t.notOk(silent.isClosed)
  await clock.turn(1)
  t.ok(silent.isClosed)
  t.match(await link.look(false), { kind: 'silent' })
  await clock.turn(200)
  t.equal(fake.dialled.length, 2)
})

t.test('a connection lost in the middle of a look fails the look', async (t) => {
  const { link, current } = useLink()
  await current().open()
  const look = link.look(false)
  await current().lose(new Error('read ECONNRESET'))
  t.match(await look, { kind: 'unreachable', reason: /ECONNRESET/ })
  t.equal(link.isOpen, false)
  t.equal(link.id, 'id-a', 'its id is remembered')
})

t.test('one that does not know the master is asked for the names it knows', async (t) => {
  const { link, current } = useLink()
  await current().open()
  const look = link.look(false)
  await current().answer([[null, null]])
  t.strictSame(current().questions[0]?.commands, [['sentinel', 'MASTERS']])
  await current().answer([[null, [['name', 'orders']]]])
  t.match(await look, { vote: { address: null, knownMasters: ['orders'] } })
})

t.test('each kind of trouble is logged once, and so is its end', async (t) => {
  const { link, current, clock, lines } = useLink()
  await current().lose(refused)
  await clock.turn(200)
  await current().lose(refused)
  await clock.turn(400)
  await current().lose(new ReplyError('WRONGPASS invalid'))
  await clock.turn(800)
  await current().open()
  void link.look(false)
  await current().answer(allWell())
  t.match(lines, [/ECONNREFUSED/, /WRONGPASS/, /answers again/])
  t.equal(lines.length, 3)
})

t.test('one that answers an error stays connected and its error is kept', async (t) => {
  const { link, current } = useLink()
  await current().open()
  const look = link.look(false)
  await current().answer([[new ReplyError("ERR unknown command 'SENTINEL'")]])
  t.match(await look, { kind: 'not-sentinel' })
  t.match(link.state(), { connected: true, lastAnswerAgoMs: null, lastError: /is not a Sentinel/ })
})

t.test('one whose events cannot be had says so and is polled', async (t) => {
  const { link, current, lines } = useLink()
  await current().open({ deaf: 'NOPERM' })
  t.match(lines, ['no events from this Sentinel: it is only polled'])
  t.match(link.state(), { connected: true, subscribed: false })
})

t.test(
  'a command beside the looks resolves with its reply, rejects with its error and does not wait for ever',
  async (t) => {
    const { link, current, clock } = useLink({ username: 'u', password: 'p' })
    t.match(current().target, { username: 'u', password: 'p', connectTimeoutMs: 500 })
    await t.rejects(link.command('sentinel', 'FAILOVER', 'm'), { message: 'not connected yet' })
    await current().open()
    const done = link.command('sentinel', 'FAILOVER', 'm')
    t.strictSame(current().questions[0]?.commands, [['sentinel', 'FAILOVER', 'm']])
    await current().answer([[null, 'OK']])
    t.equal(await done, 'OK')
    const inProgress = link.command('x')
    void current().answer([[new ReplyError('INPROG')]])
    await t.rejects(inProgress, { message: 'INPROG' })
    const none = link.command('x')
    void current().answer([])
    await t.rejects(none, { message: 'no reply' })
    const late = link.command('x')
    late.catch(() => undefined)
    await clock.turn(500)
    await t.rejects(late, { message: /did not answer within 500 ms/ })
    await current().lose(refused)
    await t.rejects(link.command('x'), { message: /ECONNREFUSED/ })
  }
)

t.test('what is published is passed on', async (t) => {
  const { current, heard } = useLink()
  await current().open()
  await current().publish('+sdown', 'master m 10.0.0.1 6379')
  t.strictSame(heard, ['opened', '+sdown master m 10.0.0.1 6379'])
})

t.test(
  'closed, it fails who waits, asks nothing more and leaves no timer, in whatever state it was',
  async (t) => {
    const states: readonly ((bench: Bench) => Promise<void>)[] = [
      async () => undefined,
      async ({ current }) => current().open(),
      async ({ current }) => current().lose(refused),
      async ({ current, link }) => {
        await current().open()
        void link.look(false)
        await settled()
      }
    ]
    for (const reach of states) {
      const bench = useLink()
      await reach(bench)
      const look = bench.link.look(false)
      await bench.link.close()
      await bench.link.close()
      t.ok(bench.current().isClosed || !bench.link.isOpen)
      t.match(await look, { sentinel: 'a:26379' })
      t.match(await bench.link.look(false), { kind: 'unreachable', reason: /no longer asking/ })
      await settled()
      t.equal(bench.clock.waiting, 0)
      const { length } = bench.fake.dialled
      await bench.clock.turn(10_000)
      t.equal(bench.fake.dialled.length, length)
    }
  }
)
