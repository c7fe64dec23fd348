// npm run bench:failover: what ten writers lose and wait for in each fault, through Holdfast and through HAProxy with a
// role check where that is installed. It judges nothing; the figures of one run are noisy, so it takes the median.
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ensureBuilt, ensurePackages, ensureRedis, root } from '../harness/prepare.mjs'
import { faults } from './failover-faults.mjs'
import { failoverTargets } from './failover-targets.mjs'
import { Writers } from './failover-writers.mjs'
import { Processes } from './processes.mjs'
import { partsOf } from './rig.mjs'
import { median } from './statistics.mjs'
import { asText } from './tables.mjs'

const usage = `npm run bench:failover -- [--runs 5] [--faults planned,killed,frozen,restarted] [--targets holdfast,haproxy]`
const runMs = 14_000
// Sentinel asks a master once a second: how soon it finds out depends on where in that second the fault comes.
const beforeMs = () => 2000 + Math.random() * 1000
const columns = [
  ...['fault', 'through', 'acknowledged', 'lost', 'errors', 'disconnects'],
  ...['longest time without a write', 'each run']
]

try {
  await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

async function main() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      faults: { type: 'string', default: Object.keys(faults).join() },
      targets: { type: 'string', default: '' },
      help: { type: 'boolean' }
    }
  })
  if (values.help) return console.log(usage)
  const parts = await ready()
  const targets = failoverTargets().filter(
    ({ name }) => values.targets === '' || values.targets.includes(name)
  )
  const [load] = loadavg()
  if (load > 0.5) console.error(`the machine is busy already: load ${load.toFixed(1)}`)
  const rows = []
  for (const fault of values.faults.split(',')) {
    if (!(fault in faults)) throw new Error(`there is no fault ${fault}\n${usage}`)
    for (const target of targets) {
      const runs = []
      while (runs.length < Number(values.runs)) runs.push(await measure(parts, { target, fault }))
      rows.push(rowOf({ fault, target, runs }))
    }
  }
  console.log(asText({ title: titleOf(values.runs), columns, rows, note: noteOf() }))
}

async function ready() {
  ensurePackages()
  ensureBuilt()
  await ensureRedis()
  return partsOf(join(root, 'dist'))
}

/** One run with servers of its own, because a fault leaves them changed. */
async function measure({ startRig, freePort, dieWithParent }, { target, fault }) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-failover-'))
  const processes = new Processes(folder, dieWithParent)
  const rig = await startRig({ replicas: 2, sentinels: 3, downAfterMs: 1000 })
  try {
    const place = { folder, rig, port: await freePort(), adminPort: await freePort() }
    processes.start(target.name, ...target.launch(place))
    const writers = new Writers(place.port)
    await writers.start()
    const startedMs = performance.now()
    await sleep(beforeMs())
    writers.mark()
    const old = await rig.currentMaster()
    const done = faults[fault](rig, old)
    await sleep(startedMs + runMs - performance.now())
    await done
    const found = await writers.stop(() => (fault === 'planned' ? rig.masterAfter(old) : rig.currentMaster()))
    console.error(`  ${fault} through ${target.name}: ${JSON.stringify(found)}`)
    return found
  } finally {
    await processes.stopAll()
    await rig.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function rowOf({ fault, target, runs }) {
  const of = (name) => median(runs.map((run) => run[name]))
  return [
    ...[fault, target.name],
    ...['acknowledged', 'lost', 'errors', 'disconnects'].map((name) => of(name).toLocaleString('en')),
    ...[`${of('gapMs')} ms`, runs.map(({ gapMs }) => gapMs).join(' ')]
  ]
}

function titleOf(runs) {
  return `Ten writers and five readers for ${runMs / 1000} s, 1 master, 2 replicas, 3 Sentinels, down-after 1 s, median of ${runs}`
}

function noteOf() {
  return 'lost: acknowledged writes that the master does not have afterwards. restarted: killed, and back empty 6 s later.'
}
