// The admin server on a real port: what it answers, and to whom.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { startAdmin } from '../../../src/admin/server.ts'
import { ProxyError } from '../../../src/errors.ts'
import { silentLog } from '../../../src/log.ts'
import { aSource, open, post, ready } from './fixtures/admin.ts'
import { aStatus } from './fixtures/status.ts'

t.test('every address answers, and nothing is cached', async (t) => {
  const { url } = await open(t)
  const page = await fetch(`${url}/`, { headers: { accept: 'text/html,*/*;q=0.8' } })
  t.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  t.equal(page.headers.get('vary'), 'accept')
  t.match(page.headers.get('content-security-policy'), "default-src 'none'")
  t.match(await page.text(), '<!doctype html>')
  const text = await fetch(`${url}/`, { headers: { accept: '*/*' } })
  t.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8')
  t.match(await text.text(), 'holdfast 1.2.3   READY')
  const metrics = await fetch(`${url}/metrics`)
  t.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  t.equal(await metrics.text(), 'holdfast_ready 1\n')
  const status = await fetch(`${url}/status`)
  t.equal(status.headers.get('cache-control'), 'no-store')
  t.equal(status.headers.get('content-type'), 'application/json; charset=utf-8')
  t.same(await status.json(), aStatus())
  t.same(await (await fetch(`${url}/readyz`)).json(), ready)
  for (const path of ['/livez', '/healthz', '/livez?verbose'])
    t.equal(await (await fetch(url + path)).text(), 'ok\n')
  t.equal((await fetch(`${url}/livez`, { method: 'HEAD' })).status, 200)
})

t.test('not ready is 503 with the reasons, and alive all the same', async (t) => {
  const checks = [{ name: 'master', ok: false, detail: 'none is bound' }]
  const { url } = await open(t, { from: { ready: () => ({ ready: false, checks }) } })
  const answer = await fetch(`${url}/readyz`)
  t.equal(answer.status, 503)
  t.same(await answer.json(), { ready: false, checks })
  t.equal((await fetch(`${url}/livez`)).status, 200)
})

t.test('an action runs once per POST and says how it went', async (t) => {
  let runs = 0
  const actions = {
    pause: async () => ({ done: true, message: `paused ${++runs}` }),
    switchover: async () => ({ done: false, message: 'no replica has caught up' }),
    reload: async () => Promise.reject(new Error('holdfast.yaml: line 3'))
  }
  const { url } = await open(t, { from: { actions } })
  const paused = await fetch(`${url}/pause`, { method: 'POST' })
  t.equal(paused.status, 200)
  t.same(await paused.json(), { done: true, message: 'paused 1' })
  t.equal(
    (await fetch(`${url}/pause`, { method: 'POST', body: 'x=1' })).status,
    200,
    'a body changes nothing'
  )
  t.equal((await fetch(`${url}/switchover`, { method: 'POST' })).status, 409)
  const failed = await fetch(`${url}/reload`, { method: 'POST' })
  t.equal(failed.status, 500)
  t.same(await failed.json(), { error: 'holdfast.yaml: line 3' })
  t.equal(runs, 2)
})

t.test('what is not built is 404, and reading an action is 405', async (t) => {
  const { url } = await open(t)
  t.equal((await fetch(`${url}/resume`, { method: 'POST' })).status, 404)
  t.equal((await fetch(`${url}/resume`)).status, 404)
  t.equal((await fetch(`${url}/etc/passwd`)).status, 404)
  const read = await fetch(`${url}/pause?now`)
  t.equal(read.status, 405)
  t.equal(read.headers.get('allow'), 'POST')
  t.same(await read.json(), { error: 'use POST' })
})

t.test('a foreign Host or Origin changes nothing, and reads as before', async (t) => {
  let runs = 0
  const { url } = await open(t, {
    from: { actions: { pause: async () => ({ done: true, message: String(++runs) }) } }
  })
  const { host } = new URL(url)
  t.match(await post(`${url}/pause`, { host: 'evil.example' }), { code: 403, body: { error: /Host/ } })
  t.match(await post(`${url}/pause`, { host, origin: 'http://evil.example' }), { code: 403 })
  t.match(await post(`${url}/pause`, { host, 'sec-fetch-site': 'cross-site' }), { code: 403 })
  t.equal(runs, 0)
  t.match(await post(`${url}/pause`, { host, origin: url }), { code: 200 })
  t.equal(runs, 1)
})

t.test('a token that is set must be sent', async (t) => {
  const { url } = await open(t, { token: 'sesame' })
  const without = await fetch(`${url}/pause`, { method: 'POST' })
  t.equal(without.status, 401)
  t.equal(without.headers.get('www-authenticate'), 'Bearer')
  const right = await fetch(`${url}/pause`, { method: 'POST', headers: { authorization: 'Bearer sesame' } })
  t.equal(right.status, 200)
  t.equal((await fetch(`${url}/metrics`)).status, 200, 'Prometheus needs none')
})

t.test('on an address that others reach nothing changes without a token', async (t) => {
  const { url } = await open(t, { address: { host: '0.0.0.0', port: 0 }, token: '' })
  t.equal((await fetch(`${url}/pause`, { method: 'POST' })).status, 403)
  t.equal((await fetch(`${url}/readyz`)).status, 200)
})

t.test('a failing source is 500 with its reason, and the server goes on', async (t) => {
  const fail = (): never => {
    throw new Error('out of numbers')
  }
  const { url } = await open(t, { from: { metrics: async () => fail(), status: fail } })
  for (const path of ['/metrics', '/status', '/']) {
    const answer = await fetch(url + path)
    t.equal(answer.status, 500, path)
    t.same(await answer.json(), { error: 'out of numbers' })
  }
  t.equal((await fetch(`${url}/livez`)).status, 200)
})

t.test('a port in use is one line that names the setting', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const start = startAdmin({ address: { host: '127.0.0.1', port }, source: aSource(), log: silentLog })
  await t.rejects(start, {
    name: 'ProxyError',
    code: 'LISTEN',
    message: `admin.listen: cannot listen on 127.0.0.1:${port}: another process has this port (EADDRINUSE)`
  })
})

t.test('an address that is not of this machine, or no address, is one line too', async (t) => {
  for (const [host, reason] of [
    ['192.0.2.1', 'EADDRNOTAVAIL'],
    ['no-such-host.invalid', 'admin.listen: cannot listen on no-such-host.invalid:1: '],
    ['2001:db8::1', '[2001:db8::1]:1: ']
  ] as const) {
    const start = startAdmin({ address: { host, port: 1 }, source: aSource(), log: silentLog })
    const error = await start.then(
      () => undefined,
      (thrown: unknown) => thrown
    )
    t.ok(error instanceof ProxyError && error.code === 'LISTEN')
    t.match((error as Error).message, reason)
    t.notMatch((error as Error).message, '\n')
  }
})

t.test('localhost is a loopback address', async (t) => {
  const admin = await startAdmin({
    address: { host: 'localhost', port: 0 },
    source: aSource(),
    log: silentLog
  })
  t.teardown(() => admin.close())
  const answer = await fetch(`http://localhost:${admin.port}/pause`, { method: 'POST' })
  t.equal(answer.status, 200)
})
