// Who may change something through the admin server. Pure. Reading is free: probes and Prometheus carry no token.
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'

export type Caller = {
  readonly host: string | undefined
  readonly origin: string | undefined
  /** The Sec-Fetch-Site header, which only browsers send. */
  readonly fetchSite: string | undefined
  readonly authorization: string | undefined
}

export type Access = {
  /** Asked of everybody if it is set; without one only callers on this machine may change something. */
  readonly token: string | undefined
  /** The host of the address that was asked for; a name under which the server may be called. */
  readonly host: string
  readonly onLoopback: boolean
}

export type Refusal = { readonly code: 401 | 403; readonly error: string }

/** Why a POST is refused; undefined if it may go on. */
export function refusalOf(caller: Caller, access: Access): Refusal | undefined {
  if (isForeignPage(caller))
    return { code: 403, error: 'a page of another origin may not change anything here' }
  if (access.token !== undefined) {
    return isToken(caller.authorization, access.token)
      ? undefined
      : { code: 401, error: 'send the admin.token as "Authorization: Bearer ..."' }
  }
  if (!access.onLoopback) {
    return {
      code: 403,
      error: 'set admin.token: without it nothing can be changed while admin.listen is not a loopback address'
    }
  }
  if (isOwnName(caller.host, access.host)) return undefined
  return { code: 403, error: 'the Host header names another server' }
}

// Cross-site request forgery: a browser always says whose page it acts for.
function isForeignPage({ origin, host, fetchSite }: Caller): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return true
  if (origin === undefined) return false
  const url = parse(origin)
  return url === undefined || host === undefined || url.host !== parse(`${url.protocol}//${host}`)?.host
}

// DNS rebinding: a foreign name made to lead here. An address, and a name that never leaves this machine, is none. A
// browser cannot guess the token either, so that with one any name will do.
function isOwnName(host: string | undefined, own: string): boolean {
  const name = parse(`http://${host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '')
  if (name === undefined) return false
  return name === 'localhost' || name.endsWith('.localhost') || name === own.toLowerCase() || isIP(name) !== 0
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

// Compared by digest: neither the token's length nor how much of it was right can be timed.
function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
