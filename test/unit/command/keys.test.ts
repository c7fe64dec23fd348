// Where the keys of a request stand. The rows are those of COMMAND INFO on Redis 7.0.15, unless another is named.
import t from 'tap'
import { ALL_KEYS, keySpecsOf, keysOf } from '../../../src/command/keys.ts'
import { encode } from '../../../src/resp/decode.ts'
import { RequestFramer } from '../../../src/resp/request-framer.ts'

type Row = readonly unknown[]

const index = (at: unknown): Row => ['type', 'index', 'spec', ['index', at]]
const keyword = (word: unknown, from: unknown): Row => [
  'type',
  'keyword',
  'spec',
  ['keyword', word, 'startfrom', from]
]
const range = (last: unknown, step: unknown, limit: unknown): Row => [
  'type',
  'range',
  'spec',
  ['lastkey', last, 'keystep', step, 'limit', limit]
]
const counted = (at: unknown, first: unknown, step: unknown): Row => [
  'type',
  'keynum',
  'spec',
  ['keynumidx', at, 'firstkey', first, 'keystep', step]
]
const spec = (begin: Row, find: Row, flags: readonly string[] = ['RO', 'access']): Row => [
  ...['flags', flags],
  ...['begin_search', begin],
  ...['find_keys', find]
]
const unknown = ['type', 'unknown', 'spec', []]
const derived = 'For the optional BY/GET keyword. It is marked `unknown` because ...'
const worst = 'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE'

/** With the seven elements that every server sends. */
function movable(name: string, first: number, ...specs: readonly unknown[]): Row {
  return [name, -4, ['write', 'movablekeys'], first, first, first, ['@write'], [], specs]
}

const one = range(0, 1, 0)
const get = ['get', 2, ['readonly', 'fast'], 1, 1, 1, ['@read'], [], [spec(index(1), one)]]
const set = ['set', -3, ['write', 'denyoom'], 1, 1, 1, ['@write'], [], [spec(index(1), one, ['RW'])]]
const mget = ['mget', -2, ['readonly', 'fast'], 1, -1, 1, ['@read'], [], [spec(index(1), range(-1, 1, 0))]]
const mset = ['mset', -3, ['write', 'denyoom'], 1, -1, 2, ['@write'], [], [spec(index(1), range(-1, 2, 0))]]
const bitop = ['bitop', -4, ['write', 'denyoom'], 2, -1, 1, ['@write'], [], []]
const rename = ['rename', 3, ['write'], 1, 2, 1, ['@keyspace', '@write'], [], []]
const flushall = ['flushall', -1, ['write'], 0, 0, 0, ['@keyspace', '@write'], [], []]
const xgroupCreate = ['xgroup|create', -5, ['write', 'denyoom'], 2, 2, 1, ['@write', '@stream'], [], []]
const lmpop = movable('lmpop', 0, spec(index(1), counted(0, 1, 1), ['RW', 'access', 'delete']))
const zunionstore = movable('zunionstore', 1, spec(index(1), one), spec(index(2), counted(0, 1, 1)))
const xreadgroup = movable('xreadgroup', 0, spec(keyword('STREAMS', 4), range(-1, 1, 2)))
const georadius = movable(
  'georadius',
  1,
  ...[spec(index(1), one), spec(keyword('STORE', 6), one), spec(keyword('STOREDIST', 6), one)]
)
const sortRo = movable('sort_ro', 1, spec(index(1), one), ['notes', derived, ...spec(unknown, unknown)])
const evalRow = movable('eval', 0, ['notes', worst, ...spec(index(2), counted(0, 1, 1), ['RW'])])

const CHUNK_BYTES = 16_384

/** In chunks of 16 KB, so that a large request is not joined. */
function framed(words: readonly string[]): RequestFramer {
  const framer = new RequestFramer(1e9)
  const bytes = encode(...words)
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) framer.push(bytes.subarray(at, at + CHUNK_BYTES))
  if (framer.next() !== 'request') throw new Error('no request')
  return framer
}

const hashes = (row: Row, ...words: readonly string[]): number[] => keysOf(framed(words), keySpecsOf(row))

/** The words that were taken for keys, each found by its hash as the key of GET; `all` when they are not known. */
function keysIn(row: Row, ...words: readonly string[]): readonly (string | undefined)[] | 'all' {
  const found = hashes(row, ...words)
  if (found.length === 1 && found[0] === ALL_KEYS) return 'all'
  const byHash = new Map(words.map((word) => [hashes(get, 'GET', word)[0], word]))
  return found.map((hash) => byHash.get(hash))
}

t.test('keys at fixed places, in turn with values, and up to the end [C3]', async (t) => {
  t.strictSame(keysIn(get, 'GET', 'k'), ['k'])
  t.strictSame(keysIn(set, 'SET', 'k', 'v', 'EX', '1'), ['k'])
  t.strictSame(keysIn(mget, 'MGET', 'a', 'b', 'c'), ['a', 'b', 'c'])
  t.strictSame(keysIn(mset, 'MSET', 'a', '1', 'b', '2'), ['a', 'b'])
  t.strictSame(keysIn(bitop, 'BITOP', 'AND', 'to', 'a', 'b'), ['to', 'a', 'b'])
  t.strictSame(keysIn(rename, 'RENAME', 'old', 'new'), ['old', 'new'])
  t.strictSame(keysIn(xgroupCreate, 'XGROUP', 'CREATE', 's', 'g', '$'), ['s'])
})

