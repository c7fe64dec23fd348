// The table of the benchmark: every workload through every target, in turn, round by round, so that whatever else the
// machine does hits all of them alike. Collects samples; what they mean is decided elsewhere.
import { cpuMicros, peakRss, resetPeakRss } from './proc.mjs'
import { calibrate, runBenchmark } from './redis-benchmark.mjs'
import { key } from './workloads.mjs'

/** Map of workload name to Map of target name to one sample a round; a failed one is {}. */
export async function measureThroughput(bench, workloads) {
  const requests = new Map()
  const samples = new Map(workloads.map((workload) => [workload.name, new Map()]))
  for (let round = 1; round <= bench.options.rounds; round += 1) {
    for (const workload of workloads) {
      await store(bench, key, workload.size)
      for (const target of turned(bench.targets, round)) {
        const sample = await attempt(bench, { target, workload, requests })
        const ofTarget = samples.get(workload.name)
        ofTarget.set(target.name, [...(ofTarget.get(target.name) ?? []), sample])
        const said = sample.rps === undefined ? 'failed' : `${Math.round(sample.rps)}/s`
        bench.progress(`round ${round}/${bench.options.rounds}  ${workload.name}  ${target.name}  ${said}`)
      }
    }
  }
  return samples
}

/** Each round begins with another target, so that none is always measured first. */
export function turned(targets, round) {
  const first = (round - 1) % targets.length
  return [...targets.slice(first), ...targets.slice(0, first)]
}

/** Sets `name` to `size` bytes on the master. */
export async function store(bench, name, size) {
  await bench.rig.nodes[0].command('SET', name, 'x'.repeat(size))
}

async function attempt(bench, { target, workload, requests }) {
  try {
    await target.ensure()
    const { port } = target
    const id = `${workload.name} ${target.name}`
    // A calibration is also what warms the compiler of a proxy in JavaScript.
    if (!requests.has(id)) {
      requests.set(id, await calibrate(bench, { port, workload, seconds: bench.options.seconds }))
    }
    return await measure(bench, { target, workload, requests: requests.get(id) })
  } catch (error) {
    bench.complain(`${workload.name} through ${target.name}: ${error.message}`)
    return {}
  }
}

/** One run: { rps, p50, p99, p999 } in ms, { proxyCpu, redisCpu, replicaCpu } in us a request, { rss } in bytes. */
export async function measure(bench, { target, workload, requests }) {
  const { nodes } = bench.rig
  const pids = [target.pid, ...nodes.map((node) => node.pid)]
  if (target.isProxy) resetPeakRss(target.pid)
  const before = pids.map(cpuMicros)
  const figures = await runBenchmark(bench, { port: target.port, workload, requests })
  const [proxyCpu, redisCpu, ...replicas] = pids.map((pid, at) => (cpuMicros(pid) - before[at]) / requests)
  const replicaCpu = replicas.reduce((sum, micros) => sum + micros, 0)
  return { ...figures, proxyCpu, redisCpu, replicaCpu, rss: target.isProxy ? peakRss(target.pid) : NaN }
}
