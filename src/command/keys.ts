// Where the keys of a request stand: what the live server's COMMAND says of it (Redis docs, "Command key
// specifications"). Pure. Keys are told apart by a hash: who takes two for one is only more careful than needed.
import type { RequestFramer } from '../resp/request-framer.ts'

/** The words of a framed request. */
export type FramedWords = Pick<
  RequestFramer,
  'bytes' | 'argumentCount' | 'argument' | 'rangeStart' | 'rangeEnd'
>

/** Keys as places among the request's words. Indices as in the Redis docs: negative ones count from the end. */
export type KeySpec = {
  /** Where the first key is, or what is looked at from it; with a keyword, where the search for that begins. */
  readonly from: number
  /** What stands in front of the first key, in lower case. */
  readonly keyword: string | undefined
  readonly step: number
  /** `range`: `last` counts from the first key. `count`: a number at `countAt` says how many there are from `first`. */
  readonly find:
    | { readonly kind: 'range'; readonly last: number; readonly limit: number }
    | { readonly kind: 'count'; readonly countAt: number; readonly first: number }
}

/** In place of hashes: keys that are not known, or the whole keyspace. No hash has this value. */
export const ALL_KEYS = 2 ** 32

/** More keys than this in one request are as good as all of them. */
const MAX_KEYS = 1024

/** Of a row of COMMAND. Undefined when the server does not say all of them, or says that there are none. */
export function keySpecsOf(row: readonly unknown[]): readonly KeySpec[] | undefined {
  const [name, , flags, first, last, step] = row
  // What a module reads and writes need not be what it names: FT.SEARCH names an index. Redis 6.2 does not flag them.
  if (!Array.isArray(flags) || flags.includes('module') || String(name).includes('.')) return undefined
  if (flags.includes('movablekeys')) return movableSpecs(row[8])
  if (typeof first !== 'number' || typeof last !== 'number' || (last >= 0 && last < first)) return undefined
  const spec: KeySpec = {
    from: first,
    keyword: undefined,
    step: step as number,
    find: { kind: 'range', last: last < 0 ? last : last - first, limit: 0 }
  }
  return isSound(spec) ? [spec] : undefined
}

/** The hashes of the request's keys, in `keys`; ALL_KEYS alone when not all of them are known. */
export function keysOf(
  request: FramedWords,
  specs: readonly KeySpec[] | undefined,
  keys: number[] = []
): number[] {
  for (const spec of specs ?? []) if (!addKeys(request, spec, keys)) return [ALL_KEYS]
  return specs === undefined ? [ALL_KEYS] : keys
}

// Redis before 7 sends none.
function movableSpecs(given: unknown): readonly KeySpec[] | undefined {
  if (!Array.isArray(given) || given.length === 0) return undefined
  const specs = given.map(movableSpec)
  return specs.every((spec) => spec !== undefined && isSound(spec)) ? (specs as KeySpec[]) : undefined
}

/** What no server says would be no keys, or keys without end. */
function isSound({ from, keyword, step, find }: KeySpec): boolean {
  const isRange = find.kind === 'range'
  const numbers = isRange ? [from, step, find.last, find.limit] : [from, step, find.countAt, find.first]
  if (!numbers.every(Number.isSafeInteger) || step < 1) return false
  return (
    (keyword === undefined ? from > 0 : from !== 0) && (isRange || (find.countAt >= 0 && find.first >= 0))
  )
}

function movableSpec(given: unknown): KeySpec | undefined {
  const fields = mapOf(given)
  const begin = mapOf(fields.get('begin_search'))
  const find = mapOf(fields.get('find_keys'))
  const start = mapOf(begin.get('spec'))
  const found = mapOf(find.get('spec'))
  const flags = fields.get('flags')
  if (Array.isArray(flags) && flags.includes('incomplete')) return undefined
  const isIndex = begin.get('type') === 'index'
  const word = start.get('keyword')
  if (!isIndex && (begin.get('type') !== 'keyword' || typeof word !== 'string')) return undefined
  const keyword = isIndex ? undefined : (word as string).toLowerCase()
  const number = (name: string): number => found.get(name) as number
  const from = start.get(isIndex ? 'index' : 'startfrom') as number
  const step = number('keystep')
  if (find.get('type') === 'range') {
    return { from, keyword, step, find: { kind: 'range', last: number('lastkey'), limit: number('limit') } }
  }
  if (find.get('type') !== 'keynum') return undefined
  return {
    from,
    keyword,
    step,
    find: { kind: 'count', countAt: number('keynumidx'), first: number('firstkey') }
  }
}

/** A map as RESP2 sends it: names and values in turn. */
function mapOf(given: unknown): ReadonlyMap<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  if (Array.isArray(given)) for (let at = 0; at + 1 < given.length; at += 2) map.set(given[at], given[at + 1])
  return map
}

function addKeys(request: FramedWords, spec: KeySpec, keys: number[]): boolean {
  const { argumentCount } = request
  const begin = spec.keyword === undefined ? spec.from : behindKeyword(request, spec.keyword, spec.from)
  // An option that is not there has no keys.
  if (begin === undefined) return true
  const { first, last } = firstAndLast(request, spec, begin)
  if (spec.find.kind === 'count' && last === first - spec.step) return true
  if (!(first <= last && last < argumentCount) || (last - first) / spec.step > MAX_KEYS) return false
  for (let index = first; index <= last; index += spec.step) {
    const start = request.rangeStart(index)
    const end = request.rangeEnd(index)
    if (start < 0 || end > request.bytes.length) return false
    keys.push(hashOf(request.bytes, start, end))
  }
  return true
}

function firstAndLast(
  request: FramedWords,
  { find, step }: KeySpec,
  begin: number
): { first: number; last: number } {
  const { argumentCount } = request
  if (find.kind === 'count') {
    const first = begin + find.first
    const word = request.argument(begin + find.countAt)?.toString('latin1') ?? ''
    const count = /^\d+$/.test(word) ? Number(word) : NaN
    return { first, last: first + (count - 1) * step }
  }
  if (find.last >= 0) return { first: begin, last: begin + find.last }
  const end = find.limit > 1 ? begin + Math.floor((argumentCount - begin) / find.limit) : argumentCount
  return { first: begin, last: end + find.last }
}

/** Where the word behind it stands; undefined when it is not there, NaN when it is not known which one counts. */
function behindKeyword(request: FramedWords, keyword: string, from: number): number | undefined {
  const { argumentCount } = request
  const step = from < 0 ? -1 : 1
  let found: number | undefined
  for (
    let index = from < 0 ? argumentCount + from : from;
    index > 0 && index < argumentCount;
    index += step
  ) {
    const word = request.argument(index)
    if (word === undefined) return NaN
    if (word.toString('latin1').toLowerCase() !== keyword) continue
    // The first is the name of a group, or of two STORE the last one counts.
    if (found !== undefined) return NaN
    found = index + 1
  }
  return found
}

/** FNV-1a. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash
}