t.test('keys of which a number stands in front, alone and behind a destination [C3]', async (t) => {
  t.strictSame(keysIn(lmpop, 'LMPOP', '2', 'a', 'b', 'LEFT', 'COUNT', '3'), ['a', 'b'])
  t.strictSame(keysIn(zunionstore, 'ZUNIONSTORE', 'to', '2', 'a', 'b', 'WEIGHTS', '1', '2'), ['to', 'a', 'b'])
  t.strictSame(keysIn(evalRow, 'EVAL', 'return 1', '1', 'k', 'v'), ['k'])
  t.strictSame(keysIn(evalRow, 'EVAL', 'return 1', '0', 'v'), [], 'none')
  const msetex = movable('msetex', 0, spec(index(1), counted(0, 1, 2)))
  t.strictSame(keysIn(msetex, 'MSETEX', '2', 'a', '1', 'b', '2', 'NX'), ['a', 'b'], 'in turn with values')
})

t.test('keys behind a word in any case: the first half of what follows, or an option [C3]', async (t) => {
  const read = ['XREADGROUP', 'GROUP', 'g', 'c']
  t.strictSame(keysIn(xreadgroup, ...read, 'STREAMS', 's', '>'), ['s'])
  t.strictSame(keysIn(xreadgroup, ...read, 'COUNT', '1', 'streams', 's', 't', '>', '0'), ['s', 't'])
  t.strictSame(
    keysIn(xreadgroup, 'XREADGROUP', 'GROUP', 'streams', 'c', 'STREAMS', 's', '>'),
    ['s'],
    'a group'
  )
  const around = ['GEORADIUS', 'k', '15', '37', '200', 'km']
  t.strictSame(keysIn(georadius, ...around), ['k'])
  t.strictSame(keysIn(georadius, ...around, 'ASC', 'StoreDist', 'to'), ['k', 'to'])
  t.strictSame(keysIn(georadius, ...around, 'STORE', 'a', 'STOREDIST', 'b'), ['k', 'a', 'b'])
  const backwards = movable('migrate', 0, spec(keyword('KEYS', -2), range(-1, 1, 0)))
  t.strictSame(
    keysIn(backwards, 'MIGRATE', 'h', '1', '', '0', '9', 'KEYS', 'a', 'b'),
    ['a', 'b'],
    'from the end'
  )
})

t.test('where a word stands twice, Redis may mean either: all keys [C3]', async (t) => {
  t.equal(keysIn(georadius, 'GEORADIUS', 'k', '1', '2', '3', 'km', 'STORE', 'a', 'STORE', 'b'), 'all')
  const late = ['XREADGROUP', 'COUNT', '1', 'GROUP', 'streams', 'c', 'STREAMS', 's', '>']
  t.equal(keysIn(xreadgroup, ...late), 'all', 'the first is a group')
})

t.test('what the server does not say of all keys is said of none [C3]', async (t) => {
  t.equal(keySpecsOf(sortRo), undefined, 'one of them is unknown')
  t.equal(keySpecsOf(flushall), undefined, 'it names none')
  t.equal(keySpecsOf(['eval', -3, ['movablekeys'], 0, 0, 0, ['@scripting']]), undefined, 'Redis 6.2')
  t.equal(keySpecsOf(['sort', -2, ['write', 'movablekeys'], 1, 1, 1, ['@write']]), undefined, 'Redis 6.2')
  t.equal(keySpecsOf(movable('eval', 0)), undefined, 'an empty list')
  const incomplete = spec(keyword('KEYS', -2), range(-1, 1, 0), ['RW', 'incomplete'])
  t.equal(keySpecsOf(movable('migrate', 3, spec(index(3), one), incomplete)), undefined, 'incomplete')
  t.strictSame(keysOf(framed(['FLUSHALL']), undefined), [ALL_KEYS])
})

t.test('a module touches more than it names [C3]', async (t) => {
  t.equal(keySpecsOf(['ft.search', -3, ['readonly'], 1, 1, 1, []]), undefined, 'Redis 6.2 does not flag it')
  t.equal(keySpecsOf(['vadd', -5, ['write', 'module'], 1, 1, 1, []]), undefined)
})

t.test('the same key has one hash wherever it stands, and others have others [C3]', async (t) => {
  const [first, second, third] = hashes(mget, 'MGET', 'a', 'b', 'a')
  t.equal(first, third)
  t.not(first, second)
  t.strictSame(hashes(lmpop, 'LMPOP', '1', 'a', 'LEFT'), [first])
  t.strictSame(hashes(rename, 'RENAME', 'b', 'a'), [second, first])
  const keys = Array.from({ length: 1000 }, (_, at) => `key:${at}`)
  t.equal(new Set(hashes(mget, 'MGET', ...keys)).size, 1000)
  t.not(hashes(get, 'GET', 'ab')[0], hashes(get, 'GET', 'ba')[0])
  t.not(hashes(get, 'GET', '')[0], hashes(get, 'GET', '\0')[0])
})

