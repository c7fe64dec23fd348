// The rows that are not throughput: a big value beside small ones, idle clients, hostile clients, reads on replicas.
// Those about memory start a proxy of their own, so that what was measured before does not count.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Load } from './load.mjs'
import { halfUploads, idleClients, repeatedGet, unreadGets } from './hostile.mjs'
import { cpuMicros, openFilesLimit, peakRss, resetPeakRss, rss } from './proc.mjs'
import { calibrate } from './redis-benchmark.mjs'
import { fixed, megabytes, perSecond, verdict } from './tables.mjs'
import { holdfastTarget, variants } from './targets.mjs'
import { measure, store } from './throughput.mjs'
import { key, workloads } from './workloads.mjs'

const small = { clients: 10, rate: 1000, key, size: 32 }
const mb = 1_000_000

export const scenarios = [
  { name: 'replicas', run: replicaReads },
  { name: 'big', run: bigBesideSmall },
  { name: 'idle', run: idle },
  {
    name: 'unread',
    run: hostile({
      name: 'unread',
      title: 'A client that asks for 1 GB and does not read it',
      limit: 256 * mb,
      limitName: 'client.outputHardLimit',
      attack: async (bench, port) => {
        await store(bench, 'mega', mb)
        return unreadGets(port, { key: 'mega', size: mb, times: 1000 })
      }
    })
  },
  {
    name: 'uploads',
    run: hostile({
      name: 'uploads',
      title: '100 clients, each with a SET of 100 MB of which it sends the half',
      limit: 256 * mb,
      limitName: 'client.uploadBudget',
      attack: async (bench, port) => halfUploads(port, 100, 100 * mb)
    })
  },
  {
    name: 'million',
    run: hostile({
      name: 'million',
      title: 'A client that sends a million GETs and does not read',
      // Its unanswered requests count too: 36 bytes each.
      limit: (256 + 36) * mb,
      limitName: 'client.outputHardLimit and the requests themselves',
      attack: async (bench, port) => unreadGets(port, { key, size: small.size, times: 1_000_000 })
    })
  }
]

async function replicaReads(bench) {
  const rows = []
  await store(bench, key, workloads[0].size)
  for (const variant of variants(bench)) {
    for (const consistency of await consistencies(variant)) {
      const target = await holdfastTarget(bench, variant, { consistency })
      await running(target, async () => rows.push(await readsOf(bench, target, consistency)))
      bench.progress(`replicas  ${variant.name}  ${consistency}`)
    }
  }
  return {
    name: 'replicas',
    title: `${workloads[0].title}, by where reads may go`,
    note:
      'CPU microseconds per read; of the master without what it spends at rest. Goal: about none (at most 0.1) on ' +
      'the master once replicas serve reads.',
    columns: ['target', 'reads.consistency', 'requests/s', 'master', 'both replicas', 'proxy', 'goal'],
    rows
  }
}

async function readsOf(bench, target, consistency) {
  const [workload] = workloads
  const { port } = target
  const requests = await calibrate(bench, { port, workload, seconds: bench.options.seconds })
  const atRest = await restOf(bench.rig.nodes[0])
  const found = await measure(bench, { target, workload, requests })
  const onMaster = Math.max(0, found.redisCpu - atRest / found.rps)
  const goal = consistency === 'master' ? '' : verdict(onMaster, onMaster <= 0.1)
  const cpus = [onMaster, found.replicaCpu, found.proxyCpu].map((micros) => fixed(micros))
  return [target.name, consistency, perSecond(found.rps), ...cpus, goal]
}

// What a node spends in a second on its replicas, the Sentinels and being asked for its role.
async function restOf({ pid }) {
  const before = cpuMicros(pid)
  await sleep(1000)
  return cpuMicros(pid) - before
}

// Each build is asked for its own list: another revision may know others.
async function consistencies({ dist }) {
  const { settingsTable } = await import(pathToFileURL(join(dist, 'config/settings.js')).href)
  return settingsTable.find(({ key }) => key === 'reads.consistency').values
}

