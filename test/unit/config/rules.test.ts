import t, { type Test } from 'tap'
import { loadSettings } from '../../../src/config/load.ts'

function load(...argv: readonly string[]): unknown {
  return loadSettings({ argv, env: {}, readFile: () => '' }).settings
}

function refused(t: Test, argv: readonly string[], message: string): void {
  t.throws(() => load(...argv), { code: 'USAGE', message }, message)
}

t.test(
  'what must be at most another setting may be equal to it, and the error shows both values',
  async (t) => {
    t.ok(load('--hold.window', '60s'))
    refused(t, ['--hold.window', '61s'], 'hold.window (61s) must be at most hold.budget (1m)')
    t.ok(load('--client.outputSoftLimit', '256mb'))
    refused(
      t,
      ['--client.outputSoftLimit', '257mb'],
      'client.outputSoftLimit (257mb) must be at most client.outputHardLimit (256mb)'
    )
    t.ok(load('--client.replyBuffer', '4mb'))
    refused(
      t,
      ['--client.replyBuffer', '5mb'],
      'client.replyBuffer (5mb) must be at most client.outputSoftLimit (4mb)'
    )
    t.ok(load('--lane.connectTimeout', '60s'))
    refused(
      t,
      ['--lane.connectTimeout', '20s', '--lane.timeout', '10s'],
      'lane.connectTimeout (20s) must be at most lane.timeout (10s)'
    )
    t.ok(load('--lane.warmSpares', '1000'))
    refused(t, ['--lane.pinnedMax', '1'], 'lane.warmSpares (2) must be at most lane.pinnedMax (1)')
  }
)

t.test('a heartbeat comes more often than its deadline', async (t) => {
  t.ok(load('--heartbeat.deadline', '251ms'))
  refused(
    t,
    ['--heartbeat.deadline', '250ms'],
    'heartbeat.interval (250ms) must be less than heartbeat.deadline (250ms)'
  )
})

t.test('a value that is computed later is not compared', async (t) => {
  t.ok(load('--heartbeat.interval', '1m'))
  t.ok(load('--hold.budget', '1ms'))
})

t.test('what has no end of replies cannot be allowed', async (t) => {
  t.ok(load('--commands.allow', 'config|set,save,monitor'))
  refused(t, ['--commands.allow', 'save,PSYNC'], 'commands.allow cannot name psync: its replies have no end')
})

t.test('a user needs a password', async (t) => {
  refused(t, ['--redis.username', 'u'], 'redis.username needs redis.password')
  refused(t, ['--sentinel.username', 'u'], 'sentinel.username needs sentinel.password')
  t.ok(
    load(
      '--redis.username',
      'u',
      '--redis.password',
      'p',
      '--sentinel.username',
      'u',
      '--sentinel.password',
      'p'
    )
  )
  t.ok(load('--redis.password', 'p'), 'a password needs no user')
})

t.test('clients and operators do not get the same address', async (t) => {
  refused(
    t,
    ['--listen', '127.0.0.1:7000', '--admin', '127.0.0.1:7000'],
    'listen and admin.listen must be two addresses'
  )
  t.ok(load('--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'), 'any free port is never the same twice')
  t.ok(load('--listen', '127.0.0.1:7000', '--admin', '127.0.0.2:7000'))
})
