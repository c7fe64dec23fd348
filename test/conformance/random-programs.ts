// Programs that nobody would write: every type, wrong types, transactions, several connections, cut at any byte. Only
// commands whose reply follows from what was sent before: nothing random, nothing of the clock.
import fc from 'fast-check'
import type { Program, Request, Step } from '../harness/differential.ts'
import { requestOf } from '../harness/raw-client.ts'
import { allowedDifferences } from './allowed-differences.ts'

type Words = readonly string[]

const strings = ['s1', 's2', 's3']
const lists = ['l1', 'l2']
const hashes = ['h1', 'h2']
const sets = ['i1', 'i2']
const sortedSets = ['z1', 'z2']
const streams = ['x1']
const anyKey = fc.constantFrom(...strings, ...lists, ...hashes, ...sets, ...sortedSets, ...streams)

/** Mostly of the wanted type, so that most commands do something. */
function key(...wanted: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...wanted) }, { weight: 1, arbitrary: anyKey })
}

const integer = fc.integer({ min: -3, max: 12 }).map(String)
const score = fc.constantFrom('1', '2.5', '-1', '1e3', '+inf', 'x')
// Short ones keep hashes in the order of their making; the long one does not fit into a segment.
const short = fc.constantFrom('a', 'b', 'c', '7', '', 'two words', '\r\n', '\x00\xff')
const value = fc.oneof(
  { weight: 12, arbitrary: short },
  { weight: 4, arbitrary: integer },
  { weight: 1, arbitrary: fc.constant('long '.repeat(20_000)) }
)
const member = fc.constantFrom('1', '2', '3', '40', '500')
const field = fc.constantFrom('f', 'g', 'h')
const id = fc
  .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 3 }))
  .map(([ms, n]) => `${ms}-${n}`)

type Part = string | fc.Arbitrary<string>

function command(...parts: readonly Part[]): fc.Arbitrary<Words> {
  return fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
}

const s = key(...strings)
const l = key(...lists)
const h = key(...hashes)
const i = key(...sets)
const z = key(...sortedSets)
const x = key(...streams)
const side = fc.constantFrom('LEFT', 'RIGHT')

const plainCommands: readonly fc.Arbitrary<Words>[] = [
  ...[command('SET', s, value), command('GET', s), command('get', s), command('GETSET', s, value)],
  ...[command('APPEND', s, short), command('STRLEN', s), command('GETRANGE', s, integer, integer)],
  ...[command('SETRANGE', s, integer, short), command('INCR', s), command('DECRBY', s, integer)],
  ...[command('INCRBYFLOAT', s, score), command('MGET', s, s, l), command('MSET', s, value, s, value)],
  ...[command('SETNX', s, value), command('SET', s, value, 'GET'), command('GETDEL', s), command('SET', s)],
  ...[command('SETBIT', s, integer, '1'), command('GETBIT', s, integer), command('BITCOUNT', s)],
  ...[command('PFADD', s, member), command('PFCOUNT', s), command('LCS', s, s, 'LEN')],
  ...[
    command('RPUSH', l, value),
    command('LPUSH', l, short, short),
    command('LPOP', l),
    command('RPOP', l, '2')
  ],
  ...[command('LRANGE', l, integer, integer), command('LLEN', l), command('LINDEX', l, integer)],
  ...[
    command('LSET', l, integer, short),
    command('LREM', l, integer, short),
    command('LTRIM', l, integer, integer)
  ],
  ...[command('LMOVE', l, l, side, side), command('RPOPLPUSH', l, l), command('LPOS', l, short)],
  ...[
    command('HSET', h, field, short),
    command('HGET', h, field),
    command('HGETALL', h),
    command('HDEL', h, field)
  ],
  ...[command('HINCRBY', h, field, integer), command('HMGET', h, field, field), command('HKEYS', h)],
  ...[
    command('HVALS', h),
    command('HEXISTS', h, field),
    command('HSTRLEN', h, field),
    command('HSCAN', h, '0')
  ],
  ...[
    command('SADD', i, member, member),
    command('SREM', i, member),
    command('SMEMBERS', i),
    command('SCARD', i)
  ],
  ...[
    command('SISMEMBER', i, member),
    command('SINTER', i, i),
    command('SUNION', i, i),
    command('SDIFF', i, i)
  ],
  ...[
    command('SUNIONSTORE', i, i, i),
    command('SMOVE', i, i, member),
    command('SORT', i),
    command('SORT_RO', i)
  ],
  ...[
    command('ZADD', z, score, member),
    command('ZRANGE', z, '0', '-1', 'WITHSCORES'),
    command('ZREM', z, member)
  ],
  ...[
    command('ZSCORE', z, member),
    command('ZINCRBY', z, score, member),
    command('ZPOPMIN', z),
    command('ZRANK', z, member)
  ],
  ...[
    command('ZRANGEBYSCORE', z, '-inf', score),
    command('ZUNION', '2', z, z, 'WITHSCORES'),
    command('ZCOUNT', z, '-inf', score)
  ],
  ...[
    command('XADD', x, id, field, short),
    command('XLEN', x),
    command('XRANGE', x, '-', '+'),
    command('XDEL', x, id)
  ],
  ...[command('XREAD', 'STREAMS', x, id), command('XTRIM', x, 'MAXLEN', integer)],
  ...[
    command('DEL', anyKey),
    command('EXISTS', anyKey, anyKey),
    command('TYPE', anyKey),
    command('RENAME', s, s)
  ],
  ...[
    command('COPY', s, s, 'REPLACE'),
    command('PERSIST', anyKey),
    command('EXPIREAT', anyKey, '33177117420')
  ],
  ...[
    command('EXPIRETIME', anyKey),
    command('DBSIZE'),
    command('OBJECT', 'ENCODING', anyKey),
    command('DUMP', s)
  ],
  ...[command('PUBLISH', 'nobody', short), command('ECHO', value), command('PING'), command('ping', short)],
  ...[
    command('EVAL', "return redis.call('INCR', KEYS[1])", '1', s),
    command('EVAL', 'return ARGV', '0', value)
  ],
  ...[
    command('BLPOP', l, '0.01'),
    command('BLMOVE', l, l, side, side, '0.01'),
    command('BZPOPMAX', z, '0.01')
  ],
  ...[
    command('NOSUCHCOMMAND', short),
    command('FLUSHDB'),
    command('SWAPDB', '0', '1'),
    command('WATCH', s),
    command('UNWATCH')
  ]
]

