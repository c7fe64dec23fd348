// Latency where throughput is not the question: at a fixed rate, of one client alone, at half of the saturation.
import { Load } from './load.mjs'
import { calibrate, runBenchmark } from './redis-benchmark.mjs'
import { median } from './statistics.mjs'
import { fixed, perSecond, verdict } from './tables.mjs'
import { store, turned } from './throughput.mjs'
import { key, workloads } from './workloads.mjs'

const size = 32
const clients = 50
const addedGoalMs = 0.06
const halfGoal = 1.5

const lateNote =
  'Milliseconds from the moment a request was meant to be sent. ' +
  "The last column is how much of the p99 is the load generator's own lateness."

export const latencyScenarios = [
  { name: 'rate', run: fixedRate },
  { name: 'single', run: oneClient },
  { name: 'half', run: halfSaturation }
]

async function fixedRate(bench) {
  const { rate } = bench.options
  const laps = await rounds(bench, 'rate', (target) => lapOf(bench, target, rate))
  return {
    name: 'rate',
    title: `Latency at ${perSecond(rate)} requests per second, ${clients} clients`,
    note: lateNote,
    columns: ['target', 'p50', 'p99', 'p99.9', 'max', 'generator p99'],
    rows: bench.targets.map(({ name }) => [name, ...figures(laps.get(name))])
  }
}

async function oneClient(bench) {
  const workload = { ...workloads[0], clients: 1 }
  const requests = new Map()
  const runs = await rounds(bench, 'single', async (target) => {
    const { port } = target
    if (!requests.has(port)) requests.set(port, await calibrate(bench, { port, workload, seconds: 1 }))
    return runBenchmark(bench, { port, workload, requests: requests.get(port) })
  })
  const direct = runs.get('direct')
  const row = ({ name, isHoldfast }) => {
    const found = runs.get(name)
    const added = median(found.map(({ p50 }, round) => p50 - direct[round].p50))
    const goal = isHoldfast ? verdict(added, added <= addedGoalMs) : ''
    return [name, ...percentiles(found), fixed(added * 1000, 0), goal]
  }
  return {
    name: 'single',
    title: 'Latency of one client, one request at a time',
    note: `Milliseconds. Goal: at most ${addedGoalMs * 1000} us added to the p50.`,
    columns: ['target', 'p50', 'p99', 'p99.9', 'added to the p50, us', 'goal'],
    rows: bench.targets.map(row)
  }
}

/** Every proxy at half of HAProxy's saturation, and Holdfast at half of its own too. */
async function halfSaturation(bench) {
  const saturation = new Map()
  const rateOf = async (target) => {
    if (!saturation.has(target.name)) saturation.set(target.name, await saturationOf(bench, target))
    return Math.round(saturation.get(target.name) / 2)
  }
  const common = bench.targets.find(({ name }) => name === 'haproxy') ?? bench.targets[0]
  const same = await rounds(bench, 'half', async (target) => lapOf(bench, target, await rateOf(common)))
  const own = bench.targets.filter((target) => target.isHoldfast)
  const ownHalf = await rounds({ ...bench, targets: own }, 'half of its own', async (target) =>
    lapOf(bench, target, await rateOf(target))
  )
  const base = same.get('haproxy')?.map((lap) => lap.p99)
  const row = (target, laps, rate) => {
    const times = base === undefined ? NaN : median(laps.map((lap, round) => lap.p99 / base[round]))
    const goal = target.isHoldfast ? verdict(times, times <= halfGoal) : ''
    return [target.name, perSecond(rate), ...figures(laps), fixed(times), goal]
  }
  const commonRate = await rateOf(common)
  const rows = bench.targets.map((target) => row(target, same.get(target.name), commonRate))
  for (const target of own) rows.push(row(target, ownHalf.get(target.name), await rateOf(target)))
  return {
    name: 'half',
    title: `Latency at half of the saturation rate, ${clients} clients`,
    note: `${lateNote} Goal: a p99 of at most ${halfGoal} times that of HAProxy.`,
    columns: ['target', 'rate', 'p50', 'p99', 'p99.9', 'max', 'generator p99', 'p99 / HAProxy', 'goal'],
    rows
  }
}

async function saturationOf(bench, { port }) {
  const [workload] = workloads
  const requests = await calibrate(bench, { port, workload, seconds: 1 })
  return (await runBenchmark(bench, { port, workload, requests })).rps
}

async function lapOf(bench, target, rate) {
  const load = await Load.start(bench, { port: target.port, clients, rate, key, size })
  try {
    const lap = await load.lap(bench.options.seconds * 1000)
    if (lap.failure !== undefined) bench.complain(`${rate}/s through ${target.name}: ${lap.failure}`)
    return lap
  } finally {
    await load.stop()
  }
}

/** Map of target name to what `once` gave, one a round. */
async function rounds(bench, name, once) {
  const found = new Map(bench.targets.map((target) => [target.name, []]))
  await store(bench, key, size)
  for (let round = 1; round <= bench.options.rounds; round += 1) {
    for (const target of turned(bench.targets, round)) {
      await target.ensure()
      found.get(target.name).push(await once(target))
      bench.progress(`round ${round}/${bench.options.rounds}  ${name}  ${target.name}`)
    }
  }
  return found
}

function figures(laps) {
  const middle = (field) => fixed(median(laps.map((lap) => lap[field])), 3)
  return [...percentiles(laps), middle('max'), middle('late')]
}

function percentiles(laps) {
  return ['p50', 'p99', 'p999'].map((field) => fixed(median(laps.map((lap) => lap[field])), 3))
}
