// npm run bench: measures, prints the tables, and writes docs/benchmarks.md from a full run. It judges nothing: its
// exit code is 0 when it could measure, whatever the figures are.
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { latencyScenarios } from './latency.mjs'
import { parseOptions, usage } from './options.mjs'
import { pageOf, surroundings } from './page.mjs'
import { withRig } from './rig.mjs'
import { scenarios } from './scenarios.mjs'
import { asText } from './tables.mjs'
import { allTargets } from './targets.mjs'
import { throughputTables } from './throughput-tables.mjs'
import { measureThroughput } from './throughput.mjs'
import { workloads } from './workloads.mjs'

const rows = workloads.map(({ name }) => name)
const extra = [...latencyScenarios, ...scenarios]

try {
  const options = parseOptions(process.argv.slice(2), { rows, scenarios: extra.map(({ name }) => name) })
  if (options.help) console.log(usage)
  else await withRig(options, run)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

async function run(bench) {
  const [load] = loadavg()
  if (load > 0.5) bench.progress(`the machine is busy already: load ${load.toFixed(1)}`)
  bench.targets = await allTargets(bench)
  for (const target of bench.targets) await target.ensure()
  const tables = [...(await throughput(bench)), ...(await others(bench))]
  for (const table of tables) console.log(asText(table))
  if (bench.complaints.length > 0) console.log(`\nWhat went wrong:\n${bench.complaints.join('\n')}`)
  keep(bench, tables)
}

async function throughput(bench) {
  const wanted = workloads.filter(({ name }) => bench.options.wanted.has(name))
  if (wanted.length === 0) return []
  return throughputTables(await measureThroughput(bench, wanted), wanted, bench.targets)
}

async function others(bench) {
  const tables = []
  for (const { name, run } of extra.filter((scenario) => bench.options.wanted.has(scenario.name))) {
    try {
      tables.push(await run(bench))
    } catch (error) {
      bench.complain(`${name}: ${error.message}`)
    }
  }
  return tables
}

function keep(bench, tables) {
  const { root, options, complaints } = bench
  const about = surroundings(bench)
  const results = join(root, 'test/bench/results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, 'latest.json'), `${JSON.stringify({ about, tables, complaints }, null, 2)}\n`)
  if (!options.isFull) return
  writeFileSync(join(root, 'docs/benchmarks.md'), pageOf({ about, tables, complaints }))
  console.log('\ndocs/benchmarks.md is written.')
}
