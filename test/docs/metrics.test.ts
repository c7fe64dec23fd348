// The README's table of metrics, the alert rules and the dashboard say what a scrape says. UPDATE_DOCS=1 rewrites the
// README's table.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { Metrics } from '../../src/metrics.ts'
import { METRICS, type MetricRow } from '../../src/metrics-table.ts'
import { aMetricsSource } from '../unit/admin/fixtures/metrics-source.ts'
import { checkGenerated, pathOf, tableOf } from './generated.ts'

type Rule = {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: { summary: string; description: string }
}
type Target = { refId: string; expr: string; datasource: { uid: string } }
type Panel = {
  id: number
  type: string
  title: string
  description?: string
  datasource?: { uid: string }
  gridPos: { h: number; w: number; x: number; y: number }
  fieldConfig?: { defaults: { unit: string } }
  targets?: Target[]
}
type Dashboard = {
  uid: string
  editable: boolean
  panels: Panel[]
  annotations: { list: { name: string; expr: string }[] }
  templating: { list: { name: string; type: string; query: string | { query: string } }[] }
}

const { groups } = parse(readFileSync(pathOf('config/prometheus-alerts.yaml'), 'utf8')) as {
  groups: { rules: Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(readFileSync(pathOf('config/grafana-dashboard.json'), 'utf8')) as Dashboard
const drawn = dashboard.panels.filter(({ type }) => type !== 'row')
const targets = drawn.flatMap(({ targets: of = [] }) => of)
const queries = [...targets.map(({ expr }) => expr), ...dashboard.annotations.list.map(({ expr }) => expr)]

function labelsText({ labels, values }: MetricRow): string {
  const [label] = labels
  if (label === undefined) return ''
  if (values === undefined) return labels.map((name) => `\`${name}\``).join(', ')
  return `\`${label}\`: ${values.length > 16 ? `one of ${values.length} words` : values.join(', ')}`
}

function metricsMarkdown(): string {
  const rows = METRICS.map((row) => [`\`${row.name}\``, row.type, labelsText(row), row.help])
  return tableOf(['metric', 'type', 'labels', 'meaning'], rows)
}

/** Every metric that a query may name, with its labels. */
async function knownSeries(): Promise<Map<string, Set<string>>> {
  const known = new Map(METRICS.map(({ name, labels }) => [name, new Set(labels)]))
  const text = await new Metrics(aMetricsSource()).render()
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const seen = known.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) seen.add(label)
    known.set(name, seen)
  }
  return known
}

/** Holds the names and labels of a query against what is known. */
function checkQuery(t: Test, expr: string, known: ReadonlyMap<string, ReadonlySet<string>>): void {
  const names = [...expr.matchAll(/\b(?:holdfast|process|nodejs)_\w+/g)]
  t.ok(names.length > 0 || expr.startsWith('up{'), expr)
  for (const [name] of names) t.ok(known.has(name), `${name} is exported`)
  for (const [, name = '', matchers = ''] of expr.matchAll(
    /\b((?:holdfast|process|nodejs)_\w+)\{([^}]*)\}/g
  )) {
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)) {
      t.ok(
        ['job', 'instance'].includes(label) || known.get(name)?.has(label),
        `${name} has the label ${label}`
      )
    }
  }
}

t.test("the README's metrics are those of a scrape", async (t) => {
  checkGenerated(t, 'README.md', 'metrics', metricsMarkdown())
})

t.test('every metric and label that an alert or a panel names is exported', async (t) => {
  const known = await knownSeries()
  for (const { expr } of rules) checkQuery(t, expr, known)
  for (const expr of queries) checkQuery(t, expr, known)
  for (const { query } of dashboard.templating.list) {
    const text = typeof query === 'string' ? query : query.query
    if (text.startsWith('label_values')) checkQuery(t, text, known)
  }
})

