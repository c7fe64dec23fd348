// What a hostile or careless caller can cost the admin server, and how it closes.
import { once } from 'node:events'
import t from 'tap'
import { startAdmin } from '../../../src/admin/server.ts'
import { silentLog } from '../../../src/log.ts'
import { answerOf, aSource, closed, open, raw } from './fixtures/admin.ts'

t.test('huge headers, addresses and bodies are refused', async (t) => {
  const { port, url } = await open(t)
  const headers = await raw(t, port)
  headers.write(`GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
  t.match(await answerOf(headers), /^HTTP\/1\.1 431 /)
  const address = await raw(t, port)
  address.write(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  t.match(await answerOf(address), /^HTTP\/1\.1 431 /)
  t.equal((await fetch(`${url}/pause`, { method: 'POST', body: 'x'.repeat(5000) })).status, 413)
  const endless = await raw(t, port)
  endless.write(
    'POST /pause HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
  )
  endless.write(`2000\r\n${'x'.repeat(0x2000)}\r\n`)
  t.match(await answerOf(endless), /^HTTP\/1\.1 413 /)
})

t.test('a request that does not arrive in time is cut off, with or without headers', async (t) => {
  const { port, url } = await open(t, { limits: { requestMs: 500 } })
  const slowHeaders = await raw(t, port)
  slowHeaders.write('GET /livez HTTP/1.1\r\nHost: x\r\n')
  t.match(await answerOf(slowHeaders), /^HTTP\/1\.1 408 /)
  const slowBody = await raw(t, port)
  slowBody.write('POST /pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx')
  t.match(await answerOf(slowBody), /^HTTP\/1\.1 408 /)
  t.equal((await fetch(`${url}/livez`)).status, 200)
})

t.test('a connection on which nothing moves is closed', async (t) => {
  const { port } = await open(t, { limits: { silenceMs: 50 } })
  const silent = await raw(t, port)
  t.equal(await answerOf(silent), '')
})

t.test('a caller that never reads its answers is closed', async (t) => {
  const text = 'x'.repeat(1_000_000)
  const { port } = await open(t, {
    from: { metrics: async () => ({ type: 'text/plain', text }) },
    limits: { silenceMs: 100 }
  })
  const deaf = await raw(t, port)
  deaf.pause()
  deaf.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50))
  // A socket that is not read from learns that it was cut when it writes.
  const knock = setInterval(() => deaf.write('GET'), 20)
  await closed(deaf)
  clearInterval(knock)
  t.ok(deaf.bytesRead < 50_000_000, 'not everything was sent')
})

t.test('more connections than the limit are turned away', async (t) => {
  const { port } = await open(t, { limits: { connections: 2 } })
  await raw(t, port)
  await raw(t, port)
  t.equal(await answerOf(await raw(t, port)), '')
})

t.test('close returns promptly with idle, half-sent and unanswered requests open', async (t) => {
  const never = new Promise<never>(() => undefined)
  const admin = await startAdmin({
    address: { host: '127.0.0.1', port: 0 },
    source: aSource({ metrics: () => never }),
    log: silentLog,
    limits: { closeMs: 50 }
  })
  const idle = await raw(t, admin.port)
  idle.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(idle, 'data')
  const half = await raw(t, admin.port)
  half.write('GET /livez HTTP/1.1\r\n')
  const waiting = await raw(t, admin.port)
  waiting.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
  const all = Promise.all([idle, half, waiting].map((socket) => answerOf(socket)))
  const before = performance.now()
  await admin.close()
  t.ok(performance.now() - before < 5000)
  await all
  await t.rejects(fetch(`http://127.0.0.1:${admin.port}/livez`))
})

t.test('an answer under way at close is still given', async (t) => {
  let answer = (): void => undefined
  const asked = new Promise<void>((resolve) => (answer = resolve))
  const { port, url, close } = await open(t, {
    from: {
      metrics: async () => {
        await asked
        return { type: 'text/plain', text: 'late' }
      }
    }
  })
  const socket = await raw(t, port)
  socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
  t.equal((await fetch(`${url}/livez`)).status, 200)
  const closing = close()
  answer()
  t.match(await answerOf(socket), /late$/)
  await closing
})
