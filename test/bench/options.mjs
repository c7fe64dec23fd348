// The command line of the benchmark. Knows what may be asked for, not how it is done.
import { parseArgs } from 'node:util'

export const usage = `npm run bench -- [options]

  --rounds N      rounds, of which medians are taken (3)
  --seconds S     length of one measurement (2)
  --rate R        requests per second of the fixed-rate measurement (10000)
  --only a,b      these rows only, by name: rows of the table, "rate", "replicas", scenarios
  --scenario      the scenarios only
  --targets a,b   these targets only: direct, haproxy, twemproxy, holdfast
  --quick         one round of 0.5 s: shows that everything runs, its figures mean little
  --against REV   measures that revision too, in turn with this one
  --node PATH     measures the proxy on that Node too
  --dist DIR      uses that build of the proxy and builds nothing`

const flags = {
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '2' },
  rate: { type: 'string', default: '10000' },
  only: { type: 'string', default: '' },
  scenario: { type: 'boolean', default: false },
  targets: { type: 'string', default: '' },
  quick: { type: 'boolean', default: false },
  against: { type: 'string', default: '' },
  node: { type: 'string', default: '' },
  dist: { type: 'string', default: '' },
  help: { type: 'boolean', short: 'h', default: false }
}

/** Throws one line on what is not understood; `rows` and `scenarios` are the names --only may hold. */
export function parseOptions(argv, { rows, scenarios }) {
  const { values } = parseArgs({ args: argv, options: flags })
  const only = namesIn(values.only)
  const known = [...rows, ...scenarios]
  const unknown = only.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no row ${unknown.join(', ')}: there are ${known.join(', ')}`)
  const wanted = only.length > 0 ? only : values.scenario ? scenarios : known
  return {
    ...values,
    rounds: values.quick ? 1 : numberOf('rounds', values.rounds),
    seconds: values.quick ? 0.5 : numberOf('seconds', values.seconds),
    rate: numberOf('rate', values.rate),
    targets: namesIn(values.targets),
    wanted: new Set(wanted),
    /** Everything, at full length: the only kind of run that the page is written from. */
    isFull: wanted === known && !values.quick && values.against === '' && values.targets === ''
  }
}

function namesIn(list) {
  return list.split(',').filter((name) => name !== '')
}

function numberOf(name, text) {
  const number = Number(text)
  if (!(number > 0)) throw new Error(`--${name} wants a number above 0, not ${text}`)
  return number
}
