// One client that monitors: told once, asked for again on each new master, and given up when Redis says no.
import t from 'tap'
import { MonitorLink } from '../../../src/upstream/monitor-link.ts'
import { ManualClock } from '../topology/manual-clock.ts'
import { FakeListeningLane } from './fake-listening-lane.ts'

const windowMs = 500

function open() {
  const clock = new ManualClock()
  const lanes: FakeListeningLane[] = []
  const said: string[] = []
  const link = new MonitorLink({
    ...{ user: undefined, clock, windowMs },
    dial: ({ port }, _user, events) => {
      const lane = new FakeListeningLane(port, events)
      lanes.push(lane)
      return lane
    },
    events: {
      onStart: (refusal) => said.push(refusal === undefined ? 'started' : refusal.toString().trim()),
      onLine: (line) => said.push(line.toString().trim()),
      onRevoke: () => said.push('revoked')
    }
  })
  return { clock, lanes, said, link, lane: () => lanes.at(-1)! }
}

function monitoring() {
  const world = open()
  world.link.follow({ host: 'h', port: 1 })
  world.lane().connect()
  world.lane().line('+OK')
  return world
}

t.test('the first reply starts it, and everything behind that is a line', async (t) => {
  const { lane, said } = monitoring()
  t.strictSame(lane().asked(), ['MONITOR'])
  lane().line('+1.2 [0 a] "GET" "k"')
  t.strictSame(said, ['started', '+1.2 [0 a] "GET" "k"'])
})

t.test('on another master it is asked for again, and the client is not told twice [F1]', async (t) => {
  const { lane, lanes, said, link } = monitoring()
  link.follow({ host: 'h', port: 2 })
  t.equal(lanes[0]?.ended, 'cut')
  lane().connect()
  t.strictSame(lane().asked(), ['MONITOR'])
  lane().line('+OK')
  lane().line('+line')
  t.strictSame(said, ['started', '+line'])
})

t.test('a lost connection is dialled again, and one that is refused then ends it', async (t) => {
  const { clock, lane, lanes, said } = monitoring()
  lane().lose()
  await clock.turn(1000)
  t.equal(lanes.length, 2)
  lane().connect()
  lane().fail('NOPERM no')
  t.strictSame(said, ['started', 'revoked'])
  await clock.turn(10_000)
  t.equal(lanes.length, 2, 'it is not dialled any more')
})

t.test('who may not monitor hears it once', async (t) => {
  const { clock, lane, lanes, link, said } = open()
  link.follow({ host: 'h', port: 1 })
  lane().connect()
  lane().fail('NOPERM no')
  await clock.turn(10_000)
  t.strictSame(said, ['-NOPERM no'])
  t.equal(lanes.length, 1)
})

t.test('while there is no master it waits, and no longer than its window [F4]', async (t) => {
  const { clock, said } = open()
  await clock.turn(windowMs - 1)
  t.strictSame(said, [])
  await clock.turn(1)
  t.match(said, [/^-MASTERDOWN/])
})

t.test('a connection on which nothing is said any more is dialled again', async (t) => {
  const { clock, lanes, lane, link } = monitoring()
  lane().line('+line')
  link.sweep(clock.now())
  await clock.turn(15_001)
  link.sweep(clock.now())
  t.equal(lanes[0]?.ended, 'timeout')
})
