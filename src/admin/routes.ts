// The admin server's addresses and what each answers. Knows neither sockets nor limits.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { refusalOf, type Access } from './access.ts'
import { pageHtml, pagePolicy } from './page.ts'
import { ACTIONS, type Action, type ActionName, type AdminSource } from './source.ts'
import { renderText } from './text.ts'

export type Routes = { readonly source: AdminSource; readonly access: () => Access; readonly log: Log }

export function addRoutes(app: FastifyInstance, routes: Routes): void {
  // Bodies say nothing here: whatever a client sends along is read, within the limit, and ignored.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null))
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer'
    })
    done()
  })
  addReading(app, routes.source)
  for (const name of ACTIONS) addAction(app, name, routes)
  addFailures(app, routes)
}

function addReading(app: FastifyInstance, source: AdminSource): void {
  app.get('/', (request, reply) => {
    void reply.header('vary', 'accept')
    if (!acceptsHtml(request))
      return reply.type('text/plain; charset=utf-8').send(renderText(source.status()))
    return reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(pageHtml)
  })
  app.get('/status', (_request, reply) => json(reply, 200, source.status()))
  app.get('/metrics', async (_request, reply) => {
    const { type, text } = await source.metrics()
    return reply.header('content-type', type).send(text)
  })
  // That this answers is all it says: a Redis that is down must not have the proxy restarted.
  for (const path of ['/livez', '/healthz']) {
    app.get(path, (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'))
  }
  app.get('/readyz', (_request, reply) => {
    const readiness = source.ready()
    return json(reply, readiness.ready ? 200 : 503, readiness)
  })
}

// Browsers name text/html themselves; curl and wget only say that they take anything.
function acceptsHtml({ headers }: FastifyRequest): boolean {
  return headers.accept?.toLowerCase().includes('text/html') ?? false
}

function addAction(app: FastifyInstance, name: ActionName, { source, access, log }: Routes): void {
  const action = source.actions[name]
  if (action === undefined) return
  const refuseStrangers = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const { headers } = request
    const caller = {
      host: headers.host,
      origin: headers.origin,
      fetchSite: one(headers['sec-fetch-site']),
      authorization: headers.authorization
    }
    const refusal = refusalOf(caller, access())
    if (refusal === undefined) {
      done()
      return
    }
    log.warn({ action: name, from: request.ip, why: refusal.error }, 'admin action refused')
    if (refusal.code === 401) void reply.header('www-authenticate', 'Bearer')
    json(reply, refusal.code, { error: refusal.error })
  }
  app.post(`/${name}`, { onRequest: refuseStrangers }, (request, reply) =>
    run(name, action, { request, reply, log })
  )
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

type Call = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly log: Log }

async function run(name: ActionName, action: Action, { request, reply, log }: Call): Promise<FastifyReply> {
  log.info({ action: name, from: request.ip }, 'admin action')
  const result = await action()
  log.info({ action: name, done: result.done }, result.message)
  return json(reply, result.done ? 200 : 409, result)
}

function addFailures(app: FastifyInstance, { source, log }: Routes): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.replace(/\?.*/s, '')
    const isAction = ACTIONS.some((name) => path === `/${name}` && source.actions[name] !== undefined)
    if (isAction) return json(reply.header('allow', 'POST'), 405, { error: 'use POST' })
    return json(reply, 404, { error: 'there is nothing here; / lists what there is' })
  })
  app.setErrorHandler((error, request, reply) => {
    const code = statusOf(error)
    if (code >= 500) log.error({ path: request.url, error: messageOf(error) }, 'admin request failed')
    return json(reply, code, { error: messageOf(error) })
  })
}

/** fastify gives its own errors, such as a body over the limit, the status to answer with. */
function statusOf(error: unknown): number {
  const isOwn = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
  return isOwn ? (error.statusCode as number) : 500
}

function json(reply: FastifyReply, code: number, value: unknown): FastifyReply {
  return reply
    .code(code)
    .type('application/json; charset=utf-8')
    .send(`${JSON.stringify(value)}\n`)
}
