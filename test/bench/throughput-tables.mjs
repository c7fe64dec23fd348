// What the samples of the rounds come to: ratios within each round, their medians and spread, and the goals.
import { median, ratios, spread } from './statistics.mjs'
import { fixed, judged, megabytes, perSecond, withSpread } from './tables.mjs'

/** The tables of the report; `samples` is what measureThroughput gave. */
export function throughputTables(samples, workloads, targets) {
  const names = targets.map((target) => target.name)
  const read = workloads.map((workload) => new Row(workload, samples.get(workload.name), names))
  return [speed(read, names), processorTime(read, names), closedLoop(read, names), memory(read, names)]
}

class Row {
  #of

  constructor(workload, ofTargets, names) {
    this.workload = workload
    this.#of = new Map(names.map((name) => [name, ofTargets.get(name) ?? []]))
  }

  all(target, field) {
    return (this.#of.get(target) ?? []).map((sample) => sample[field])
  }

  median(target, field) {
    return median(this.all(target, field))
  }

  ratio(target, base, field) {
    return spread(ratios(this.all(target, field), this.all(base, field)))
  }
}

function speed(read, names) {
  const own = names.filter((name) => name.startsWith('holdfast'))
  const proxies = names.filter((name) => name !== 'direct')
  const rows = read.map((row) => {
    const { goal, title } = row.workload
    const times = own.map((name) => row.ratio(name, 'haproxy', 'rps'))
    return [
      title,
      perSecond(row.median('direct', 'rps')),
      ...proxies.map((name) => withSpread(row.ratio(name, 'direct', 'rps'))),
      ...times.map((found) => judged(withSpread(found), found.median, found.median >= goal)),
      `>= ${goal}`
    ]
  })
  const shares = proxies.map((name) => `${name} / direct`)
  const goals = own.map((name) => `**${name} / HAProxy**`)
  return {
    name: 'throughput',
    title: 'Throughput',
    columns: ['work', 'direct, requests/s', ...shares, ...goals, 'goal'],
    rows
  }
}

function processorTime(read, names) {
  const own = names.filter((name) => name.startsWith('holdfast'))
  const rows = read.map((row) => {
    const { redisCpuGoal, title } = row.workload
    const shares = own.map((name) => row.ratio(name, 'direct', 'redisCpu').median)
    return [
      title,
      ...names.map((name) => cpuCell(row, name)),
      ...shares.map((share) =>
        redisCpuGoal === undefined ? fixed(share) : judged(fixed(share), share, share <= redisCpuGoal)
      ),
      redisCpuGoal === undefined ? '' : `<= ${redisCpuGoal}`
    ]
  })
  const goals = own.map((name) => `Redis: ${name} / direct`)
  return {
    name: 'cpu',
    title: 'CPU time per request',
    note: 'Microseconds of CPU time per request, user and system: of the Redis master, and of the proxy behind the +.',
    columns: ['work', ...names, ...goals, 'goal'],
    rows
  }
}

function cpuCell(row, name) {
  const redis = fixed(row.median(name, 'redisCpu'), 1)
  return name === 'direct' ? redis : `${redis} + ${fixed(row.median(name, 'proxyCpu'), 1)}`
}

function closedLoop(read, names) {
  const fields = ['p50', 'p99', 'p999']
  const cell = (row, name) => fields.map((field) => fixed(row.median(name, field), 2)).join(' / ')
  return {
    name: 'closed loop',
    title: 'Latency at full speed',
    note: 'Milliseconds, p50 / p99 / p99.9: every client sends its next request as soon as it has its reply.',
    columns: ['work', ...names],
    rows: read.map((row) => [row.workload.title, ...names.map((name) => cell(row, name))])
  }
}

function memory(read, names) {
  const proxies = names.filter((name) => name !== 'direct')
  return {
    name: 'memory',
    title: 'Memory',
    note: 'The most resident memory of the proxy during the work, one after the other in this order.',
    columns: ['work', ...proxies],
    rows: read.map((row) => [
      row.workload.title,
      ...proxies.map((name) => megabytes(row.median(name, 'rss')))
    ])
  }
}
