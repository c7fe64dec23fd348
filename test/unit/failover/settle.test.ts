import fc from 'fast-check'
import t from 'tap'
import { CommandTable } from '../../../src/command/commands.ts'
import { Exchange, type ExchangeState, type ReplyReceiver } from '../../../src/exchange.ts'
import { judge, settle, type Fate, type SettledExchange } from '../../../src/failover/settle.ts'
import { encode } from '../../../src/resp/decode.ts'
import { inDoubt } from '../../../src/resp/replies.ts'

const table = new CommandTable(undefined)
const nobody: ReplyReceiver = { relay: () => undefined, leftOver: () => undefined }

const OK = '+OK\r\n'
const READONLY = "-READONLY You can't write against a read only replica.\r\n"
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n'
const IN_SCRIPT =
  "-READONLY You can't write against a read only replica. script: 67ed14c1, on @user_script:1.\r\n"

const SET = encode('SET', 'k', 'v')
const GET = encode('GET', 'k')

type Sent = {
  readonly state?: ExchangeState
  readonly left?: number
  readonly replies?: readonly string[]
  readonly isTailUnsent?: boolean
}

/** A run of requests somewhere in a chunk, of which so many replies have left and these are kept. */
function run(
  requests: readonly Buffer[],
  { state = 'unanswered', left = 0, replies = [], isTailUnsent = false }: Sent = {}
): Exchange {
  const before = encode('PING')
  const bytes = Buffer.concat([before, ...requests, encode('PING')])
  let at = before.length
  const ranges = requests.map(({ length }) => ({
    bytes,
    start: at,
    end: (at += length),
    parts: undefined,
    size: length
  }))
  const effectOf = (request: Buffer | undefined): 'once' | 'again' =>
    request?.includes('SET') ? 'once' : 'again'
  const exchange = new Exchange(nobody, ranges[0]!, effectOf(requests[0]), 7)
  ranges.slice(1).forEach((range, index) => exchange.extend(range, effectOf(requests[index + 1])))
  exchange.state = state
  exchange.left = left
  exchange.answered = left + replies.length
  if (replies.length > 0) exchange.withheld = [Buffer.from(replies.join(''))]
  exchange.isTailUnsent = isTailUnsent
  exchange.heldSinceMs = 3
  return exchange
}

/** The pieces as text: `replay` with the requests, or the reply that leaves. */
function settled(exchanges: Exchange | readonly Exchange[], repliesCount = false): string[] {
  const list = exchanges instanceof Exchange ? [exchanges] : exchanges
  return settle(list, repliesCount, table)
    .flatMap(({ pieces }) => pieces)
    .map((piece) =>
      piece.state === 'held'
        ? `replay ${piece.count}: ${piece.bytes.toString('latin1', piece.start, piece.end)}`
        : Buffer.concat(piece.kept ?? []).toString('latin1')
    )
}

t.test('without a reply only what never left, or may be read again, is sent again [F2] [F3]', async (t) => {
  for (const repliesCount of [true, false]) {
    for (const hasLaterWrite of [true, false]) {
      const fate = (effect: 'once' | 'again', isUnsent: boolean): Fate =>
        judge({ effect, isUnsent, reply: undefined }, { repliesCount, hasLaterWrite })
      t.equal(fate('once', true), 'replay')
      t.equal(fate('again', true), 'replay')
      t.equal(fate('again', false), 'replay')
      t.equal(fate('once', false), 'doubt')
    }
  }
})

t.test(
  'a proof that nothing was executed is sent again, unless a later write of the session was [F2] [R4]',
  async (t) => {
    for (const reply of [READONLY, ABORTED]) {
      for (const effect of ['once', 'again'] as const) {
        for (const isUnsent of [true, false]) {
          for (const repliesCount of [true, false]) {
            const fate = (hasLaterWrite: boolean): Fate =>
              judge({ effect, isUnsent, reply: Buffer.from(reply) }, { repliesCount, hasLaterWrite })
            t.equal(fate(false), 'replay')
            t.equal(fate(true), 'leave')
          }
        }
      }
    }
  }
)

