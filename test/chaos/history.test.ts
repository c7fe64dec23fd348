// The judge of the other tests: it must let pass what is allowed and find each thing that is not.
import t from 'tap'
import { History, numbersOf, type Act, type ActKind } from '../harness/history.ts'
import { judge, type Data, type Rules } from '../harness/judge.ts'

const UNCERTAIN = '-UNCERTAIN the connection was lost\r\n'
const MASTERDOWN = '-MASTERDOWN No master\r\n'

type Line = {
  readonly kind: ActKind
  readonly value?: string
  readonly reply?: string | undefined
  readonly client?: string
  readonly from: number
  readonly to?: number
}

// Client `a` writes the keys set, count, list and swap.
const keyOf: Readonly<Record<ActKind, string>> = {
  add: 'set',
  member: 'set',
  count: 'count',
  push: 'list',
  swap: 'swap',
  put: 'own',
  own: 'own',
  exec: 'bank',
  echo: '',
  multi: '',
  queue: ''
}

function historyOf(lines: readonly Line[]): History {
  const history = new History()
  for (const { kind, value = '', reply, client = 'a', from, to } of lines) {
    const act: Act = {
      client,
      connection: 1,
      kind,
      key: keyOf[kind],
      value,
      sentMs: from,
      endedMs: reply === undefined ? undefined : (to ?? from + 1),
      reply
    }
    history.acts.push(act)
  }
  return history
}

type Values = { readonly strings?: Record<string, string>; readonly set?: string[]; readonly list?: string[] }

function dataOf({ strings = {}, set = [], list = [] }: Values): Data {
  return {
    strings: new Map(Object.entries(strings)),
    sets: new Map([['set', new Set(set)]]),
    lists: new Map([['list', list]])
  }
}

function rulesBroken(lines: readonly Line[], data: Values, rules: Partial<Rules> = {}): string[] {
  const { faults } = judge(historyOf(lines), dataOf(data), { windowMs: 100, ...rules })
  return [...new Set(faults.map(({ rule }) => rule))].sort()
}

const add = (value: string, from: number, reply: string | undefined = ':1\r\n'): Line => ({
  kind: 'add',
  value,
  reply,
  from
})
const push = (value: string, reply: string, from: number): Line => ({ kind: 'push', value, reply, from })
const count = (reply: string, from: number): Line => ({ kind: 'count', reply, from })
const transaction = (reply: string, from: number): Line[] => [
  { kind: 'multi', reply: '+OK\r\n', from },
  { kind: 'queue', value: 'bank', reply: '+QUEUED\r\n', from },
  { kind: 'exec', reply, from }
]
const swap = (value: string, reply: string, from: number): Line => ({ kind: 'swap', value, reply, from })

t.test('a history in which everything went well breaks no rule', async (t) => {
  const lines: Line[] = [
    { kind: 'put', value: 'a', reply: '+OK\r\n', from: 0 },
    add('a:1', 1),
    { kind: 'member', value: 'a:1', reply: ':1\r\n', from: 3 },
    count(':1\r\n', 4),
    count(':2\r\n', 6),
    push('a:2', ':1\r\n', 8),
    push('a:3', ':2\r\n', 10),
    swap('a:4', '$-1\r\n', 12),
    swap('a:5', '$3\r\na:4\r\n', 14),
    { kind: 'own', value: 'a', reply: '$1\r\na\r\n', from: 16 },
    { kind: 'echo', value: 'a:9', reply: '$3\r\na:9\r\n', from: 18 }
  ]
  const data = { strings: { own: 'a', count: '2', swap: 'a:5' }, set: ['a:1'], list: ['a:2', 'a:3'] }
  t.strictSame(rulesBroken(lines, data, { healedMs: 0 }), [])
})

