// How each kind of setting is written: text to value, with a reason when it is not one, and back. Knows no setting by
// name and not where a text came from; load.ts puts the place in front of the reason.
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { ProxyError } from '../errors.ts'
import type { ListKind, Setting } from './settings.ts'

/** The same shape as the topology's Address; config may not import from there. */
export type Address = { readonly host: string; readonly port: number }

/** From an announced address, in lower case and IPv6 in brackets, to the address to use in its place. */
export type AddressMap = Readonly<Record<string, Address>>

const millisecondsOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const bytesOf: Readonly<Record<string, number>> = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** Node's timers hold 31 bits; a longer delay would fire at once. */
const longestDuration = '24h'

export function refuse(why: string): never {
  throw new ProxyError('USAGE', why)
}

/** A text as an error shows it: on one line, and not for ever. */
export function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text
  return /^[\x20-\x7e]*$/.test(shown) ? `'${shown}'` : JSON.stringify(shown)
}

/** `250ms`, `5s`, `2m`, `1h` or `0`, in milliseconds. */
export function parseDuration(text: string): number {
  if (text === '0') return 0
  const [, digits, unit] = /^(\d+)([a-z]*)$/i.exec(text) ?? []
  if (digits === undefined || unit === undefined)
    refuse(`${quote(text)} is not a duration: write 250ms, 5s, 2m or 1h`)
  if (unit === '') refuse(`${quote(text)} has no unit: write ${text}ms, ${text}s, ${text}m or ${text}h`)
  const milliseconds = millisecondsOf[unit]
  if (milliseconds === undefined) refuse(`${quote(text)} has an unknown unit: write ms, s, m or h`)
  return Number(digits) * milliseconds
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s'
  const unit = ['h', 'm', 's'].find((name) => milliseconds % (millisecondsOf[name] ?? 1) === 0) ?? 'ms'
  return `${milliseconds / (millisecondsOf[unit] ?? 1)}${unit}`
}

/** `64kb`, `4mb`, `1gb` as in redis.conf (a kb is 1024 bytes), or plain bytes. */
export function parseSize(text: string): number {
  const [, digits, unit] = /^(\d+)([a-z]*)$/i.exec(text) ?? []
  if (digits === undefined || unit === undefined)
    refuse(`${quote(text)} is not a size: write 64kb, 4mb, 1gb or plain bytes`)
  const bytes = unit === '' ? 1 : bytesOf[unit.toLowerCase()]
  if (bytes === undefined)
    refuse(`${quote(text)} has an unknown unit: write kb, mb or gb, which are 1024-fold as in redis.conf`)
  return safe(Number(digits) * bytes, text)
}

export function formatSize(bytes: number): string {
  const unit = ['gb', 'mb', 'kb'].find((name) => bytes > 0 && bytes % (bytesOf[name] ?? 1) === 0)
  return unit === undefined ? String(bytes) : `${bytes / (bytesOf[unit] ?? 1)}${unit}`
}

function parseCount(text: string): number {
  if (!/^\d+$/.test(text)) refuse(`${quote(text)} is not a whole number`)
  return safe(Number(text), text)
}

function safe(value: number, text: string): number {
  return Number.isSafeInteger(value) ? value : refuse(`${quote(text)} is too large`)
}

function parseFlag(text: string): boolean {
  if (text === 'true' || text === 'yes') return true
  if (text === 'false' || text === 'no') return false
  return refuse(`${quote(text)} is neither true nor false`)
}

/** `host:port`; an IPv6 host stands in brackets and comes out without them. */
export function parseAddress(text: string, anyPort = false): Address {
  if (text.includes('://')) refuse(`${quote(text)} is a URL: write only host:port`)
  if (isIPv6(text)) refuse(`${quote(text)} has no port: write [${text}]:6379`)
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined)
    refuse(`${quote(text)} is not an address: write host:port, and IPv6 in brackets, such as [::1]:6379`)
  if (digits === undefined) refuse(`${quote(text)} has no port: write host:port`)
  if (host === '' || host === '*')
    refuse(`${quote(text)} has no host: 0.0.0.0 is every IPv4 address of this machine, [::] every one`)
  if (bracketed !== undefined ? !isIPv6(bracketed) : !isHost(host))
    refuse(`${quote(text)} has a host that is not one: ${quote(host)}`)
  return { host, port: parsePort(digits, text, anyPort) }
}

