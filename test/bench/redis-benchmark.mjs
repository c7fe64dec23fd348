// One run of redis-benchmark against one port, and what it says about it. Knows no proxy.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** It comes with Redis, in the same version. */
export const generator = 'redis-benchmark'

const calibrationSeconds = 0.25
const mostRequests = 5_000_000

/**
 * { rps, p50, p99, p999 }, latencies in milliseconds under closed loop. Rejects with redis-benchmark's own last words
 * when it fails, and when it has not ended within `timeoutMs`: without a server it would try for ever.
 */
export async function runBenchmark(bench, { port, workload, requests, timeoutMs = 30_000 }) {
  const { test, size, clients, pipeline } = workload
  const args = [
    ...['-h', '127.0.0.1', '-p', String(port), '-t', test, '-d', String(size), '-c', String(clients)],
    ...['-P', String(pipeline), '-n', String(requests), '--precision', '3']
  ]
  const process = bench.processes.start(generator, generator, args)
  const watchdog = setTimeout(() => process.child.kill('SIGKILL'), timeoutMs)
  try {
    await once(process.child, 'exit')
  } finally {
    clearTimeout(watchdog)
  }
  const found = process.child.exitCode === 0 ? figuresOf(readFileSync(process.logFile, 'utf8')) : undefined
  if (found === undefined) throw new Error(process.lastWords())
  return found
}

/** How many requests take about `seconds` against this port. */
export async function calibrate(bench, { port, workload, seconds }) {
  // Whole rounds of all clients; a larger value is slower, and need not be tried as often.
  const unit = workload.clients * workload.pipeline
  let requests = Math.max(unit, Math.round(20_000 / Math.max(1, workload.size / 1000)))
  for (;;) {
    const { rps } = await runBenchmark(bench, { port, workload, requests })
    if (requests / rps >= calibrationSeconds || requests >= mostRequests) {
      return Math.max(unit, Math.round(Math.min(mostRequests, rps * seconds)))
    }
    requests = Math.ceil(Math.max(requests * 2, rps * calibrationSeconds * 1.2))
  }
}

function figuresOf(output) {
  const [, rps] = /throughput summary: ([\d.]+) requests per second/.exec(output) ?? []
  if (rps === undefined) return undefined
  const [, p50, p99] = /avg\s+min\s+p50\s+p95\s+p99\s+max\s+\S+\s+\S+\s+(\S+)\s+\S+\s+(\S+)/.exec(output)
  const steps = [...output.matchAll(/^([\d.]+)% <= ([\d.]+) milliseconds \(cumulative/gm)]
  const p999 = steps.find(([, percent]) => Number(percent) >= 99.9)?.[2]
  return { rps: Number(rps), p50: Number(p50), p99: Number(p99), p999: Number(p999) }
}
