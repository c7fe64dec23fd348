// npm run soak: hours of writers, of clients that come and go and of planned failovers through one proxy. Nothing may
// be lost, no client may notice, and what the proxy holds must not grow. Exit code 1 when that does not hold.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Writers } from './failover-writers.mjs'
import { Passers } from './passers.mjs'
import { openFiles, rss } from './proc.mjs'
import { withRig } from './rig.mjs'
import { holdfastTarget, variants } from './targets.mjs'

const usage = `npm run soak -- [--minutes 60] [--failover-every 60 (seconds)]`
const mb = 1_000_000
const reportMs = 30_000
/** What the proxy may hold more at the end than after its first tenth. */
const mostGrowthBytes = 30 * mb
const mostGrowthFiles = 10
const settleMs = 20_000

try {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      'failover-every': { type: 'string', default: '60' },
      help: { type: 'boolean' }
    }
  })
  if (values.help) console.log(usage)
  else await withRig({ dist: '', node: '', against: '' }, (bench) => soak(bench, numbersOf(values)))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

function numbersOf({ minutes, 'failover-every': seconds }) {
  const [lengthMs, everyMs] = [Number(minutes) * 60_000, Number(seconds) * 1000]
  if (!(lengthMs > 0 && everyMs >= 30_000)) throw new Error(`at least 30 s between two failovers\n${usage}`)
  return { lengthMs, everyMs }
}

async function soak(bench, { lengthMs, everyMs }) {
  const [variant] = variants(bench)
  const target = await holdfastTarget(bench, variant, { consistency: 'causal' })
  await target.ensure()
  const writers = new Writers(target.port, { pauseMs: 20 })
  await writers.start()
  const passers = new Passers(target.port)
  const startedMs = performance.now()
  const failovers = failOverEvery(bench.rig, everyMs)
  let early
  while (performance.now() - startedMs < lengthMs) {
    await sleep(Math.min(reportMs, Math.max(0, startedMs + lengthMs - performance.now())))
    const held = heldBy(target)
    if (performance.now() - startedMs >= lengthMs / 10) early ??= held
    bench.progress(asLine(held, failovers.count(), passers.count))
  }
  const failure = await failovers.stop()
  await passers.stop()
  await sleep(settleMs)
  const found = await writers.stop(() => bench.rig.currentMaster())
  judge({ found, failure, passers, early, late: heldBy(target) })
}

function failOverEvery(rig, everyMs) {
  let count = 0
  let failure
  const cancel = new AbortController()
  const run = async () => {
    for (;;) {
      await sleep(everyMs, undefined, { signal: cancel.signal })
      const old = await rig.currentMaster()
      await rig.sentinels[0].command('SENTINEL', 'FAILOVER', rig.masterName)
      await rig.masterAfter(old)
      count += 1
    }
  }
  const running = run().catch((error) => {
    if (error.name !== 'AbortError') failure = error.message
  })
  /** Gives why one could not be made, if so: there were none after it. */
  const stop = async () => {
    cancel.abort()
    await running
    return failure
  }
  return { count: () => count, stop }
}

function heldBy({ pid }) {
  return { bytes: rss(pid), files: openFiles(pid) }
}

function asLine({ bytes, files }, failovers, passed) {
  return `${Math.round(bytes / mb)} MB, ${files} files, ${failovers} failovers, ${passed} clients have come and gone`
}

function judge({ found, failure, passers, early, late }) {
  const { acknowledged, lost, twice, errors, disconnects, gapMs } = found
  const complaints = [
    failure !== undefined && `a failover could not be made: ${failure}`,
    ...[lost && `${lost} acknowledged writes lost`, twice && `${twice} writes executed twice`],
    ...[errors && `${errors} errors`, disconnects && `${disconnects} connections lost`],
    passers.failures && `${passers.failures} passing clients were not served: ${passers.lastFailure}`,
    late.bytes > early.bytes + mostGrowthBytes && 'the memory has grown',
    late.files > early.files + mostGrowthFiles && 'the open files have grown'
  ].filter(Boolean)
  const line = ({ bytes, files }) => `${Math.round(bytes / mb)} MB and ${files} files`
  console.log(`${acknowledged.toLocaleString('en')} acknowledged writes, longest gap ${gapMs} ms`)
  console.log(
    `${passers.count.toLocaleString('en')} passing clients; ${line(early)} early, ${line(late)} at the end`
  )
  console.log(
    complaints.length === 0 ? 'nothing lost, nothing noticed, nothing grown' : complaints.join('\n')
  )
  if (complaints.length > 0) process.exitCode = 1
}
