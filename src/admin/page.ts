// The status page: one HTML document with everything in it, so that it works without a build, a network or a file
// beside it. The drawing functions are TypeScript of this program; the browser gets their source.
import { createHash } from 'node:crypto'
import { quantileOf } from '../histogram.ts'
import * as format from './format.ts'
import { pageStyle } from './page-style.ts'
import { ratesOf } from './rates.ts'
import * as topologyView from './topology-view.ts'
import * as view from './view.ts'

// One question a second, none while the page is hidden, and never two at a time. Opened and closed failovers stay so.
const poll = `
const recent = { all: [], p99: [] }
const byId = (id) => document.getElementById(id)
let before, beforeAt = 0

function put(id, html) {
  const element = byId(id)
  if (element.shown === html) return
  const isOpen = new Map(Array.from(element.querySelectorAll('details'), (details) => [details.id, details.open]))
  element.innerHTML = html
  element.shown = html
  for (const details of element.querySelectorAll('details')) details.open = isOpen.get(details.id) ?? details.open
}

function remember(values, value) {
  values.push(value)
  if (values.length > 60) values.shift()
}

function show(status) {
  const now = performance.now()
  const rates = ratesOf(status, before, (now - beforeAt) / 1000)
  if (before !== undefined) {
    remember(recent.all, rates.all)
    remember(recent.p99, Math.max(0, ...Object.values(rates.p99).filter(Number.isFinite)))
  }
  before = status
  beforeAt = now
  document.title = stateOf(status).word + ' \\u00b7 Holdfast'
  put('state', stateHtml(status))
  put('head', headHtml(status))
  put('topology', topologyHtml(status, rates))
  put('tiles', tilesHtml(status, rates, recent))
  put('failovers', failoversHtml(status))
  put('tables', tablesHtml(status, rates))
  put('settings', settingsHtml(status))
  byId('lost').hidden = true
}

function lose(error) {
  byId('lost').textContent = 'No answer from the proxy (' + error.message + '). What follows is the last that is known.'
  byId('lost').hidden = false
  document.title = 'no answer \\u00b7 Holdfast'
}

async function ask() {
  const answer = await fetch('status', { cache: 'no-store', signal: AbortSignal.timeout(3000) })
  if (!answer.ok) throw new Error('HTTP ' + answer.status)
  show(await answer.json())
}

async function poll() {
  if (!document.hidden) await ask().catch(lose)
  setTimeout(poll, 1000)
}
poll()
`

const drawing = [
  ...Object.values(format),
  ...Object.values(view),
  ...Object.values(topologyView),
  quantileOf,
  ratesOf
]

/** Everything the browser runs. */
export const pageScript = `'use strict'\n${drawing.map(String).join('\n')}\n${poll}`

/** Nothing but this style and this script is used, whatever a name from the network might contain. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src '${hashOf(pageStyle)}'`,
  `script-src '${hashOf(pageScript)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

export const pageHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<header><h1>Holdfast</h1><span id="state" role="status"></span><span id="head"></span></header>
<p id="lost" role="alert" hidden></p>
<noscript><p>This page needs JavaScript; <code>curl</code> gets the same as text.</p></noscript>
<main>
<section class="card" aria-label="Topology"><div id="topology"></div></section>
<section id="tiles" aria-label="Now"></section>
<section><h2>Failovers</h2><div id="failovers"></div></section>
<section><h2>Requests, lanes and clients</h2><div id="tables"></div></section>
<section><h2>Settings</h2><details id="all-settings"><summary>Every setting and where its value came from</summary>
<div id="settings"></div></details></section>
</main>
<footer><a href="metrics">/metrics</a> <a href="status">/status</a> <a href="livez">/livez</a>
<a href="readyz">/readyz</a> &middot; POST /pause /resume /switchover /reload</footer>
<script>${pageScript}</script>
</body>
</html>
`