t.test('acknowledged writes that are gone are found, whatever they wrote', async (t) => {
  const rule = ['an acknowledged write stays']
  t.strictSame(rulesBroken([add('a:1', 0)], {}), rule)
  t.strictSame(rulesBroken([push('a:1', ':1\r\n', 0), push('a:2', ':2\r\n', 2)], { list: ['a:1'] }), rule)
  t.strictSame(rulesBroken([count(':1\r\n', 0), count(':2\r\n', 2)], { strings: { count: '1' } }), rule)
  t.strictSame(rulesBroken([count(':1\r\n', 0), count(':1\r\n', 2)], { strings: { count: '1' } }), rule)
  t.strictSame(rulesBroken([swap('a:1', '$-1\r\n', 0)], {}), rule)
  const swaps = [swap('a:1', '$-1\r\n', 0), swap('a:2', '$3\r\na:1\r\n', 2), swap('a:3', '$3\r\na:1\r\n', 4)]
  t.strictSame(rulesBroken(swaps, { strings: { swap: 'a:3' } }), rule)
})

t.test('a write that took effect twice is found, whatever it wrote', async (t) => {
  const rule = ['nothing is applied twice']
  t.strictSame(rulesBroken([add('a:1', 0, ':0\r\n')], { set: ['a:1'] }), rule)
  t.strictSame(rulesBroken([count(':1\r\n', 0)], { strings: { count: '2' } }), rule)
  t.strictSame(rulesBroken([count(':1\r\n', 0), count(':3\r\n', 2)], { strings: { count: '3' } }), rule)
  t.strictSame(rulesBroken([push('a:1', ':1\r\n', 0)], { list: ['a:1', 'a:1'] }), rule)
  t.strictSame(rulesBroken([swap('a:1', '$3\r\na:1\r\n', 0)], { strings: { swap: 'a:1' } }), rule)
})

t.test('a transaction that was lost, done twice or answered with another reply is found', async (t) => {
  const two = [...transaction('*1\r\n:1\r\n', 0), ...transaction('*1\r\n:2\r\n', 2)]
  t.strictSame(rulesBroken(two, { strings: { bank: '2' } }), [])
  t.strictSame(rulesBroken(two, { strings: { bank: '1' } }), ['an acknowledged write stays'])
  t.strictSame(rulesBroken(two, { strings: { bank: '3' } }), ['nothing is applied twice'])
  const mixedUp: Line[] = [{ kind: 'queue', value: 'bank', reply: '+OK\r\n', from: 0 }]
  t.strictSame(rulesBroken(mixedUp, {}), ['each reply belongs to its request'])
  const doubt = [...transaction('*1\r\n:1\r\n', 0), ...transaction(UNCERTAIN, 4)]
  for (const bank of ['1', '2'])
    t.strictSame(rulesBroken(doubt, { strings: { bank } }, { lossesMs: [5] }), [])
  t.strictSame(rulesBroken(doubt, { strings: { bank: '3' } }, { lossesMs: [5] }), [
    'nothing is applied twice'
  ])
})

t.test('writes that took effect in another order than they were sent are found', async (t) => {
  const pushes = [push('a:1', ':1\r\n', 0), push('a:2', ':2\r\n', 0)]
  t.strictSame(rulesBroken(pushes, { list: ['a:2', 'a:1'] }), ['writes take effect in the order sent'])
})

t.test('a reply of another request or another client is found', async (t) => {
  const rule = ['each reply belongs to its request']
  t.strictSame(rulesBroken([{ kind: 'own', value: 'a', reply: '$1\r\nb\r\n', from: 0 }], {}), rule)
  t.strictSame(rulesBroken([{ kind: 'echo', value: 'a:2', reply: '$3\r\na:1\r\n', from: 0 }], {}), rule)
  t.strictSame(rulesBroken([add('a:1', 0, '+OK\r\n')], { set: ['a:1'] }), rule)
  t.strictSame(rulesBroken([count('$1\r\na\r\n', 0)], { strings: { count: '0' } }), rule)
  t.strictSame(rulesBroken([swap('a:1', '$3\r\nb:1\r\n', 0)], { strings: { swap: 'a:1' } }), rule)

  const history = historyOf([])
  history.unaskedReply('a', ':1\r\n')
  const { faults } = judge(history, dataOf({}), { windowMs: 1 })
  t.strictSame(
    faults.map(({ rule }) => rule),
    ['no reply without a request']
  )
})

