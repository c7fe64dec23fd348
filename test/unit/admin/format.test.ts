// Numbers as people read them.
import t from 'tap'
import * as format from '../../../src/admin/format.ts'
import { aStatus, lost, planned } from './fixtures/status.ts'

t.test('numbers have separators, and rates a decimal while they are small', async (t) => {
  t.equal(format.formatNumber(1234567), '1,234,567')
  t.equal(format.formatNumber(999.6), '1,000')
  t.equal(format.formatNumber(0.25), '0.3')
  t.equal(format.formatNumber(9.96), '10')
  t.equal(format.formatNumber(0), '0')
  t.equal(format.formatNumber(-12345), '-12,345')
  t.equal(format.formatNumber(NaN), '-')
})

t.test('bytes go up in steps of 1024', async (t) => {
  t.equal(format.formatBytes(0), '0 B')
  t.equal(format.formatBytes(1023), '1,023 B')
  t.equal(format.formatBytes(1536), '1.5 KB')
  t.equal(format.formatBytes(64 * 1024 ** 2), '64 MB')
  t.equal(format.formatBytes(5000 * 1024 ** 4), '5,000 TB')
  t.equal(format.formatBytes(null), '-')
})

t.test('a time names its unit, and only the digits that say something', async (t) => {
  const cases = [
    [0, '0 ms'],
    [0.000254, '0.25 ms'],
    [0.0098, '9.8 ms'],
    [0.0984, '98 ms'],
    [1.08, '1.1 s'],
    [59.9, '59.9 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min'],
    [3 * 86400 + 4 * 3600, '3 d 4 h'],
    [null, '-'],
    [NaN, '-'],
    [Infinity, '-']
  ] as const
  for (const [seconds, text] of cases) t.equal(format.formatSeconds(seconds), text)
  t.equal(format.formatMs(96), '96 ms')
  t.equal(format.formatMs(null), '-')
  t.equal(format.formatInstant('2026-03-01T12:00:05.123Z'), '2026-03-01 12:00:05')
})

t.test('the state is the most urgent word', async (t) => {
  const { proxy } = aStatus()
  const held = { count: 3, bytes: 90, oldestAgeSeconds: 0.1 }
  t.same(format.stateOf(aStatus()), { word: 'ready', mood: 'good' })
  t.same(format.stateOf(aStatus({ proxy: { ...proxy, ready: false } })), { word: 'not ready', mood: 'bad' })
  t.same(format.stateOf(aStatus({ held, proxy: { ...proxy, ready: false } })), {
    word: 'holding requests',
    mood: 'busy'
  })
  t.equal(format.stateOf(aStatus({ held, proxy: { ...proxy, paused: true } })).word, 'paused')
  t.equal(
    format.stateOf(aStatus({ proxy: { ...proxy, paused: true, draining: true } })).word,
    'shutting down'
  )
})

t.test('what a failover cost is one line, also while it goes on', async (t) => {
  t.equal(
    format.costOf(planned),
    'took 1.1 s, no writes for 96 ms, 37 held, 37 replayed, 0 in doubt, 12 replies withheld'
  )
  t.equal(
    format.costOf({ ...planned, durationMs: null, writeGapMs: null, withheld: 0 }),
    'goes on, 37 held, 37 replayed, 0 in doubt'
  )
})

t.test('whether writes were lost is said in words, and never claimed without proof', async (t) => {
  t.match(format.proofOf(planned), 'no acknowledged write was lost')
  t.match(format.proofOf({ ...planned, proof: 'unproved', offsetDifference: null }), 'not known')
  t.match(format.proofOf(lost), 'lossy: 2 KB')
  t.equal(format.proofOf({ ...planned, proof: null }), 'not decided')
})
