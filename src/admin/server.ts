// The admin server: listens, bounds what a caller can cost, and closes promptly. Nothing in the data path waits for it
// [O1]; fastify lives here and in routes.ts.
import { lookup } from 'node:dns/promises'
import { isIPv4 } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { messageOf, ProxyError } from '../errors.ts'
import type { Log } from '../log.ts'
import { addRoutes } from './routes.ts'
import type { AdminSource } from './source.ts'

export type AdminOptions = {
  /** Port 0 takes any free one. */
  readonly address: { readonly host: string; readonly port: number }
  readonly token?: string | undefined
  readonly source: AdminSource
  readonly log: Log
  readonly limits?: Partial<AdminLimits>
}

export type AdminLimits = {
  /** How long a request may take to arrive, headers and body together. */
  readonly requestMs: number
  /** A connection on which nothing moves for this long is closed. */
  readonly silenceMs: number
  /** How long answers under way may take at close(). */
  readonly closeMs: number
  readonly connections: number
}

const defaultLimits: AdminLimits = { requestMs: 5000, silenceMs: 30_000, closeMs: 500, connections: 256 }

export type Admin = {
  readonly port: number
  /** Stops listening and resolves within `closeMs`, whatever the callers do. */
  readonly close: () => Promise<void>
}

/** Throws ProxyError LISTEN, with one line that names the setting, if the address cannot be had. */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  const { address, source, log } = options
  const limits = { ...defaultLimits, ...options.limits }
  const token = options.token === '' ? undefined : options.token
  const app = openServer(limits)
  let onLoopback = false
  addRoutes(app, { source, log, access: () => ({ token, host: address.host, onLoopback }) })
  const bound = await listen(app, address)
  onLoopback = isLoopback(bound.address)
  return { port: bound.port, close: () => close(app, limits.closeMs) }
}

function openServer(limits: AdminLimits): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: 4096,
    forceCloseConnections: 'idle',
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.silenceMs,
    keepAliveTimeout: limits.silenceMs,
    http: {
      maxHeaderSize: 8192,
      headersTimeout: limits.requestMs,
      // Node looks for late requests every 30 s by itself: a limit of 5 s would be one of 35 s.
      connectionsCheckingInterval: Math.min(1000, limits.requestMs)
    }
  })
  app.server.maxConnections = limits.connections
  return app
}

type Bound = { readonly address: string; readonly port: number }

async function listen(app: FastifyInstance, { host, port }: AdminOptions['address']): Promise<Bound> {
  try {
    // fastify opens a second server for `localhost` whose connections close() does not see: it gets an address.
    const { address } = await lookup(host)
    await app.listen({ host: address, port })
    return app.server.address() as Bound
  } catch (error) {
    await app.close()
    throw new ProxyError(
      'LISTEN',
      `admin.listen: cannot listen on ${spell(host)}:${port}: ${reasonOf(error)}`,
      { cause: error }
    )
  }
}

function spell(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return 'another process has this port (EADDRINUSE)'
  if (code === 'EACCES') return 'this port needs more privileges (EACCES)'
  if (code === 'EADDRNOTAVAIL') return 'this machine does not have this address (EADDRNOTAVAIL)'
  if (code === 'ENOTFOUND') return 'there is no such host (ENOTFOUND)'
  return messageOf(error)
}

function isLoopback(address: string): boolean {
  return isIPv4(address) ? address.startsWith('127.') : address === '::1' || address.startsWith('::ffff:127.')
}

async function close(app: FastifyInstance, closeMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), closeMs)
  try {
    await app.close()
  } finally {
    clearTimeout(cut)
  }
}