t.test('a client that does not see what it wrote just before is found', async (t) => {
  const blind: Line[] = [add('a:1', 0), { kind: 'member', value: 'a:1', reply: ':0\r\n', from: 2 }]
  t.strictSame(rulesBroken(blind, { set: ['a:1'] }), ['a client reads its own write'])
})

t.test('a write that was refused and took effect all the same is found', async (t) => {
  const refused = [{ ...add('a:1', 0, MASTERDOWN), to: 60 }]
  t.strictSame(rulesBroken(refused, {}, { refusedAfterMs: 50 }), [])
  t.strictSame(rulesBroken(refused, { set: ['a:1'] }, { refusedAfterMs: 50 }), [
    'a refused write is not executed'
  ])
})

t.test('a value nobody wrote is found', async (t) => {
  t.strictSame(rulesBroken([add('a:1', 0)], { set: ['a:1', 'b:7'] }), ['a write reaches the key it names'])
})

t.test('a write in doubt may be there or not, and never twice', async (t) => {
  const rules = { lossesMs: [5] }
  const doubt = [add('a:1', 4, UNCERTAIN)]
  t.strictSame(rulesBroken(doubt, {}, rules), [])
  t.strictSame(rulesBroken(doubt, { set: ['a:1'] }, rules), [])

  const counts = [count(':1\r\n', 0), count(UNCERTAIN, 4)]
  t.strictSame(rulesBroken(counts, { strings: { count: '1' } }, rules), [])
  t.strictSame(rulesBroken(counts, { strings: { count: '2' } }, rules), [])
  t.strictSame(rulesBroken(counts, { strings: { count: '3' } }, rules), ['nothing is applied twice'])

  const swaps = [swap('a:1', '$-1\r\n', 0), swap('a:2', UNCERTAIN, 4)]
  for (const old of ['a:1', 'a:2']) {
    const lines = [...swaps, swap('a:3', `$3\r\n${old}\r\n`, 9)]
    t.strictSame(rulesBroken(lines, { strings: { swap: 'a:3' } }, rules), [])
  }
})

t.test(
  'an error is allowed only for what was in flight at a loss, or had waited the window out',
  async (t) => {
    const errors = ['only the errors that are allowed']
    t.strictSame(rulesBroken([add('a:1', 0, UNCERTAIN)], {}), errors, 'no loss')
    t.strictSame(
      rulesBroken([add('a:1', 0, UNCERTAIN)], {}, { lossesMs: [50] }),
      errors,
      'answered before the loss'
    )
    t.strictSame(
      rulesBroken([add('a:1', 90, UNCERTAIN)], {}, { lossesMs: [5], noticeMs: 50 }),
      errors,
      'sent long after'
    )
    t.strictSame(rulesBroken([add('a:1', 4, '-ERR x\r\n')], {}, { lossesMs: [5] }), errors, 'another error')
    t.strictSame(
      rulesBroken([add('a:1', 0, MASTERDOWN)], {}, { refusedAfterMs: 50 }),
      errors,
      'refused too soon'
    )

    const two = [add('a:1', 4, UNCERTAIN), add('a:2', 6, UNCERTAIN)]
    t.strictSame(rulesBroken(two, {}, { lossesMs: [5] }), ['in doubt only what was in flight'])
    const pipelined = [add('a:1', 4, UNCERTAIN), add('a:2', 4, UNCERTAIN)]
    t.strictSame(rulesBroken(pipelined, {}, { lossesMs: [5] }), [])
  }
)

t.test(
  'a wait beyond the window, no answer, a disconnect and an end without service are found',
  async (t) => {
    const late: Line[] = [{ kind: 'echo', value: 'x', reply: '$1\r\nx\r\n', from: 0, to: 101 }]
    t.strictSame(rulesBroken(late, {}), ['no wait beyond the window'])
    t.strictSame(rulesBroken([{ kind: 'echo', value: 'x', from: 0 }], {}), ['every request is answered'])
    t.strictSame(rulesBroken([add('a:1', 0)], { set: ['a:1'] }, { healedMs: 5 }), ['ends in serving'])

    const history = historyOf([])
    history.disconnected('a', 'fin')
    t.equal(judge(history, dataOf({}), { windowMs: 1 }).faults[0]?.rule, 'no disconnect')
  }
)

