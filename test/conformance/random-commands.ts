// Commands at random, of every type and of wrong types. Only those whose reply follows from what was sent before:
// nothing drawn by chance, nothing of the clock.
import fc from 'fast-check'

export type Words = readonly string[]

const keys: Readonly<Record<string, readonly string[]>> = {
  s: ['s1', 's2', 's3'],
  l: ['l1', 'l2'],
  h: ['h1', 'h2'],
  i: ['i1', 'i2'],
  z: ['z1', 'z2'],
  x: ['x1']
}
const anyKey = fc.constantFrom(...Object.values(keys).flat())

const integer = fc.integer({ min: -3, max: 12 }).map(String)
// Short ones keep hashes in the order of their making; the long one does not fit into a segment.
const short = fc.constantFrom('a', 'b', 'c', '7', '', 'two words', '\r\n', '\x00\xff')

/** What stands for a random word in the lines below; every other word stands for itself. */
const random: Readonly<Record<string, fc.Arbitrary<string>>> = {
  // Mostly of the wanted type, so that most commands do something.
  ...Object.fromEntries(
    Object.entries(keys).map(([name, wanted]) => [
      name,
      fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...wanted) }, { weight: 1, arbitrary: anyKey })
    ])
  ),
  any: anyKey,
  int: integer,
  score: fc.constantFrom('1', '2.5', '-1', '1e3', '+inf', 'x'),
  short,
  value: fc.oneof(
    { weight: 12, arbitrary: short },
    { weight: 4, arbitrary: integer },
    { weight: 1, arbitrary: fc.constant('long '.repeat(20_000)) }
  ),
  member: fc.constantFrom('1', '2', '3', '40', '500'),
  field: fc.constantFrom('f', 'g', 'h'),
  id: fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat(3)).map(([ms, count]) => `${ms}-${count}`),
  side: fc.constantFrom('LEFT', 'RIGHT'),
  channel: fc.constantFrom('news', 'weather', 'sport')
}

function linesOf(text: string): fc.Arbitrary<Words> {
  const lines = text.trim().split('\n')
  return fc.oneof(
    ...lines.map((line) => {
      const words = line.trim().split(' ')
      return fc.tuple(...words.map((word) => random[word] ?? fc.constant(word.replaceAll('_', ' '))))
    })
  )
}

/** What may stand anywhere, also in a transaction. */
export const plain = linesOf(`
  SET s value
  SET s value GET
  SET s
  SETNX s value
  GET s
  get s
  GETSET s value
  GETDEL s
  APPEND s short
  STRLEN s
  GETRANGE s int int
  SETRANGE s int short
  INCR s
  DECRBY s int
  INCRBYFLOAT s score
  MGET s s l
  MSET s value s value
  SETBIT s int 1
  GETBIT s int
  BITCOUNT s
  PFADD s member
  PFCOUNT s
  LCS s s LEN
  RPUSH l value
  LPUSH l short short
  LPOP l
  RPOP l 2
  LRANGE l int int
  LLEN l
  LINDEX l int
  LSET l int short
  LREM l int short
  LTRIM l int int
  LMOVE l l side side
  RPOPLPUSH l l
  LPOS l short
  BLPOP l 0.01
  BLMOVE l l side side 0.01
  HSET h field short
  HGET h field
  HGETALL h
  HDEL h field
  HINCRBY h field int
  HMGET h field field
  HKEYS h
  HVALS h
  HEXISTS h field
  HSTRLEN h field
  HSCAN h 0
  SADD i member member
  SREM i member
  SMEMBERS i
  SCARD i
  SISMEMBER i member
  SINTER i i
  SUNION i i
  SDIFF i i
  SUNIONSTORE i i i
  SMOVE i i member
  SORT i
  SORT_RO i
  ZADD z score member
  ZRANGE z 0 -1 WITHSCORES
  ZREM z member
  ZSCORE z member
  ZINCRBY z score member
  ZPOPMIN z
  ZRANK z member
  ZRANGEBYSCORE z -inf score
  ZUNION 2 z z WITHSCORES
  ZCOUNT z -inf score
  BZPOPMAX z 0.01
  XADD x id field short
  XLEN x
  XRANGE x - +
  XDEL x id
  XREAD STREAMS x id
  XTRIM x MAXLEN int
  DEL any
  EXISTS any any
  TYPE any
  RENAME s s
  COPY s s REPLACE
  PERSIST any
  EXPIREAT any 33177117420
  EXPIRETIME any
  OBJECT ENCODING any
  DUMP s
  PUBLISH nobody short
  ECHO value
  PING
  ping short
  EVAL return_redis.call('INCR',KEYS[1]) 1 s
  EVAL return_ARGV 0 value
  NOSUCHCOMMAND short
  WATCH s
  UNWATCH
`)

/** What concerns every client of the server. */
export const everywhere = linesOf(`
  DBSIZE
  FLUSHDB
  SWAPDB 0 1
`)

/** What the connection itself answers for; not inside a transaction. */
export const ownState = fc.oneof(
  linesOf(`
    CLIENT SETNAME field
    CLIENT GETNAME
    RESET
    EXEC
    DISCARD
    PUBLISH channel short
    PUBLISH channel value
  `),
  fc.tuple(fc.constant('SELECT'), fc.constantFrom('0', '0', '1', '99')),
  fc.tuple(fc.constant('HELLO'), fc.constantFrom('2', '3', '4'))
)

/** What a connection does that only listens. */
export const listening = linesOf(`
  SUBSCRIBE channel
  SUBSCRIBE channel
  UNSUBSCRIBE channel
  PSUBSCRIBE channel
  PUNSUBSCRIBE channel
`)

const isKey = /^[slhizx]\d$/
const isChannel = /^(news|weather|sport)$/

/** The same command on keys and channels that no other program uses. */
export function ownedBy(owner: string, words: Words): Words {
  return words.map((word, index) =>
    index > 0 && (isKey.test(word) || isChannel.test(word)) ? owner + word : word
  )
}
