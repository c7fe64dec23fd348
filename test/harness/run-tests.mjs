// Runs the named suites of test/ one after the other; the last line is what they add up to.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ensureBuilt, ensurePackages, ensureRedis, root } from './prepare.mjs'

// Suites that start no servers run two files at a time.
const serverless = new Set(['unit', 'docs'])
/** In seconds: the files of the long suite hold several faults each, and Sentinel takes its time. */
const fileTimeouts = new Map([['chaos/long', 300]])

const counts = { passed: 0, failed: 0 }
const suites = process.argv.slice(2).filter((suite) => filesOf(suite).length > 0)

try {
  ensurePackages()
  if (suites.some((suite) => !serverless.has(suite))) ensureBuilt()
  for (const suite of suites) await run(suite)
} catch (error) {
  fail(error.message)
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1

async function run(suite) {
  if (!serverless.has(suite)) {
    try {
      await ensureRedis()
    } catch (error) {
      fail(`the ${suite} tests were not run: ${error.message}`)
      return
    }
  }
  const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
  const timeout = fileTimeouts.has(suite) ? [`--timeout=${fileTimeouts.get(suite)}`] : []
  const args = ['--reporter=tap', `--jobs=${serverless.has(suite) ? 2 : 1}`, ...timeout, ...filesOf(suite)]
  const child = spawn(process.execPath, [tap, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const failedBefore = counts.failed
  const ended = once(child, 'close')
  await report(createInterface({ input: child.stdout }))
  const [status] = await ended
  if (status !== 0 && counts.failed === failedBefore)
    fail(`the ${suite} tests ended with exit code ${status}`)
}

// The runner's record, shortened: the files, the titles of their tests, and everything about a failure. It ends with
// a line such as "# { total: 12, pass: 11, fail: 1 }".
async function report(lines) {
  let inFailure = false
  for await (const line of lines) {
    const total = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?/.exec(line)
    if (total !== null) {
      counts.passed += Number(total[1] ?? 0)
      counts.failed += Number(total[2] ?? 0)
    }
    inFailure = /^ *not ok /.test(line) || (inFailure && !/^ *(ok |# |\d+\.\.\d+)/.test(line))
    const shown = inFailure ? line : shortened(line)
    if (shown !== undefined) console.log(shown)
  }
}

function shortened(line) {
  return /^# Subtest: (.*)/.exec(line)?.[1] ?? /^ {4}ok \d+ - (.*?)(?: # time=.*)?$/.exec(line)?.[0]
}

function fail(message) {
  console.error(message)
  counts.failed += 1
}

function filesOf(suite) {
  const folder = join(root, 'test', suite)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts') && !name.startsWith('long/'))
    .sort()
    .map((name) => join('test', suite, name))
}
