// What a reload changes, and what it must leave alone.
import t from 'tap'
import { loadSettings, type Loaded } from '../../../src/config/load.ts'
import { adopt, liveCopy, planReload } from '../../../src/config/reload.ts'
import { settingsTable } from '../../../src/config/settings.ts'

function loaded(...argv: readonly string[]): Loaded {
  return loadSettings({ argv, env: {}, readFile: () => '' })
}

t.test('nothing is changed by the settings that are in force', async (t) => {
  const given = ['--sentinel', 'a:1,b:2', '--natMap', 'a:1=b:1', '--commands.allow', 'debug']
  const { applied, needRestart } = planReload(loaded(...given), loaded(...given))
  t.strictSame([...applied, ...needRestart], [])
})

t.test('what may change is in force afterwards, and what may not stays as it was', async (t) => {
  const before = loaded('--reads.maxLag', '5s')
  const plan = planReload(
    before,
    loaded(
      '--listen',
      '127.0.0.1:1',
      '--hold.window',
      '3s',
      '--sentinel',
      'a:1',
      '--failover.fence',
      'strict'
    )
  )
  t.strictSame(plan.applied, ['reads.maxLag', 'hold.window', 'failover.fence'])
  t.strictSame(plan.needRestart, ['listen', 'sentinel.addresses'])
  const { settings, sources } = plan.loaded
  t.equal(settings.reads.maxLagMs, 10_000, 'a setting that was left out is its default again')
  t.equal(settings.hold.windowMs, 3000)
  t.equal(settings.failover.fence, 'strict')
  t.equal(settings.listen.port, before.settings.listen.port)
  t.strictSame(settings.sentinel, before.settings.sentinel)
  t.match(sources, { 'hold.window': 'flag', 'reads.maxLag': 'default', listen: 'default' })
})

t.test('what changes must go together with what stays until the restart', async (t) => {
  const larger = ['--client.replyBuffer', '1mb']
  const smaller = ['--client.replyBuffer', '8kb', '--client.outputSoftLimit', '128kb']
  t.throws(() => planReload(loaded(...larger), loaded(...smaller)), {
    code: 'USAGE',
    message: 'client.replyBuffer (1mb) must be at most client.outputSoftLimit (128kb)'
  })
})

t.test('secrets, addresses and what connections are made with need a restart', async (t) => {
  const fixed = [
    ['--admin.token', 'x'],
    ['--client.password', 'x'],
    ['--redis.password', 'x'],
    ['--sentinel.password', 'x'],
    ['--natMap', 'a:1=b:1'],
    ['--lane.timeout', '5s'],
    ['--heartbeat.interval', '100ms'],
    ['--client.uploadBudget', '2mb']
  ]
  for (const flags of fixed) {
    const { applied, needRestart } = planReload(loaded(), loaded(...flags))
    t.strictSame(applied, [], flags.join(' '))
    t.equal(needRestart.length, 1)
  }
})

t.test('who holds a section of a live copy sees what was adopted, and only the named settings', async (t) => {
  const { settings } = loaded()
  const live = liveCopy(settings)
  const { hold, reads } = live
  adopt(live, loaded('--hold.window', '3s', '--hold.budget', '2m', '--reads.prefer', '10.').settings, [
    'hold.window',
    'reads.prefer'
  ])
  t.equal(hold.windowMs, 3000)
  t.equal(hold.budgetMs, 60_000)
  t.equal(reads.prefer, '10.')
  t.equal(settings.hold.windowMs, 'auto', 'the settings it was made of are untouched')
})

t.test('a copy has every setting of the table', async (t) => {
  const { settings } = loaded()
  t.strictSame(liveCopy(settings), settings)
  t.ok(settingsTable.length > 40)
})