t.test('what replication had not carried may be lost: the newest only, and only at the loss', async (t) => {
  const rules: Partial<Rules> = { lossesMs: [1000], noticeMs: 20, mayLose: 'uncarried' }
  const adds = [add('a:1', 500), add('a:2', 980), add('a:3', 990)]
  const rule = ['an acknowledged write stays']
  t.strictSame(rulesBroken(adds, { set: ['a:1', 'a:2'] }, rules), [])
  t.strictSame(rulesBroken(adds, { set: ['a:1'] }, rules), [])
  t.strictSame(
    rulesBroken(adds, { set: ['a:1', 'a:3'] }, rules),
    rule,
    'an older one while a newer one is there'
  )
  t.strictSame(rulesBroken(adds, { set: ['a:2', 'a:3'] }, rules), rule, 'one of long before')
  t.strictSame(
    rulesBroken([...adds, add('a:4', 1100)], { set: ['a:1', 'a:2', 'a:3'] }, rules),
    rule,
    'one of after it'
  )

  const counts = [count(':1\r\n', 500), count(':2\r\n', 990)]
  t.strictSame(rulesBroken(counts, { strings: { count: '1' } }, rules), [])
  t.strictSame(rulesBroken(counts, {}, rules), rule)
  t.strictSame(rulesBroken([...counts, count(':2\r\n', 1100)], { strings: { count: '2' } }, rules), [])

  const swaps = [swap('a:1', '$-1\r\n', 500), swap('a:2', '$3\r\na:1\r\n', 990)]
  const after = (old: string): Line[] => [...swaps, swap('a:3', old, 1100)]
  t.strictSame(rulesBroken(after('$3\r\na:1\r\n'), { strings: { swap: 'a:3' } }, rules), [])
  t.strictSame(rulesBroken(after('$3\r\na:2\r\n'), { strings: { swap: 'a:3' } }, rules), [])
  t.strictSame(rulesBroken(after('$-1\r\n'), { strings: { swap: 'a:3' } }, rules), rule)
})

t.test('where Redis itself lost everything, nothing is missing but what came afterwards', async (t) => {
  const rules: Partial<Rules> = { lossesMs: [1000], noticeMs: 20, mayLose: 'everything' }
  const before = [add('a:1', 1), count(':7\r\n', 3), { ...swap('a:2', '$-1\r\n', 5) }]
  t.strictSame(rulesBroken([add('a:1', 1), swap('a:2', '$-1\r\n', 5)], {}, rules), [])
  t.strictSame(rulesBroken([...before.slice(0, 1), add('a:9', 1100)], {}, rules), [
    'an acknowledged write stays'
  ])
  const again = [count(':1\r\n', 1), count(':2\r\n', 3), count(':1\r\n', 1100)]
  t.strictSame(rulesBroken(again, { strings: { count: '1' } }, rules), [])
  t.strictSame(rulesBroken([{ kind: 'own', value: 'a', reply: '$-1\r\n', from: 1100 }], {}, rules), [])
})

t.test(
  'the numbers of a history are counted, and the longest gap is between two acknowledged writes',
  async (t) => {
    const history = historyOf([
      add('a:1', 0),
      add('a:2', 10, UNCERTAIN),
      add('a:3', 49),
      add('a:4', 60, MASTERDOWN)
    ])
    history.acts.push(
      ...historyOf([{ kind: 'echo', value: 'x', reply: '$1\r\nx\r\n', from: 20, to: 28 }]).acts
    )
    t.match(numbersOf(history), {
      requests: 5,
      acknowledgedWrites: 2,
      errors: { UNCERTAIN: 1, MASTERDOWN: 1 },
      longestWaitMs: 8,
      gapMs: 49,
      gapFromMs: 1
    })
  }
)
