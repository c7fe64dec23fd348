// The numbers in Prometheus' text format; the only file that knows prom-client. It reads the source when somebody
// scrapes and costs nothing otherwise [O1].
import { readdir } from 'node:fs/promises'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { LatencyHistogram } from './histogram.ts'
import type { MetricsSource } from './metrics-source.ts'
import { METRICS, type HistogramRow, type MetricRow, type Sample } from './metrics-table.ts'

// prom-client reads /proc/self/fd synchronously, 7 ms with 8,000 clients, and lists every handle: a scrape would slow
// requests down. The `_total` gauges among them break Prometheus' naming rules besides.
const LEFT_OUT = [
  'process_open_fds',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total'
]

export class Metrics {
  readonly #registry = new Registry()
  readonly #source: MetricsSource
  #reading: MetricsSource
  #rendering: Promise<string> | undefined = undefined

  constructor(source: MetricsSource) {
    this.#source = source
    this.#reading = source
    const read = (): MetricsSource => this.#reading
    for (const row of METRICS) register(row, read, this.#registry)
    collectDefaultMetrics({ register: this.#registry })
    for (const name of LEFT_OUT) this.#registry.removeSingleMetric(name)
    registerOpenFiles(this.#registry)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Everything in text format 0.0.4. Scrapes at the same time share one rendering. */
  render(): Promise<string> {
    this.#rendering ??= this.#render().finally(() => (this.#rendering = undefined))
    return this.#rendering
  }

  async #render(): Promise<string> {
    this.#reading = readingOf(this.#source)
    return this.#registry.metrics()
  }
}

/** Each part once: what a getter of the source adds up for one row is not added up again for the next. */
function readingOf(source: MetricsSource): MetricsSource {
  const { version, ready, paused, draining, masterName } = source
  const { clients, requests, hold, upstream, sentinels, failover } = source
  const facts = { version, ready, paused, draining, masterName }
  return { ...facts, clients, requests, hold, upstream, sentinels, failover }
}

type Read = () => MetricsSource

function register(row: MetricRow, read: Read, registry: Registry): void {
  const { name, help, labels } = row
  const described = { name, help, labelNames: labels, registers: [registry] }
  if (row.type === 'histogram') new SourceHistogram(row, read, registry)
  else if (row.type === 'gauge') {
    new Gauge({
      ...described,
      collect() {
        this.reset()
        for (const sample of row.read(read())) this.set(sample.labels, sample.value)
      }
    })
  } else {
    new Counter({
      ...described,
      collect() {
        this.reset()
        for (const sample of row.read(read())) this.inc(sample.labels, sample.value)
      }
    })
  }
}

/** prom-client's histogram has no way to be filled with buckets counted elsewhere: this one only hands them out. */
class SourceHistogram extends Histogram {
  readonly #row: HistogramRow
  readonly #read: Read

  constructor(row: HistogramRow, read: Read, registry: Registry) {
    super({ name: row.name, help: row.help, labelNames: row.labels, registers: [registry] })
    this.#row = row
    this.#read = read
  }

  // Not in prom-client's types: what Registry and Histogram#get ask for the lines.
  getForPromString() {
    const { name, help, type } = this.#row
    return {
      name,
      help,
      type,
      values: this.#row.read(this.#read()).flatMap((sample) => linesOf(name, sample))
    }
  }
}

function linesOf(name: string, { labels, value: histogram }: Sample<LatencyHistogram>) {
  const cumulative = histogram.cumulative()
  const line = (suffix: string, value: number, own = {}) => ({
    metricName: `${name}_${suffix}`,
    sharedLabels: labels,
    labels: own,
    value
  })
  return [
    ...cumulative.map((count, bucket) => line('bucket', count, { le: histogram.bounds[bucket] ?? '+Inf' })),
    line('sum', histogram.sum),
    line('count', cumulative.at(-1) ?? 0)
  ]
}

function registerOpenFiles(registry: Registry): void {
  new Gauge({
    name: 'process_open_fds',
    help: 'Number of open file descriptors.',
    registers: [registry],
    async collect() {
      this.set(await countOpenFiles())
    }
  })
}

/** NaN where there is no /proc. */
async function countOpenFiles(): Promise<number> {
  try {
    // One of them is the descriptor that the listing itself needs.
    return (await readdir('/proc/self/fd')).length - 1
  } catch {
    return NaN
  }
}