t.test(
  'any other reply leaves if it counts on the new master; else a read is read again and a write is in doubt [F5] [F3]',
  async (t) => {
    for (const reply of [OK, '-ERR no\r\n', IN_SCRIPT, '$-1\r\n']) {
      const fate = (effect: 'once' | 'again', repliesCount: boolean, hasLaterWrite: boolean): Fate =>
        judge({ effect, isUnsent: false, reply: Buffer.from(reply) }, { repliesCount, hasLaterWrite })
      for (const effect of ['once', 'again'] as const) {
        t.equal(fate(effect, true, false), 'leave')
        t.equal(fate(effect, true, true), 'leave')
      }
      t.equal(fate('again', false, true), 'leave')
      t.equal(fate('once', false, true), 'doubt')
      t.equal(fate('again', false, false), 'replay')
      t.equal(fate('once', false, false), 'doubt')
    }
  }
)

t.test('each request of a run is judged by itself [F2] [F3]', async (t) => {
  t.strictSame(settled(run([GET, SET, GET])), [
    `replay 1: ${GET.toString()}`,
    inDoubt.toString(),
    `replay 1: ${GET.toString()}`
  ])
  t.strictSame(settled(run([SET, GET, GET])), [
    inDoubt.toString(),
    `replay 2: ${GET.toString()}${GET.toString()}`
  ])
})

t.test('what was never sent is replayed as the one run that it was [F2]', async (t) => {
  for (const state of ['unsent', 'held'] as const)
    t.strictSame(settled(run([SET, GET, SET], { state })), [
      `replay 3: ${SET.toString()}${GET.toString()}${SET.toString()}`
    ])
})

t.test(
  'only the last request of a write that never finished is known to be unexecuted [F2] [F3]',
  async (t) => {
    t.strictSame(settled(run([SET, SET], { isTailUnsent: true })), [
      inDoubt.toString(),
      `replay 1: ${SET.toString()}`
    ])
  }
)

t.test('replies that have left are not given a second time [R1]', async (t) => {
  t.strictSame(settled(run([SET, SET, GET], { left: 1 })), [
    inDoubt.toString(),
    `replay 1: ${GET.toString()}`
  ])
  t.strictSame(settled(run([SET, SET, GET], { left: 1, replies: [OK] }), true), [
    OK,
    `replay 1: ${GET.toString()}`
  ])
})

t.test('a refused write and the reads behind it are replayed in their order [R4] [F2]', async (t) => {
  t.strictSame(settled(run([SET, GET, SET], { replies: [READONLY, '$-1\r\n', READONLY] })), [
    `replay 3: ${SET.toString()}${GET.toString()}${SET.toString()}`
  ])
})

t.test('a read-only error that passed through a script is an answer, not a proof [F3]', async (t) => {
  t.strictSame(settled(run([SET], { replies: [IN_SCRIPT] })), [inDoubt.toString()])
  t.strictSame(settled(run([SET], { replies: [IN_SCRIPT] }), true), [IN_SCRIPT])
})

t.test('a reply of which only the beginning came is no reply', async (t) => {
  t.strictSame(settled(run([SET, GET], { replies: [OK, '$10\r\nabc'] }), true), [
    OK,
    `replay 1: ${GET.toString()}`
  ])
})

t.test('a large request in pieces is replayed with all of them', async (t) => {
  const parts = [Buffer.from('*2\r\n$4\r\nECHO\r\n$5\r\n'), Buffer.from('large\r\n')]
  const request = { bytes: parts[0]!, start: 0, end: parts[0]!.length, parts, size: 30 }
  const exchange = new Exchange(nobody, request, 'again', 0)
  exchange.state = 'unanswered'
  const piece = settle([exchange], false, table)[0]?.pieces[0]
  t.equal(piece?.parts, parts)
  t.equal(piece?.size, 30)
  t.equal(piece?.state, 'held')
})

