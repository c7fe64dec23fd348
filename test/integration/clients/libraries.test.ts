// Libraries that stand on Redis, each doing what it is there for.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAdapter } from '@socket.io/redis-adapter'
import { RedisStore } from 'connect-redis'
import { Redis } from 'ioredis'
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible'
import { createClient } from 'redis'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import t, { type Test } from 'tap'
import { useProxied } from './proxied.ts'

type Request = IncomingMessage & { session: { views?: number } }
type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

type Lock = { unlock: () => Promise<void>; extend: (ms: number) => Promise<Lock> }
type Locks = new (
  clients: readonly Redis[],
  options: object
) => {
  lock: (resource: string, ms: number) => Promise<Lock>
}

// These two come without types.
const require = createRequire(import.meta.url)
const session = require('express-session') as (options: object) => Middleware
const Redlock = require('redlock') as Locks

t.test('libraries that stand on Redis', async (t) => {
  const { port, url } = await useProxied(t)
  const connect = (t: Test): Redis => {
    const redis = new Redis({ port })
    t.teardown(() => {
      redis.disconnect()
    })
    return redis
  }

  await t.test('redlock gives a lock to one at a time', async (t) => {
    const redlock = new Redlock([connect(t)], { retryCount: 0 })
    const lock = await redlock.lock('locks:job', 5000)
    await t.rejects(redlock.lock('locks:job', 5000), { name: 'LockError' })
    const longer = await lock.extend(5000)
    await longer.unlock()
    const next = await redlock.lock('locks:job', 5000)
    await next.unlock()
  })

  await t.test('rate-limiter-flexible lets as many through as it should, whoever asks', async (t) => {
    const limiters = [connect(t), connect(t)].map(
      (storeClient) => new RateLimiterRedis({ storeClient, points: 5, duration: 60, keyPrefix: 'limit' })
    )
    const asked = Array.from({ length: 12 }, (_, index) => limiters[index % 2]!.consume('someone'))
    const results = await Promise.allSettled(asked)
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 5)
    const refused = results.find((result) => result.status === 'rejected')
    t.equal((refused?.reason as RateLimiterRes).remainingPoints, 0)
  })

  await t.test('socket.io reaches the clients of another server through its adapter', async (t) => {
    const [first, second] = [socketServer(t, connect(t), connect(t)), socketServer(t, connect(t), connect(t))]
    const listener = io(`http://127.0.0.1:${await first.port}`, { transports: ['websocket'] })
    t.teardown(() => listener.close())
    await new Promise<void>((resolve) => listener.once('joined', () => resolve()))
    await second.port
    const heard = new Promise((resolve) => listener.once('news', resolve))
    // A server knows of the other one a moment after both have subscribed.
    while ((await second.io.fetchSockets()).length === 0) await sleep(20)
    second.io.to('readers').emit('news', 'from the other server')
    t.equal(await heard, 'from the other server')
  })

  await t.test('connect-redis keeps the session of a browser', async (t) => {
    const client = createClient({ url })
    await client.connect()
    t.teardown(() => {
      client.destroy()
    })
    const withSession = session({
      store: new RedisStore({ client }),
      secret: 'of the test',
      resave: false,
      saveUninitialized: false
    })
    const server = createServer((request, response) => {
      withSession(request, response, () => {
        const { session } = request as Request
        session.views = (session.views ?? 0) + 1
        response.end(String(session.views))
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const response = await fetch(page)
    t.equal(await response.text(), '1')
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? ''
    for (const views of ['2', '3']) {
      t.equal(await (await fetch(page, { headers: { cookie } })).text(), views)
    }
    t.equal(await (await fetch(page)).text(), '1')
  })
})

function socketServer(t: Test, publisher: Redis, subscriber: Redis): { io: Server; port: Promise<number> } {
  const http = createServer()
  const server = new Server(http, { adapter: createAdapter(publisher, subscriber) })
  server.on('connection', (socket) => {
    void Promise.resolve(socket.join('readers')).then(() => socket.emit('joined'))
  })
  t.teardown(() => server.close())
  http.listen(0, '127.0.0.1')
  return { io: server, port: once(http, 'listening').then(() => (http.address() as AddressInfo).port) }
}