/** A name, or four numbers that make an address: `10.0.0.256` is a mistake and not a name. */
function isHost(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIPv4(host)
  return isIP(host) === 0 && host.length <= 253 && /^[\w-]+(\.[\w-]+)*\.?$/.test(host)
}

function parsePort(digits: string, text: string, anyPort: boolean): number {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN
  const least = anyPort ? 0 : 1
  if (!(port >= least && port <= 65535))
    refuse(`${quote(text)} has a port that is not within ${least} and 65535`)
  return port
}

function parseAddresses(texts: readonly string[]): readonly Address[] {
  if (texts.length === 0) refuse('names no address')
  refuseTwins(texts)
  return texts.map((text) => parseAddress(text))
}

function parseNames(texts: readonly string[]): readonly string[] {
  const names = texts.map((text) => text.toLowerCase())
  for (const name of names)
    if (!/^[a-z][a-z0-9._|-]*$/.test(name)) refuse(`${quote(name)} is not a command's name`)
  refuseTwins(names)
  return names
}

function parseAddressMap(texts: readonly string[]): AddressMap {
  const pairs = texts.map((text) => {
    const [announced, reachable, ...more] = text.split('=')
    if (announced === undefined || reachable === undefined || more.length > 0) {
      return refuse(`${quote(text)} is not a pair: write announced:port=reachable:port`)
    }
    return { announced: oneSpelling(parseAddress(announced)), reachable: parseAddress(reachable) }
  })
  refuseTwins(pairs.map((pair) => pair.announced))
  return Object.fromEntries(pairs.map(({ announced, reachable }) => [announced, reachable]))
}

/** As a key of the map and wherever an address is shown: lower case, IPv6 in brackets. */
export function oneSpelling({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`.toLowerCase()
}

function refuseTwins(texts: readonly string[]): void {
  const twin = texts.find((text, index) => texts.indexOf(text) !== index)
  if (twin !== undefined) refuse(`names ${quote(twin)} twice`)
}

function parseChoice(text: string, values: readonly string[]): string {
  if (values.includes(text)) return text
  return refuse(`${quote(text)} is none of ${values.join(', ')}`)
}

type Limits = {
  readonly min?: string | undefined
  readonly max?: string | undefined
  readonly parse: (text: string) => number
}

function within(text: string, { min = '0', max, parse }: Limits): number {
  const value = parse(text)
  if (value < parse(min)) refuse(`${quote(text)} is less than ${min}, the least it may be`)
  if (max !== undefined && value > parse(max))
    refuse(`${quote(text)} is more than ${max}, the most it may be`)
  return value
}

type ListSetting = Extract<Setting, { kind: ListKind }>

export function isList(setting: Setting): setting is ListSetting {
  return setting.kind === 'addresses' || setting.kind === 'addressMap' || setting.kind === 'names'
}

/** The value of a setting from what was written for it: one text, or the items of a list. Throws USAGE with the reason. */
export function parseValue(setting: Setting, texts: readonly string[]): unknown {
  if (isList(setting)) {
    if (texts.includes('')) refuse('has an empty item')
    return parseList(setting, texts)
  }
  const [text = ''] = texts
  return text === '' ? refuse('is empty: give it a value, or leave it out') : parseSingle(setting, text)
}

function parseList({ kind }: ListSetting, texts: readonly string[]): unknown {
  switch (kind) {
    case 'addresses':
      return parseAddresses(texts)
    case 'addressMap':
      return parseAddressMap(texts)
    case 'names':
      return parseNames(texts)
  }
}

function parseSingle(setting: Exclude<Setting, ListSetting>, text: string): unknown {
  switch (setting.kind) {
    case 'address':
      return parseAddress(text, setting.anyPort)
    case 'duration':
      if (setting.auto === true && text === 'auto') return text
      return within(text, { min: setting.min, max: setting.max ?? longestDuration, parse: parseDuration })
    case 'size':
      return within(text, { min: setting.min, max: setting.max, parse: parseSize })
    case 'count':
      return within(text, { min: setting.min, max: setting.max, parse: parseCount })
    case 'flag':
      return parseFlag(text)
    case 'choice':
      return parseChoice(text, setting.values)
    case 'secret':
    case 'string':
      return text
  }
}
