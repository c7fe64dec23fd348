// What a scrape returns for the numbers it is given.
import t from 'tap'
import { Metrics } from '../../src/metrics.ts'
import { countKnown, ERROR_WORDS, zeroes } from '../../src/metrics-source.ts'
import { METRICS } from '../../src/metrics-table.ts'
import { aMetricsSource, aNode } from './admin/fixtures/metrics-source.ts'

/** The lines of one metric, without HELP and TYPE. */
function linesOf(text: string, name: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

t.test('every known label value is there as 0 before anything has happened', async (t) => {
  const text = await new Metrics(aMetricsSource()).render()
  for (const { name, labels, values } of METRICS) {
    if (name.endsWith('_seconds') && values !== undefined) continue
    for (const value of values ?? []) t.match(text, `${name}{${labels[0]}="${value}"} 0\n`)
  }
  t.same(linesOf(text, 'holdfast_failover_transitions_total'), [
    'holdfast_failover_transitions_total{from="serving",to="holding",event="lost"} 0',
    'holdfast_failover_transitions_total{from="holding",to="serving",event="bound"} 0'
  ])
  t.match(text, 'holdfast_request_duration_seconds_count{route="pinned"} 0\n')
  t.match(text, 'holdfast_failovers_total 0\n')
})

t.test('every row of the table has HELP, TYPE and, with a topology, at least one series', async (t) => {
  const text = await new Metrics(aMetricsSource()).render()
  for (const { name, type, help } of METRICS) {
    t.match(text, `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name}`)
  }
})

t.test('a counter shows the number of its source, however often it is scraped', async (t) => {
  const source = aMetricsSource()
  const metrics = new Metrics(source)
  source.requests.total.master = 7
  source.clients.opened = 3
  await metrics.render()
  t.match(await metrics.render(), 'holdfast_requests_total{route="master"} 7\n')
  source.requests.total.master += 5
  const text = await metrics.render()
  t.match(text, 'holdfast_requests_total{route="master"} 12\n')
  t.match(text, 'holdfast_requests_total{route="replica"} 0\n')
  t.match(text, 'holdfast_client_connections_opened_total 3\n')
})

t.test('series of nodes and Sentinels that left are gone, the old role of a node too', async (t) => {
  const source = aMetricsSource()
  const metrics = new Metrics(source)
  t.match(await metrics.render(), 'holdfast_node_up{node="10.0.0.1:6379",role="master"} 1\n')
  source.upstream.nodes = [
    { ...aNode('10.0.0.1:6379', 'replica'), up: false },
    aNode('10.0.0.2:6379', 'master')
  ]
  source.sentinels.known = [{ address: '10.0.0.9:26379', up: false }]
  source.failover.master = undefined
  const text = await metrics.render()
  t.same(linesOf(text, 'holdfast_node_up'), [
    'holdfast_node_up{node="10.0.0.1:6379",role="replica"} 0',
    'holdfast_node_up{node="10.0.0.2:6379",role="master"} 1'
  ])
  t.same(linesOf(text, 'holdfast_sentinel_up'), ['holdfast_sentinel_up{sentinel="10.0.0.9:26379"} 0'])
  t.same(linesOf(text, 'holdfast_replica_lag_seconds'), [
    'holdfast_replica_lag_seconds{node="10.0.0.1:6379"} 0'
  ])
  t.same(linesOf(text, 'holdfast_master_info'), [])
  t.notMatch(text, '10.0.0.3:6379')
})

t.test('the lag of a replica that is not known has no series', async (t) => {
  const source = aMetricsSource()
  source.upstream.nodes = [
    { ...aNode('10.0.0.2:6379', 'replica'), lagSeconds: undefined, offsetLagBytes: 12 }
  ]
  const text = await new Metrics(source).render()
  t.same(linesOf(text, 'holdfast_replica_lag_seconds'), [])
  t.same(linesOf(text, 'holdfast_replica_offset_lag_bytes'), [
    'holdfast_replica_offset_lag_bytes{node="10.0.0.2:6379"} 12'
  ])
})

t.test('a histogram has cumulative buckets, +Inf equal to its count, and a sum in seconds', async (t) => {
  const source = aMetricsSource()
  source.requests.duration.master.observeMs(0.1, 3)
  source.requests.duration.master.observeMs(700)
  source.requests.duration.master.observeMs(6000)
  source.hold.duration.observeMs(70_000)
  const text = await new Metrics(source).render()
  const name = 'holdfast_request_duration_seconds'
  const master = linesOf(text, `${name}_bucket`).filter((line) => line.includes('route="master"'))
  t.equal(master.length, 16)
  t.equal(master[0], `${name}_bucket{le="0.0001",route="master"} 3`)
  t.equal(master[11], `${name}_bucket{le="0.5",route="master"} 3`)
  t.equal(master[12], `${name}_bucket{le="1",route="master"} 4`)
  t.equal(master[14], `${name}_bucket{le="5",route="master"} 4`)
  t.equal(master[15], `${name}_bucket{le="+Inf",route="master"} 5`)
  t.match(text, `${name}_sum{route="master"} 6.7003\n${name}_count{route="master"} 5\n`)
  t.match(
    text,
    'holdfast_hold_duration_seconds_bucket{le="60"} 0\nholdfast_hold_duration_seconds_bucket{le="+Inf"} 1\n'
  )
  t.match(text, 'holdfast_hold_duration_seconds_sum 70\nholdfast_hold_duration_seconds_count 1\n')
})

t.test('only the phase in force is 1, and an unproved handover is not a number', async (t) => {
  const source = aMetricsSource()
  source.failover.phase = 'holding'
  const text = await new Metrics(source).render()
  t.same(linesOf(text, 'holdfast_failover_phase'), [
    'holdfast_failover_phase{phase="serving"} 0',
    'holdfast_failover_phase{phase="holding"} 1'
  ])
  t.match(text, /^holdfast_failover_offset_difference_bytes nan$/im)
})

t.test('a master name cannot break the format', async (t) => {
  const source = aMetricsSource()
  source.masterName = 'a"b\\c\nd'
  const text = await new Metrics(source).render()
  t.match(text, String.raw`holdfast_master_info{master_name="a\"b\\c\nd",address="10.0.0.1:6379"} 1` + '\n')
})

t.test('names follow the conventions of Prometheus', async (t) => {
  const names = METRICS.map(({ name }) => name)
  t.equal(new Set(names).size, names.length, 'no name is there twice')
  for (const { name, type, help } of METRICS) {
    t.match(name, /^holdfast_[a-z]+(_[a-z]+)*$/)
    t.equal(name.endsWith('_total'), type === 'counter', `${name} ends in _total if it is a counter`)
    if (type === 'histogram') t.match(name, /_seconds$/)
    t.match(help, /\.$/, `${name} is explained in a sentence`)
  }
})

t.test('no series is labelled by a client, a key or a user', async (t) => {
  const bounded = [
    'version',
    'node_version',
    'master_name',
    'address',
    'node',
    'role',
    'kind',
    'sentinel',
    'phase',
    'from',
    'to',
    'event'
  ]
  const closed = METRICS.filter(({ values }) => values !== undefined).flatMap(({ labels }) => labels)
  t.same(
    METRICS.flatMap(({ labels }) => labels).filter(
      (label) => !bounded.includes(label) && !closed.includes(label)
    ),
    []
  )
})

t.test('the source is read by a scrape and by nothing else [O1]', async (t) => {
  let reads = 0
  const source = Object.defineProperty(aMetricsSource(), 'hold', {
    get() {
      reads++
      return aMetricsSource().hold
    }
  })
  const metrics = new Metrics(source)
  t.equal(reads, 0)
  await metrics.render()
  t.equal(reads, 1, 'once, however many metrics come of it')
  const [first, second] = await Promise.all([metrics.render(), metrics.render()])
  t.equal(first, second)
  t.equal(reads, 2, 'scrapes at the same time share one rendering')
})

t.test('a scrape that fails does not spoil the next one', async (t) => {
  const source = aMetricsSource()
  const metrics = new Metrics(source)
  const { clients } = source
  source.clients = { ...clients, opened: -1 }
  await t.rejects(metrics.render())
  source.clients = clients
  t.match(await metrics.render(), 'holdfast_client_connections_opened_total 0\n')
})

t.test("Node's own metrics are there, without those that block the event loop [O1]", async (t) => {
  const metrics = new Metrics(aMetricsSource())
  const text = await metrics.render()
  t.equal(metrics.contentType, 'text/plain; version=0.0.4; charset=utf-8')
  t.match(text, /^process_open_fds \d+$/m)
  t.match(text, /^process_resident_memory_bytes \d+$/m)
  t.match(text, /^nodejs_eventloop_lag_p99_seconds /m)
  t.notMatch(text, 'nodejs_active_')
})

t.test('two instances in one process do not disturb each other', async (t) => {
  const one = aMetricsSource()
  one.clients.connected = 1
  const first = new Metrics(one)
  const second = new Metrics(aMetricsSource())
  t.match(await first.render(), 'holdfast_client_connections 1\n')
  t.match(await second.render(), 'holdfast_client_connections 0\n')
})

t.test('a word that no list knows counts as other, also one that every object has', async (t) => {
  const counts = zeroes(ERROR_WORDS)
  for (const word of ['WRONGTYPE', 'constructor', '__proto__', 'MYMODULE', 'other', ''])
    countKnown(counts, word)
  t.equal(counts.WRONGTYPE, 1)
  t.equal(counts.other, 5)
  t.same(Object.keys(counts), ERROR_WORDS)
})
