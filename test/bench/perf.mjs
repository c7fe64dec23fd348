// Linux' own profiler beside a running process, where it is installed: it also sees the kernel and libuv's reads, which
// V8's profiler counts as idle. Started with --perf-basic-prof, Node tells it the names of JavaScript functions.
import { once } from 'node:events'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const program = 'perf'

export const nodeFlags = ['--perf-basic-prof']

/** Samples the process until stop(), which gives the lines of the report. */
export function startPerf(bench, pid) {
  const file = join(bench.folder, 'perf.data')
  const args = ['record', '--quiet', '--freq', '1999', '-g', '--output', file, '--pid', String(pid)]
  const recording = bench.processes.start(program, program, args)
  return {
    stop: async (top) => {
      if (!recording.alive) throw new Error(recording.lastWords())
      recording.child.kill('SIGINT')
      await once(recording.child, 'exit')
      const own = report(file, '--no-children').slice(0, top)
      const calls = report(file, '--children').filter(([, name]) =>
        /^(ksys|do_(readv|writev)|__x64_sys)/.test(name)
      )
      const lines = (rows) => rows.map(([share, name]) => `${share.padStart(6)} %  ${name}`)
      return ['in system calls:', ...lines(calls.slice(0, 6)), 'by own time:', ...lines(own)]
    }
  }
}

/** [share, symbol] of every symbol, the largest first. */
function report(file, kind) {
  const args = ['report', '-i', file, kind, '-g', 'none', '--sort', 'symbol', '--stdio']
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(stderr)
  const rows = stdout.matchAll(/^ +([\d.]+)% .*?\[[.k]\] (.*?)(?: {2}|$)/gm)
  return [...rows].map(([, share, name]) => [share, name.replace(/file:\/\/\S*\/(\S+\/)/, '$1')])
}