t.test(
  'what was held before goes on with its window, and with what it needs of a lane of its own [F4]',
  async (t) => {
    const exchange = run([GET])
    exchange.own = 'blocking'
    const piece = settle([exchange], false, table)[0]?.pieces[0]
    t.match(piece, { heldSinceMs: 3, startedAtMs: 7, own: 'blocking', owner: nobody })
  }
)

t.test('a refused write is not replayed behind a later one that was executed [R4]', async (t) => {
  t.strictSame(settled(run([SET, SET], { replies: [READONLY, OK] }), true), [READONLY, OK])
  t.strictSame(settled(run([SET, GET, SET], { replies: [READONLY, '$-1\r\n', OK] })), [
    READONLY,
    '$-1\r\n',
    inDoubt.toString()
  ])
  t.strictSame(
    settled([run([SET], { replies: [READONLY] }), run([GET, SET], { replies: ['$-1\r\n', OK] })], true),
    [READONLY, '$-1\r\n', OK]
  )
})

t.test(
  'what was only read, or refused, behind a refused write does not keep it from its replay [F2]',
  async (t) => {
    const first = run([SET], { replies: [READONLY] })
    for (const behind of [['$-1\r\n', READONLY], ['-ERR no\r\n', '-ERR no\r\n'], ['$-1\r\n'], []])
      t.match(settled([first, run([GET, SET], { replies: behind })])[0], /^replay 1: .*SET/s)
  }
)

t.test(
  'the pieces are the requests that were not answered, each once and in order, and the doubts are counted [R1]',
  async (t) => {
    const request = fc.oneof(
      fc.constant(SET),
      fc.constant(GET),
      fc.nat(50).map((size) => encode('SET', 'x', 'y'.repeat(size)))
    )
    const one = fc.record({
      requests: fc.array(request, { minLength: 1, maxLength: 6 }),
      replies: fc.array(fc.constantFrom(OK, READONLY, '$3\r\nabc\r\n', '-ERR no\r\n'), { maxLength: 6 }),
      left: fc.nat(5),
      isTailUnsent: fc.boolean(),
      state: fc.constantFrom<ExchangeState>('unsent', 'unanswered')
    })
    const isRight = fc.property(fc.array(one, { maxLength: 4 }), fc.boolean(), (plans, repliesCount) => {
      const exchanges = plans.map(({ requests, replies, left, ...rest }) => {
        const isSent = rest.state === 'unanswered'
        const before = isSent ? Math.min(left, requests.length - 1) : 0
        return run(requests, {
          ...rest,
          left: before,
          replies: isSent ? replies.slice(0, requests.length - before) : []
        })
      })
      const results = settle(exchanges, repliesCount, table)
      return (
        results.length === exchanges.length &&
        results.every((result, index) => isWell(result, plans[index]!.requests))
      )
    })
    t.doesNotThrow(() => fc.assert(isRight, { numRuns: 2000 }))
  }
)

function isWell(
  { exchange, pieces, inDoubt: doubts }: SettledExchange,
  requests: readonly Buffer[]
): boolean {
  const bytes = pieces.map((piece) => piece.bytes.toString('latin1', piece.start, piece.end)).join('')
  const answers = pieces.filter(({ state }) => state === 'answered')
  return (
    pieces.reduce((sum, { count }) => sum + count, 0) === exchange.count - exchange.left &&
    bytes === Buffer.concat(requests.slice(exchange.left)).toString('latin1') &&
    pieces.every((piece) => piece.size === piece.end - piece.start) &&
    pieces.every((piece, index) => piece.state !== 'held' || pieces[index + 1]?.state !== 'held') &&
    answers.every((piece) => piece.count === 1 && piece.left === 1 && piece.kept?.length === 1) &&
    answers.filter((piece) => piece.kept?.[0] === inDoubt).length === doubts
  )
}
