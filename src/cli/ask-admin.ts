// One request to the admin server of a running proxy. Knows its address and token, not what the answer means. Not with
// fetch, which refuses a list of ports that no browser may ask.
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Settings } from '../config/settings.ts'
import { ProxyError, messageOf } from '../errors.ts'

export type AdminRequest = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly timeoutMs: number
}

/** The body of a successful answer. Throws ADMIN when none comes, or with the reason that the answer gives. */
export async function askAdmin(
  { admin }: Settings,
  { method, path, timeoutMs }: AdminRequest
): Promise<string> {
  const { host, port } = admin.listen
  if (port === 0) {
    throw new ProxyError('ADMIN', 'admin.listen has port 0: name the port that the proxy took, with --admin')
  }
  const url = new URL(path, `http://${reachable(host)}:${port}`)
  const headers = admin.token === '' ? {} : { authorization: `Bearer ${admin.token}` }
  try {
    const answer = await open(url, { method, headers, signal: AbortSignal.timeout(timeoutMs) })
    const body = await text(answer)
    const code = answer.statusCode ?? 0
    if (code >= 200 && code < 300) return body
    throw new ProxyError('ADMIN', `${url.href} answered ${code}: ${reasonIn(body)}`)
  } catch (thrown) {
    if (thrown instanceof ProxyError) throw thrown
    const why = isTimeout(thrown) ? `nothing within ${timeoutMs} ms` : causeOf(thrown)
    throw new ProxyError('ADMIN', `no proxy answers at ${url.origin}: ${why}`, { cause: thrown })
  }
}

type Options = {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** `agent: false`, so that no kept connection delays the end of the program. */
function open(url: URL, options: Options): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { ...options, agent: false }, resolve)
      .on('error', reject)
      .end()
  })
}

/** A server that listens on every address is asked on this machine's own. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/** The message of a JSON answer, else the answer itself. */
export function messageIn(body: string): string {
  try {
    const answer: unknown = JSON.parse(body)
    if (typeof answer === 'object' && answer !== null) {
      if ('message' in answer) return String(answer.message)
      if ('error' in answer) return String(answer.error)
    }
  } catch {
    // Not JSON, so not of a Holdfast: shown as it is.
  }
  return body.trim()
}

function reasonIn(body: string): string {
  const reason = messageIn(body)
  return reason === '' ? 'no reason given' : reason.slice(0, 300)
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.name === 'TimeoutError' || thrown.name === 'AbortError')
}

/** A name with several addresses fails with an error for each. */
function causeOf(thrown: unknown): string {
  return thrown instanceof AggregateError ? messageOf(thrown.errors[0]) : messageOf(thrown)
}
