// Where the proxy's time goes: runs it under --cpu-prof for one workload and prints the functions with the most time
// of their own. For finding what to change, not for comparing: profiling itself costs time. V8 counts what libuv does
// before it calls JavaScript, the reading from sockets above all, as idle; --perf shows that too.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nodeFlags, startPerf } from './perf.mjs'
import { calibrate, runBenchmark } from './redis-benchmark.mjs'
import { withRig } from './rig.mjs'
import { holdfastTarget } from './targets.mjs'
import { store } from './throughput.mjs'
import { key, workloads } from './workloads.mjs'

const usage = `node test/bench/profile.mjs [WORKLOAD] [options]

  WORKLOAD        ${workloads.map(({ name }) => name).join(', ')} (get50)
  --top N         functions shown (25)
  --seconds S     length of the run (4)
  --interval US   microseconds between two samples (200)
  --node PATH     the Node to profile on
  --dist DIR      uses that build of the proxy and builds nothing
  --perf          by Linux' perf instead, which also sees the kernel
  --keep FOLDER   leaves the .cpuprofile there, for the browser's developer tools`

const flags = {
  top: { type: 'string', default: '25' },
  seconds: { type: 'string', default: '4' },
  interval: { type: 'string', default: '200' },
  node: { type: 'string', default: process.execPath },
  dist: { type: 'string', default: '' },
  keep: { type: 'string', default: '' },
  perf: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
}

try {
  const { values, positionals } = parseArgs({ options: flags, allowPositionals: true })
  const [name = 'get50'] = positionals
  const workload = workloads.find((row) => row.name === name)
  if (values.help || workload === undefined) console.log(usage)
  else await withRig(values, (bench) => (values.perf ? withPerf : withV8)(bench, workload))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

async function withV8(bench, workload) {
  const { options, folder } = bench
  const into = options.keep === '' ? folder : options.keep
  const known = new Set(profilesIn(into))
  const target = await start(bench, [
    ...['--cpu-prof', '--cpu-prof-dir', into, '--cpu-prof-interval', options.interval]
  ])
  let [from, to] = [0, 0]
  const requests = await work(bench, { target, workload }, async (run) => {
    from = microsNow()
    await run()
    to = microsNow()
  })
  await target.stop()
  const written = profilesIn(into).find((file) => !known.has(file))
  if (written === undefined) throw new Error('the proxy ended without writing its profile')
  const seen = selfTimes(JSON.parse(readFileSync(join(into, written), 'utf8')), { from, to })
  console.log(asLines(seen, { top: Number(options.top), requests }).join('\n'))
}

async function withPerf(bench, workload) {
  const target = await start(bench, nodeFlags)
  let lines = []
  await work(bench, { target, workload }, async (run) => {
    const perf = startPerf(bench, target.pid)
    await run()
    lines = await perf.stop(Number(bench.options.top))
  })
  console.log(lines.join('\n'))
}

async function start(bench, profiling) {
  const { node } = bench.options
  const target = await holdfastTarget(bench, { name: 'holdfast', node, dist: bench.dist }, { profiling })
  await target.ensure()
  return target
}

/** Warms the proxy up, then runs the workload within `around`; gives how many requests that were. */
async function work(bench, { target, workload }, around) {
  const { port } = target
  await store(bench, key, workload.size)
  const requests = await calibrate(bench, { port, workload, seconds: Number(bench.options.seconds) })
  await around(async () => {
    const { rps, p50, p99 } = await runBenchmark(bench, { port, workload, requests })
    console.log(`${workload.title}: ${Math.round(rps)}/s while profiled, p50 ${p50} ms, p99 ${p99} ms`)
  })
  return requests
}

function profilesIn(folder) {
  return readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))
}

// V8 stamps its samples with the same monotonic clock.
function microsNow() {
  return Number(process.hrtime.bigint() / 1000n)
}

/** Map of function to its own microseconds between two moments; (idle) and the like included. */
function selfTimes({ nodes, samples, timeDeltas, startTime }, { from, to }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map()
  let at = startTime
  for (const [index, id] of samples.entries()) {
    at += timeDeltas[index]
    if (at < from || at > to) continue
    const name = names.get(id)
    times.set(name, (times.get(name) ?? 0) + timeDeltas[index])
  }
  return times
}

function nameOf({ functionName, url, lineNumber }) {
  const name = functionName === '' ? 'anonymous' : functionName
  if (url === '') return name
  const file = url.startsWith('node:') ? url : url.split('/').slice(-2).join('/')
  return `${name}  ${file}:${lineNumber + 1}`
}

function asLines(times, { top, requests }) {
  const all = [...times.values()].reduce((sum, micros) => sum + micros, 0)
  const idle = times.get('(idle)') ?? 0
  const sorted = [...times].sort(([, a], [, b]) => b - a)
  const line = (name, micros) => {
    const share = (100 * micros) / (all - idle)
    return `${(micros / requests).toFixed(3).padStart(8)} us  ${share.toFixed(1).padStart(5)} %  ${name}`
  }
  const busy = sorted.filter(([name]) => name !== '(idle)')
  return [
    `busy ${((100 * (all - idle)) / all).toFixed(0)} % of the time; own time per request, and share of the busy time:`,
    ...busy.slice(0, top).map(([name, micros]) => line(name, micros))
  ]
}
