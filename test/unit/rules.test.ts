// Values that follow from the settings and from what the Sentinels say; and that parts see a reload.
import t from 'tap'
import { loadSettings } from '../../src/config/load.ts'
import { adopt, liveCopy } from '../../src/config/reload.ts'
import type { Settings } from '../../src/config/settings.ts'
import * as rules from '../../src/rules.ts'

function settings(...argv: readonly string[]): Settings {
  return liveCopy(loadSettings({ argv, env: {}, readFile: () => '' }).settings)
}

t.test('the window follows down-after, and ends with the budget at the latest', async (t) => {
  t.equal(rules.holdWindowMs(settings(), 1000), 11_000)
  t.equal(rules.holdWindowMs(settings(), 30_000), 40_000)
  t.equal(rules.holdWindowMs(settings(), 55_000), 60_000)
  t.equal(rules.holdWindowMs(settings('--hold.window', '2s'), 30_000), 2000)
})

t.test(
  'a window that ends before a master is replaced is warned of, by the name of what is too short',
  async (t) => {
    t.equal(rules.holdWarning(settings(), 30_000), undefined)
    t.equal(rules.holdWarning(settings('--hold.window', '31s'), 30_000), undefined)
    t.match(
      rules.holdWarning(settings('--hold.window', '30s'), 30_000),
      /^hold\.window \(30000 ms\) is too short/
    )
    t.match(rules.holdWarning(settings(), 60_000), /^hold\.budget \(60000 ms\) is too short/)
  }
)

t.test('the deadline of a heartbeat follows down-after, within bounds', async (t) => {
  t.equal(rules.heartbeatDeadlineMs(settings(), 30_000), 1000)
  t.equal(rules.heartbeatDeadlineMs(settings(), 1000), 500)
  t.equal(rules.heartbeatDeadlineMs(settings(), 100), 300, 'never sooner than the next heartbeat')
  t.equal(rules.heartbeatDeadlineMs(settings('--heartbeat.deadline', '2s'), 100), 2000)
})

t.test('what parts are told changes with the settings', async (t) => {
  const live = settings()
  const hold = rules.holdLimits(live, () => 5)
  const controller = rules.controllerRules(live)
  const reads = rules.readsRules(live, () => 5)
  const session = rules.sessionLimits(live)
  const next = settings(
    ...['--hold.maxRequests', '7', '--hold.maxBytes', '9', '--hold.budget', '50s'],
    ...['--failover.confirmTimeout', '2s', '--failover.refuseEmptyMaster', 'true'],
    ...['--reads.maxLag', '3s', '--reads.staleWindow', '4s', '--reads.prefer', 'a'],
    ...[
      '--client.queryBufferLimit',
      '2mb',
      '--client.outputSoftLimit',
      '1mb',
      '--client.outputHardLimit',
      '8mb'
    ]
  )
  adopt(live, next, [
    ...(['hold.maxRequests', 'hold.maxBytes', 'hold.budget', 'failover.confirmTimeout'] as const),
    ...(['failover.refuseEmptyMaster', 'reads.maxLag', 'reads.staleWindow', 'reads.prefer'] as const),
    ...(['client.queryBufferLimit', 'client.outputSoftLimit', 'client.outputHardLimit'] as const)
  ])
  t.match(hold, { maxRequests: 7, maxBytes: 9 })
  t.match(controller, { budgetMs: 50_000, confirmTimeoutMs: 2000, refuseEmptyMaster: true })
  t.match(reads, { maxLagMs: 3000, staleWindowMs: 4000, prefer: 'a' })
  t.match(session, { queryBufferBytes: 2 ** 21, outputSoftBytes: 2 ** 20, outputHardBytes: 2 ** 23 })
})
