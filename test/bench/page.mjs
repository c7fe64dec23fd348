// docs/benchmarks.md, written from one run. Names no machine and no path.
import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { generator } from './redis-benchmark.mjs'
import { revisionOf } from './revision.mjs'
import { asMarkdown } from './tables.mjs'

/** What a reader has to know to judge the figures, as [label, value] pairs. */
export function surroundings({ root, options, targets }) {
  const versions = targets
    .filter(({ version }) => version !== '')
    .map(({ name, version }) => `${name} ${version}`)
  return [
    ['revision', revisionOf(root)],
    ['date', new Date().toISOString().slice(0, 10)],
    ['machine', `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB`],
    ['kernel', `Linux ${release().split('-')[0]}`],
    ['Redis', redisVersion()],
    ['proxies', versions.join(', ')],
    ['rounds', `${options.rounds} of ${options.seconds} s for each measurement`]
  ]
}

export function pageOf({ about, tables, complaints }) {
  return `# Benchmarks

Written by \`npm run bench\` from one run; do not edit. The load generator, the proxies, Redis, two replicas and three
Sentinels share one machine. The proxies are measured in turn, round by round, and every ratio is taken within a round;
what is shown is the median of the rounds and, in brackets, the least and the most. The figures of one machine are worth
little on another; the ratios are worth more. HAProxy runs in TCP mode with one thread; Holdfast with
\`--reads.consistency master\`, metrics on and logging at info.

${about.map(([label, value]) => `- ${label}: ${value}`).join('\n')}

${tables.map(asMarkdown).join('\n\n')}
${wrong(complaints)}`
}

function wrong(complaints) {
  if (complaints.length === 0) return ''
  return `\n## What went wrong in this run\n\n\`\`\`\n${complaints.join('\n')}\n\`\`\`\n`
}

function redisVersion() {
  const { stdout } = spawnSync(generator, ['--version'], { encoding: 'utf8' })
  return (stdout ?? '').trim().replace(`${generator} `, '')
}