t.test('a value that a query asks for is one that its label can have', async (t) => {
  const text = await new Metrics(aMetricsSource()).render()
  const asked = [...queries, ...rules.map(({ expr }) => expr)].flatMap((expr) => [
    ...expr.matchAll(/\b(?:route|reason|end|proof|error)\s*(?:=~|!~|!=|=)\s*"([^"$]*)"/g)
  ])
  t.ok(asked.length > 5)
  for (const [, values = ''] of asked)
    for (const value of values.split('|')) t.match(text, `="${value}"`, value)
})

t.test('every alert says how bad it is, what happened and what to do', async (t) => {
  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length, 'no name is there twice')
  for (const rule of rules) {
    t.match(rule.alert, /^Holdfast[A-Z]\w+$/)
    t.ok(['critical', 'warning', 'info'].includes(rule.labels.severity), rule.alert)
    t.match(rule.annotations.summary, /\{\{.*\}\}.*\.$/, `the summary of ${rule.alert} says where`)
    t.ok(rule.annotations.description.length > 40)
  }
})

t.test('a comparison of a counter is one of its growth', async (t) => {
  for (const expr of [...queries, ...rules.map(({ expr: of }) => of)]) {
    for (const [name] of expr.matchAll(/\b\w+(?:_total|_bucket)\b/g)) {
      t.match(expr, new RegExp(`(?:rate|increase)\\(${name}\\b`), expr)
    }
  }
})

t.test('every panel is explained, has a unit, and belongs to the chosen proxies', async (t) => {
  t.equal(dashboard.editable, false)
  t.equal(dashboard.uid, 'holdfast')
  t.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length, 'ids are unique')
  t.same(
    dashboard.templating.list.map(({ name }) => name),
    ['datasource', 'job', 'instance']
  )
  for (const { title, description, datasource, fieldConfig, targets: of = [] } of drawn) {
    t.ok((description ?? '').length > 10, `${title} is explained`)
    t.equal(datasource?.uid, '${datasource}', title)
    t.ok(fieldConfig?.defaults.unit, `${title} has a unit`)
    t.ok(of.length > 0, `${title} asks something`)
  }
  for (const { expr, datasource } of targets) {
    t.equal(datasource.uid, '${datasource}')
    const selectors =
      expr.match(/\b(?:holdfast|process|nodejs)_\w+\{[^}]*job=~"\$job", instance=~"\$instance"/g) ?? []
    t.equal(
      selectors.length,
      expr.match(/\b(?:holdfast|process|nodejs)_\w+/g)?.length,
      `${expr} chooses proxies`
    )
    t.notMatch(expr, /rate\([^[]*\[\d/, 'the range of a rate follows the width of the panel')
  }
})

t.test('panels lie within the grid, and none on another', async (t) => {
  const taken = new Set<string>()
  const wrong = new Set<string>()
  for (const { title, gridPos } of dashboard.panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        if (x >= 24 || taken.has(`${x},${y}`)) wrong.add(title)
        taken.add(`${x},${y}`)
      }
    }
  }
  t.same([...wrong], [])
})

t.test('Prometheus itself accepts the metrics, the rules and the queries', async (t) => {
  const promtool = 'promtool'
  if (spawnSync(promtool, ['--version']).error !== undefined) {
    t.comment('promtool is not on the PATH')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-promtool-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const input = await new Metrics(aMetricsSource()).render()
  t.match(spawnSync(promtool, ['check', 'metrics'], { input }), { status: 0 })
  t.match(spawnSync(promtool, ['check', 'rules', pathOf('config/prometheus-alerts.yaml')]), { status: 0 })
  const recorded = queries.map((expr, at) => ({
    record: `query_${at}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replace(/\$\w+/g, '.+')
  }))
  const file = join(folder, 'queries.yaml')
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: recorded }] }))
  const checked = spawnSync(promtool, ['check', 'rules', file], { encoding: 'utf8' })
  t.equal(checked.status, 0, checked.stderr)
})
