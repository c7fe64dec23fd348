// The status page: what the browser is given, run here with as much of a browser as it uses.
import { createHash } from 'node:crypto'
import { createContext, runInContext } from 'node:vm'
import t from 'tap'
import { pageHtml, pagePolicy, pageScript } from '../../../src/admin/page.ts'
import { ratesOf } from '../../../src/admin/rates.ts'
import { topologyHtml } from '../../../src/admin/topology-view.ts'
import * as view from '../../../src/admin/view.ts'
import type { Status } from '../../../src/status.ts'
import { aStatus, lost, planned } from './fixtures/status.ts'

type FakeElement = { innerHTML: string; textContent: string; hidden: boolean; querySelectorAll: () => [] }
type Answer = { ok: boolean; status: number; json: () => Promise<unknown> }

/** Runs the page's script until it has asked once; its own answers are what the page shows. */
async function load(answer: () => Promise<Answer>) {
  const elements = new Map<string, FakeElement>()
  const byId = (id: string): FakeElement => {
    const element = elements.get(id) ?? {
      innerHTML: '',
      textContent: '',
      hidden: true,
      querySelectorAll: () => []
    }
    elements.set(id, element)
    return element
  }
  const document = { hidden: false, title: '', getElementById: byId }
  let next = (): void => undefined
  const waited = new Promise<() => void>((resolve) => {
    const setTimeout = (run: () => void): void => resolve((next = run))
    const context = { document, performance, AbortSignal, setTimeout, fetch: answer }
    runInContext(pageScript, createContext(context))
  })
  await waited
  return { byId, document, next: () => next() }
}

const answering = (status: Status) => async (): Promise<Answer> => ({
  ok: true,
  status: 200,
  json: async () => status
})

t.test('the browser can run what it is given, and shows every part', async (t) => {
  const { byId, document } = await load(answering(aStatus()))
  t.equal(document.title, 'ready \u00b7 Holdfast')
  for (const id of ['state', 'head', 'topology', 'tiles', 'failovers', 'tables', 'settings']) {
    t.ok(byId(id).innerHTML.length > 20, id)
    t.match(pageHtml, `id="${id}"`)
  }
  t.equal(byId('lost').hidden, true)
  t.match(byId('topology').innerHTML, '10.0.0.2:6379')
  t.match(byId('failovers').innerHTML, 'proved: no acknowledged write was lost')
})

t.test('what the browser draws is what these functions draw here', async (t) => {
  const status = aStatus()
  const { byId } = await load(answering(status))
  t.equal(byId('topology').innerHTML, topologyHtml(status, ratesOf(status, undefined, 0)))
  t.equal(byId('failovers').innerHTML, view.failoversHtml(status))
})

t.test('a proxy that does not answer is said, and the last known state stays', async (t) => {
  let isUp = true
  const { byId, document, next } = await load(async () => {
    if (!isUp) throw new Error('refused')
    return answering(aStatus())()
  })
  const before = byId('topology').innerHTML
  isUp = false
  next()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(byId('lost').hidden, false)
  t.match(byId('lost').textContent, 'No answer from the proxy (refused)')
  t.equal(document.title, 'no answer \u00b7 Holdfast')
  t.equal(byId('topology').innerHTML, before)
})

t.test('an answer that is no success counts as none', async (t) => {
  const { byId } = await load(async () => ({ ok: false, status: 500, json: async () => ({}) }))
  t.match(byId('lost').textContent, 'HTTP 500')
})

t.test('a hidden page asks nothing', async (t) => {
  let asked = 0
  const { document, next } = await load(async () => {
    asked++
    return answering(aStatus())()
  })
  document.hidden = true
  next()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(asked, 1)
})

t.test('no name from the network becomes markup', async (t) => {
  const evil = `"'><img src=x onerror=alert(1)></text><script>`
  const flight = {
    ...lost,
    from: evil,
    to: evil,
    reason: evil,
    startedAt: evil,
    timeline: [{ atMs: 1, what: evil }]
  }
  const node = { address: evil, up: true, offset: 1 }
  const { byId } = await load(
    answering(
      aStatus({
        masterName: evil,
        phase: evil,
        listen: evil,
        master: node,
        replicas: [{ ...node, eligible: true, lagSeconds: 1 }],
        sentinels: [{ address: evil, up: true, quorum: true, master: evil }],
        lanes: [{ node: evil, kinds: { shared: 1, bulk: 0, pinned: 0, service: 0, pubsub: 0, monitor: 0 } }],
        failovers: [flight],
        settings: [{ name: evil, value: evil, source: evil }]
      })
    )
  )
  for (const id of ['state', 'head', 'topology', 'tiles', 'failovers', 'tables', 'settings']) {
    t.notMatch(byId(id).innerHTML, /<img|<script|<\/text><scr/, id)
  }
})

t.test('the page uses nothing from outside, and its policy allows nothing else', async (t) => {
  t.notMatch(pageHtml, /https?:|\/\/[a-z]|@import|url\(/, 'no address of another place')
  t.notMatch(pageScript, /<\/script|<!--/, 'nothing in the script ends it')
  t.notMatch(pageHtml.replace(/<style>.*?<\/style>|<script>.*?<\/script>/gs, ''), /style=|\son[a-z]+=/)
  for (const element of ['script', 'style']) {
    const [, text = ''] = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(pageHtml) ?? []
    t.match(pagePolicy, `sha256-${createHash('sha256').update(text).digest('base64')}`, element)
  }
})

t.test('the drawing has a word for every state, not only a colour', async (t) => {
  const rates = ratesOf(aStatus(), undefined, 0)
  const drawn = topologyHtml(aStatus(), rates)
  for (const word of [
    '\u2713 master',
    'serves reads',
    'replica, down',
    'Sentinel \u2713 up',
    'no majority',
    '\u2717 down'
  ]) {
    t.match(drawn, word)
  }
  const held = { count: 37, bytes: 100, oldestAgeSeconds: 0.1 }
  const none = topologyHtml(aStatus({ master: null, held, replicas: [], sentinels: [] }), rates)
  t.match(none, 'no master')
  t.match(none, '37 held')
  t.match(none, 'edge broken')
  const silent = aStatus({ master: { address: 'a:1', up: false, offset: null } })
  t.match(topologyHtml(silent, rates), 'master, silent')
  const { replicas } = aStatus()
  const idle = aStatus({ replicas: replicas.map((replica) => ({ ...replica, up: true, eligible: false })) })
  t.match(topologyHtml(idle, rates), 'serves no reads')
})

t.test('a failover that goes on, without marks, can be drawn', async (t) => {
  const html = view.flightHtml(
    { ...planned, durationMs: null, from: null, to: null, proof: null, timeline: [] },
    0
  )
  t.match(html, 'none \u2192 none')
  t.match(html, 'not decided')
  t.notMatch(html, 'NaN')
})
