// The status as text for a terminal.
import t from 'tap'
import { ratesOf } from '../../../src/admin/rates.ts'
import { renderText } from '../../../src/admin/text.ts'
import { aStatus, planned } from './fixtures/status.ts'

t.test('one screen says who is master, what waits and what the last failover cost', async (t) => {
  const text = renderText(aStatus())
  const lines = text.trimEnd().split('\n')
  t.ok(lines.length <= 30, `${lines.length} lines`)
  t.same(
    lines.filter((line) => line.length > 100),
    []
  )
  t.match(lines[0], /^holdfast 1\.2\.3 {3}READY {3}phase serving {3}up 2 h 46 min$/)
  t.match(lines[1], '127.0.0.1:6379 -> master "mymaster"   epoch 5   generation 2   pid 4321')
  t.match(text, /^ {2}master +10\.0\.0\.2:6379, up, offset 123456$/m)
  t.match(text, /^ {2}replica +10\.0\.0\.1:6379, up, serves reads, lag 100 ms, offset 123450$/m)
  t.match(text, /^ {2}replica +10\.0\.0\.3:6379, DOWN, serves no reads, lag -$/m)
  t.match(text, /^ {2}sentinel +10\.0\.0\.2:26379, up, NO QUORUM, names 10\.0\.0\.1:6379$/m)
  t.match(text, /^ {2}sentinel +10\.0\.0\.3:26379, DOWN, quorum unknown, names no master$/m)
  t.match(text, '  requests  1,000 master, 5,000 replica, 0 pinned, 40 proxy, 1 refused\n')
  t.match(text, '  latency   master p50 0.39 ms p99 4.8 ms, replica p50 0.18 ms p99 0.25 ms\n')
  t.match(text, '  held      nothing\n')
  t.match(text, '2026-03-01 12:00:05  10.0.0.1:6379 -> 10.0.0.2:6379  +try-failover')
  t.match(text, 'proved: no acknowledged write was lost')
})

t.test('no master, no failover and ends that are not known have words too', async (t) => {
  const text = renderText(aStatus({ master: null, failovers: [] }))
  t.match(text, /^ {2}master +none is bound$/m)
  t.match(text, 'none since the start')
  t.match(renderText(aStatus({ failovers: [{ ...planned, from: null, to: null }] })), 'none -> none')
  t.match(
    renderText(aStatus({ master: { address: 'a:1', up: false, offset: null } })),
    /^ {2}master +a:1, DOWN$/m
  )
})

t.test('only the last three failovers are on the screen', async (t) => {
  const failovers = Array.from({ length: 20 }, (_, epoch) => ({ ...planned, reason: `number ${epoch}` }))
  const text = renderText(aStatus({ failovers }))
  t.match(text, 'number 2')
  t.notMatch(text, 'number 3')
})

t.test('no name from the network reaches the terminal as an escape sequence', async (t) => {
  const text = renderText(aStatus({ masterName: 'a\u001b[2Jb\u009bc\u202ed', phase: 'x\r\ny' }))
  t.match(text, 'master "a?[2Jb?c?d"')
  t.match(text, 'phase x??y')
})

t.test('rates are those between two answers', async (t) => {
  const before = aStatus()
  const { latency, requests } = before
  const counts = {
    ...latency.counts,
    master: latency.counts.master.map((count, at) => (at >= 4 ? count + 100 : count))
  }
  const now = aStatus({
    requests: { ...requests, total: { ...requests.total, master: 1100, proxy: 42 } },
    latency: { ...latency, counts }
  })
  const rates = ratesOf(now, before, 2)
  t.same(rates.perSecond, { master: 50, replica: 0, pinned: 0, proxy: 1, refused: 0 })
  t.equal(rates.all, 51)
  t.equal(rates.p50.master, 0.00175, 'only the requests in between count')
  t.ok(Number.isNaN(rates.p99.replica), 'none in between')
})

t.test(
  'without an answer before, or with one of an earlier process, rates are those since the start',
  async (t) => {
    const now = aStatus()
    const since = ratesOf(now, undefined, 1)
    t.equal(since.perSecond.replica, 0.5)
    const { proxy } = now
    const earlier = aStatus({ proxy: { ...proxy, startedAt: '2020-01-01T00:00:00.000Z' } })
    t.same(ratesOf(now, earlier, 1), since)
    t.equal(ratesOf(aStatus({ proxy: { ...proxy, uptimeSeconds: 0 } }), undefined, 0).all < Infinity, true)
  }
)