const plain = fc.oneof(...plainCommands)

/** What the connection itself answers for; not inside a transaction. */
const ownState = fc.oneof(
  command('SELECT', fc.constantFrom('0', '0', '1', '99')),
  command('CLIENT', 'SETNAME', fc.constantFrom('one', 'two', 'not one')),
  command('CLIENT', 'GETNAME'),
  command('HELLO', fc.constantFrom('2', '3', '4')),
  command('RESET'),
  command('EXEC'),
  command('DISCARD')
)

const transaction = fc
  .tuple(fc.array(plain, { maxLength: 6 }), fc.constantFrom('EXEC', 'EXEC', 'EXEC', 'DISCARD'))
  .map(([commands, end]): readonly Words[] => [['MULTI'], ...commands, [end]])

const watched = fc
  .tuple(command('WATCH', s, l), fc.array(plain, { maxLength: 2 }), transaction)
  .map(([watch, between, block]): readonly Words[] => [watch, ...between, ...block])

const some = fc.oneof(
  { weight: 40, arbitrary: plain.map((words): readonly Words[] => [words]) },
  { weight: 3, arbitrary: ownState.map((words): readonly Words[] => [words]) },
  { weight: 3, arbitrary: transaction },
  { weight: 1, arbitrary: watched }
)

/** How much of whose commands leaves at once, and where its bytes are cut, as parts of their length. */
const writing = fc.record({
  on: fc.nat(2),
  size: fc.integer({ min: 1, max: 24 }),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 })
})

export type RandomProgram = Program & { readonly commands: number }

/** With up to so many commands on each of three connections. */
export function randomPrograms(most: number): fc.Arbitrary<RandomProgram> {
  const stream = fc.array(some, { maxLength: most, size: 'max' }).map((groups) => groups.flat())
  return fc
    .record({
      streams: fc.tuple(stream, stream, stream),
      writings: fc.array(writing, { minLength: 1, maxLength: most, size: 'max' }),
      protocol: fc.constantFrom<(2 | 3)[]>(2, 3)
    })
    .map(({ streams: made, writings, protocol }) => ({
      protocol,
      steps: stepsOf(made, writings),
      commands: made.reduce((sum, { length }) => sum + length, 0)
    }))
}

type Writing = { readonly on: number; readonly size: number; readonly cuts: readonly number[] }

function stepsOf(made: readonly (readonly Words[])[], writings: readonly Writing[]): Step[] {
  const left = made.map((commands) => [...commands])
  const steps: Step[] = []
  for (let at = 0; left.some((commands) => commands.length > 0); at += 1) {
    const { on, size, cuts } = writings[at % writings.length]!
    // Where one connection has nothing left, the writing is another one's.
    const whose = [on, 0, 1, 2].find((index) => left[index]!.length > 0)!
    steps.push(stepOf('abc'[whose]!, left[whose]!.splice(0, size), cuts))
  }
  return steps
}

function stepOf(on: string, commands: readonly Words[], cuts: readonly number[]): Step {
  const requests = commands.map(requestFor)
  const length = requests.reduce((sum, { bytes }) => sum + (bytes as Buffer).length, 0)
  return {
    kind: 'send',
    on,
    requests,
    cuts: cuts.map((part) => Math.floor(part * length)).sort((one, other) => one - other),
    label: `${on}: ${commands.map((words) => words.map(readable).join(' ')).join(' | ')}`
  }
}

function requestFor(words: Words): Request {
  const bytes = requestOf(...words.map((word) => Buffer.from(word, 'latin1')))
  const name = words[0]?.toUpperCase()
  return name === 'HELLO'
    ? { bytes, replies: 1, allowed: allowedDifferences('id', name) }
    : { bytes, replies: 1 }
}

function readable(word: string): string {
  return word.length > 40
    ? `<${word.length} bytes>`
    : word === '' || /[^!-~]/.test(word)
      ? JSON.stringify(word)
      : word
}

/** Whether no connection changes its own state inside a transaction, which the proxy refuses. */
export function isSensible({ steps }: Program): boolean {
  const inMulti = new Set<string>()
  for (const step of steps) {
    if (step.kind !== 'send') continue
    for (const { bytes } of step.requests) {
      const name = /^\*\d+\r\n\$\d+\r\n(\w*)/.exec(String(bytes))?.[1]?.toUpperCase() ?? ''
      if (name === 'MULTI') inMulti.add(step.on)
      if (['EXEC', 'DISCARD', 'RESET'].includes(name)) inMulti.delete(step.on)
      if (inMulti.has(step.on) && ['HELLO', 'CLIENT'].includes(name)) return false
    }
  }
  return true
}
