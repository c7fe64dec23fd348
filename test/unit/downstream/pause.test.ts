import t from 'tap'
import { CommandTable, unknownCommand } from '../../../src/command/commands.ts'
import { Pause } from '../../../src/downstream/pause.ts'
import { ManualClock } from '../topology/manual-clock.ts'

const table = new CommandTable(undefined)

function open(): {
  clock: ManualClock
  pause: Pause
  resumed: string[]
  wait: (name: string) => { resume: () => void }
} {
  const clock = new ManualClock()
  const pause = new Pause(clock)
  const resumed: string[] = []
  const wait = (name: string): { resume: () => void } => {
    const session = { resume: () => resumed.push(name) }
    pause.postpone(session)
    return session
  }
  return { clock, pause, resumed, wait }
}

t.test('whoever waits goes on when the time is over, and not before', async (t) => {
  const { clock, pause, resumed, wait } = open()
  pause.start(100, 'all')
  wait('a')
  wait('b')
  await clock.turn(99)
  t.strictSame([resumed, pause.mode, pause.waiting], [[], 'all', 2])
  await clock.turn(1)
  t.strictSame([resumed, pause.mode, pause.waiting], [['a', 'b'], undefined, 0])
  t.equal(clock.waiting, 0, 'no timer is left behind')
})

t.test('a pause is ended at once, and its timer with it', async (t) => {
  const { clock, pause, resumed, wait } = open()
  pause.start(100, 'write')
  wait('a')
  pause.end()
  t.strictSame([resumed, pause.mode, clock.waiting], [['a'], undefined, 0])
  await clock.turn(200)
  t.strictSame(resumed, ['a'])
})

t.test('of two pauses the longer time and the stricter mode hold', async (t) => {
  const { clock, pause } = open()
  pause.start(200, 'write')
  pause.start(50, 'all')
  await clock.turn(60)
  t.equal(pause.mode, 'all')
  pause.start(300, 'write')
  await clock.turn(290)
  t.equal(pause.mode, 'all')
  await clock.turn(10)
  t.equal(pause.mode, undefined)
})

t.test('a pause of no time is none, and ends none', async (t) => {
  const { clock, pause } = open()
  pause.start(0, 'all')
  t.equal(pause.mode, undefined)
  pause.start(100, 'write')
  pause.start(0, 'write')
  await clock.turn(99)
  t.equal(pause.mode, 'write')
})

t.test('a pause of months does not end at once', async (t) => {
  const { clock, pause } = open()
  const months = 90 * 24 * 3600 * 1000
  pause.start(months, 'all')
  await clock.turn(months - 1)
  t.equal(pause.mode, 'all')
  await clock.turn(1)
  t.equal(pause.mode, undefined)
})

t.test('a session that has gone is forgotten', (t) => {
  const { pause, resumed, wait } = open()
  pause.start(100, 'all')
  pause.leave(wait('gone'))
  t.equal(pause.waiting, 0)
  pause.end()
  t.strictSame(resumed, [])
  t.end()
})

t.test('a session that is resumed may pause again', (t) => {
  const { pause, resumed, wait } = open()
  pause.start(100, 'all')
  pause.postpone({
    resume: () => {
      pause.start(100, 'write')
    }
  })
  wait('b')
  pause.end()
  t.strictSame([pause.mode, resumed], ['write', ['b']])
  t.end()
})

const heldInWriteMode = (name: string): boolean => {
  const { pause } = open()
  pause.start(100, 'write')
  return pause.holds(table.get(name) ?? unknownCommand)
}

t.test('a pause of writes holds all that may write', (t) => {
  const held =
    'set del incr lpush flushall blpop xreadgroup eval evalsha fcall publish pfcount exec swapdb a-module-command'
  t.strictSame(
    held.split(' ').filter((name) => !heldInWriteMode(name)),
    []
  )
  t.end()
})

t.test('a pause of writes lets go what a real server lets go', (t) => {
  const free =
    'get mget multi discard watch unwatch wait xread eval_ro fcall_ro subscribe info ping select auth ' +
    'client|list client|unpause client|tracking script|load script|exists script|flush config|get monitor'
  t.strictSame(free.split(' ').filter(heldInWriteMode), [])
  t.end()
})

t.test('a pause of everything holds the commands of the proxy itself', (t) => {
  const { pause } = open()
  pause.start(100, 'all')
  const held = ['get', 'ping', 'client|unpause', 'quit', 'auth']
  t.ok(held.every((name) => pause.holds(table.get(name) ?? unknownCommand)))
  t.end()
})