t.test('keys that do not lie in what is at hand of a large request are not known [C3]', async (t) => {
  const large = 'x'.repeat(100_000)
  t.strictSame(keysIn(set, 'SET', 'k', large), ['k'], 'in front of the cut')
  t.equal(keysIn(set, 'SET', large, 'v'), 'all', 'cut')
  t.equal(keysIn(mset, 'MSET', 'a', large, 'b', '1'), 'all', 'behind it')
  t.equal(keysIn(lmpop, 'LMPOP', '2', 'a', large, 'LEFT'), 'all')
  t.equal(keysIn(zunionstore, 'ZUNIONSTORE', large, '1', 'a'), 'all')
  t.equal(keysIn(evalRow, 'EVAL', large, '1', 'k'), 'all', 'the number is behind it')
  t.equal(keysIn(xreadgroup, 'XREADGROUP', 'GROUP', large, 'c', 'STREAMS', 's', '>'), 'all', 'the word is')
})

t.test('very many keys are as good as all, and not even looked at [C3]', async (t) => {
  const keys = (count: number): string[] => Array.from({ length: count }, (_, at) => `k${at}`)
  t.strictSame(keysIn(mget, 'MGET', ...keys(1000)), keys(1000))
  t.equal(keysIn(mget, 'MGET', ...keys(2000)), 'all')
  const behind = ['GEORADIUS', 'k', '1', '2', '3', 'km', ...keys(5000), 'STORE', 'to']
  t.equal(keysIn(georadius, ...behind), 'all', 'more words than are recorded')
})

t.test('a number of keys that cannot be, or is more than there are, means all [C3]', async (t) => {
  for (const count of ['', ' ', 'x', '-1', '-9e99', '1.5', '1e0', '0x1', '+1', '5', '1e309', '9'.repeat(400)])
    t.equal(keysIn(lmpop, 'LMPOP', count, 'a', 'b', 'LEFT'), 'all', JSON.stringify(count))
  t.equal(keysIn(evalRow, 'EVAL', 'return 1'), 'all', 'no number')
})

t.test('a request that is too short names all keys: Redis refuses it [C3]', async (t) => {
  t.equal(keysIn(set, 'SET'), 'all')
  t.equal(keysIn(mset, 'MSET'), 'all')
  t.equal(keysIn(rename, 'RENAME', 'old'), 'all')
  t.equal(keysIn(georadius, 'GEORADIUS', 'k', '1', '2', '3', 'km', 'STORE'), 'all')
  t.equal(keysIn(xreadgroup, 'XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS'), 'all')
  t.strictSame(
    keysIn(xreadgroup, 'XREADGROUP', 'GROUP', 'g', 'c', 'NOACK'),
    [],
    'without the word there are none'
  )
})

t.test('nonsense of a server neither loops nor throws, and means all keys [C3]', async (t) => {
  const nonsense: readonly unknown[] = [0, -1, 0.5, NaN, Infinity, -Infinity, '1', null, undefined, [], {}]
  for (const bad of nonsense) {
    const rows: readonly Row[] = [
      ['x', -1, ['write'], 1, 1, bad],
      ['x', -1, ['write'], 1, -1, bad],
      ['x', -1, ['write'], 3, bad === -1 ? 1 : bad, 1],
      ['x', -1, ['write'], bad, 1, 1],
      movable('x', 1, spec(index(bad), one)),
      movable('x', 1, spec(index(1), range(0, bad, 0))),
      movable('x', 1, spec(index(1), range(bad === 0 ? -9 : bad === -1 ? -9 : bad, 1, 0))),
      movable('x', 1, spec(index(1), counted(1, 2, bad))),
      movable('x', 1, spec(index(2), counted(bad === 0 ? -1 : bad, 1, 1))),
      movable('x', 1, spec(index(2), counted(0, bad === 0 ? -1 : bad, 1))),
      movable('x', 1, spec(keyword('a', bad === -1 ? 0 : bad), one)),
      movable('x', 1, spec(keyword(bad === '1' ? 1 : bad, 1), one)),
      movable('x', 1, spec(index(1), one), bad)
    ]
    for (const [at, row] of rows.entries())
      t.equal(keysIn(row, 'X', 'a', '1', 'b', 'c'), 'all', `${String(bad)} in row ${at}`)
  }
})

t.test('a row that is none says nothing [C3]', async (t) => {
  for (const row of [[], ['x'], ['x', 1, null, 1, 1, 1], ['x', 1, ['movablekeys'], 1, 1, 1, [], [], 'x']])
    t.equal(keySpecsOf(row), undefined)
  const broken = [[], ['begin_search'], spec(['type', 'index'], one), spec(index(1), ['type', 'range'])]
  for (const given of broken) t.equal(keySpecsOf(movable('x', 1, given)), undefined)
})