async function bigBesideSmall(bench) {
  const size = 50 * mb
  await store(bench, 'big', size)
  await store(bench, key, small.size)
  const rows = []
  let direct = NaN
  for (const target of bench.targets) {
    await target.ensure()
    const load = await Load.start(bench, { ...small, port: target.port })
    const big = repeatedGet(target.port, 'big', size)
    const lap = await load.lap(4000)
    await big.stop()
    await load.stop()
    if (lap.failure !== undefined) bench.complain(`beside big values, ${target.name}: ${lap.failure}`)
    if (!target.isProxy) direct = lap.p99
    const goal = target.isHoldfast ? verdict(lap.p99, lap.p99 < 20) : ''
    rows.push([target.name, ...percentiles(lap), fixed(lap.p99 - direct), big.said(), goal])
    bench.progress(`big  ${target.name}`)
  }
  await bench.rig.nodes[0].command('DEL', 'big')
  return {
    name: 'big',
    title: 'A GET of 50 MB twice a second, beside 1,000 small requests per second',
    note:
      'Latency of the small ones in milliseconds. Goal: a p99 under 20 ms. Redis itself answers nobody while it ' +
      'copies the large value, which is what the row "direct" shows.',
    columns: ['target', 'p50', 'p99', 'max', 'p99 above direct', 'meanwhile', 'goal'],
    rows
  }
}

async function idle(bench) {
  await store(bench, key, small.size)
  const count = Math.min(10_000, openFilesLimit() - 200)
  const rows = []
  for (const variant of variants(bench)) {
    const target = await holdfastTarget(bench, variant, { flags: ['--client.maxClients', '20000'] })
    await running(target, async () => {
      const alone = rss(target.pid)
      const clients = await idleClients(target.port, count)
      await sleep(1000)
      const connected = rss(target.pid)
      await clients.ask(key)
      await sleep(2000)
      const used = rss(target.pid)
      const said = clients.said()
      await clients.stop()
      await sleep(5000)
      const goal = verdict(used, used <= (120 * mb * count) / 10_000)
      rows.push([target.name, ...[alone, connected, used, rss(target.pid)].map(megabytes), said, goal])
    })
    bench.progress(`idle  ${variant.name}`)
  }
  return {
    name: 'idle',
    title: `${perSecond(count)} idle clients`,
    note: 'Resident memory of the proxy. Goal: at most 120 MB with 10,000 clients, also after each has sent a request.',
    columns: [
      'target',
      'alone',
      'all connected',
      'after one GET of each',
      '5 s after all left',
      'clients',
      'goal'
    ],
    rows
  }
}

function hostile({ name, title, limit, limitName, attack }) {
  return async (bench) => {
    await store(bench, key, small.size)
    const rows = []
    for (const variant of variants(bench)) {
      const target = await holdfastTarget(bench, variant)
      await running(target, async () => rows.push(await underAttack(bench, { target, limit, attack })))
      bench.progress(`${name}  ${variant.name}`)
    }
    return {
      name,
      title,
      note:
        'p99 in milliseconds of 1,000 small requests per second of other clients. Goals: memory grows by at most ' +
        `${megabytes(limit)} (${limitName}); the p99 does not triple.`,
      columns: ['target', 'p99 before', 'during', 'after', 'p99 goal', ...memoryColumns],
      rows
    }
  }
}

const memoryColumns = [
  'memory before',
  'most during',
  '5 s after',
  'memory goal',
  'Redis grew by',
  'the attack'
]

async function underAttack(bench, { target, limit, attack }) {
  const redis = bench.rig.nodes[0].pid
  const load = await Load.start(bench, { ...small, port: target.port })
  const before = await load.lap(2000)
  const [rssBefore, redisBefore] = [rss(target.pid), rss(redis)]
  resetPeakRss(target.pid)
  resetPeakRss(redis)
  const attacking = await attack(bench, target.port)
  const during = await load.lap(5000)
  const [most, redisMost] = [peakRss(target.pid), peakRss(redis)]
  const said = attacking.said() + (await attacking.stop())
  await load.lap(3000)
  const after = await load.lap(2000)
  await load.stop()
  for (const { failure } of [before, during, after]) {
    if (failure !== undefined) bench.complain(`other clients of ${target.name}, ${said}: ${failure}`)
  }
  const p99 = [before, during, after].map((lap) => fixed(lap.p99))
  const calm = verdict(during.p99, during.p99 <= 3 * before.p99)
  const bounded = verdict(most, most - rssBefore <= limit)
  const memory = [rssBefore, most, rss(target.pid)].map(megabytes)
  return [target.name, ...p99, calm, ...memory, bounded, megabytes(redisMost - redisBefore), said]
}

async function running(target, use) {
  await target.ensure()
  try {
    await use()
  } finally {
    await target.stop()
  }
}

function percentiles(lap) {
  return [lap.p50, lap.p99, lap.max].map((ms) => fixed(ms))
}
