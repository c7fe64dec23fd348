import fc from 'fast-check'
import t from 'tap'
import { Exchange, type Effect, type ReplyReceiver } from '../../../src/exchange.ts'
import { LaneReplies } from '../../../src/upstream/lane-replies.ts'

const REPLY_BUFFER_BYTES = 64
const READONLY = "-READONLY You can't write against a read only replica.\r\n"

/** What the owner of exchanges was given, by exchange. */
class Owner implements ReplyReceiver {
  readonly given = new Map<Exchange, { text: string; ended: number }>()
  readonly order: Exchange[] = []

  relay = (exchange: Exchange, bytes: Buffer, ended: number): void => {
    const so = this.given.get(exchange) ?? { text: '', ended: 0 }
    this.given.set(exchange, { text: so.text + bytes.toString('latin1'), ended: so.ended + ended })
    if (this.order.at(-1) !== exchange) this.order.push(exchange)
  }

  leftOver = (): void => undefined

  textOf(exchange: Exchange): string {
    return this.given.get(exchange)?.text ?? ''
  }
}

function exchangeOf(owner: ReplyReceiver, count = 1, effect: Effect = 'again'): Exchange {
  const bytes = Buffer.from('*1\r\n$4\r\nPING\r\n')
  const exchange = new Exchange(
    owner,
    { bytes, start: 0, end: bytes.length, parts: undefined, size: bytes.length },
    effect,
    0
  )
  exchange.count = count
  exchange.state = 'unanswered'
  return exchange
}

function repliesFor(exchanges: readonly Exchange[]): LaneReplies & { errors: string[]; refusals: string[] } {
  const errors: string[] = []
  const refusals: string[] = []
  const replies = new LaneReplies({
    replyBufferBytes: REPLY_BUFFER_BYTES,
    onError: (reply) => errors.push(reply.toString()),
    onRefused: (reply) => refusals.push(reply.toString()),
    onPush: undefined,
    writes: undefined
  })
  for (const exchange of exchanges) replies.unanswered.push(exchange)
  return Object.assign(replies, { errors, refusals })
}

const keptText = (exchange: Exchange): string => Buffer.concat(exchange.withheld ?? []).toString('latin1')
const read = (replies: LaneReplies, text: string): string => replies.read(Buffer.from(text, 'latin1'))

t.test('replies go to the exchanges in the order that they were written [R1]', async (t) => {
  const [one, two] = [new Owner(), new Owner()]
  const [a, b, c] = [exchangeOf(one, 2), exchangeOf(two), exchangeOf(one)]
  const replies = repliesFor([a, b, c])
  t.equal(read(replies, '+a1\r\n+a2\r\n$1\r\nb\r\n:3\r\n'), 'well')
  t.strictSame([one.textOf(a), two.textOf(b), one.textOf(c)], ['+a1\r\n+a2\r\n', '$1\r\nb\r\n', ':3\r\n'])
  t.strictSame([a.state, b.state, c.state], ['answered', 'answered', 'answered'])
  t.equal(replies.unanswered.length, 0)
})

t.test(
  'a reply that nobody waits for, whole or begun, is a fault, and so is a push and what is no RESP [R2]',
  async (t) => {
    for (const text of ['+OK\r\n', '$10\r\nab', '>1\r\n+x\r\n', 'what\r\n'])
      t.equal(read(repliesFor([]), text), 'fault', text)
    const owner = new Owner()
    const exchange = exchangeOf(owner)
    t.equal(read(repliesFor([exchange]), '+OK\r\n+what is this\r\n'), 'fault')
    t.equal(owner.textOf(exchange), '+OK\r\n', 'it gets its own reply and nothing of the other one')
    t.equal(read(repliesFor([exchangeOf(owner)]), '>1\r\n+x\r\n+OK\r\n'), 'fault')
  }
)

t.test(
  'a small reply leaves whole, a large one as it comes, and is torn until its end has left [F1]',
  async (t) => {
    const owner = new Owner()
    const [small, large] = [exchangeOf(owner), exchangeOf(owner)]
    const replies = repliesFor([small, large])
    read(replies, '$10\r\nabcde')
    t.equal(owner.textOf(small), '')
    t.equal(small.isTorn, false)
    read(replies, 'fghij\r\n$100\r\n')
    read(replies, 'x'.repeat(70))
    t.equal(owner.textOf(small), '$10\r\nabcdefghij\r\n')
    t.equal(owner.textOf(large), `$100\r\n${'x'.repeat(70)}`)
    t.equal(large.isTorn, true)
    read(replies, `${'x'.repeat(30)}\r\n`)
    t.equal(large.isTorn, false)
    t.equal(large.state, 'answered')
  }
)

t.test(
  'from the first proof that a request was not executed its session hears nothing more [F2] [R4]',
  async (t) => {
    const [refused, other] = [new Owner(), new Owner()]
    const [a, b, c, d] = [exchangeOf(refused, 3), exchangeOf(other), exchangeOf(refused), exchangeOf(other)]
    const replies = repliesFor([a, b, c, d])
    t.equal(read(replies, `+a1\r\n${READONLY}+a3\r\n+b\r\n+c\r\n`), 'well')
    t.equal(refused.textOf(a), '+a1\r\n')
    t.equal(keptText(a), `${READONLY}+a3\r\n`)
    t.equal(keptText(c), '+c\r\n')
    t.equal(other.textOf(b), '+b\r\n', 'other sessions go on')
    t.ok(replies.isRefusing)
    t.strictSame([a.left, a.answered, a.state], [1, 3, 'unanswered'])
    read(replies, READONLY)
    t.equal(other.textOf(d), '')
    t.strictSame(replies.refusals, [READONLY], 'the first one is told, once')
    t.strictSame(replies.errors, [READONLY, READONLY])
    t.strictSame([replies.kept.length, replies.unanswered.length], [3, 0])
  }
)

t.test('a refusal is known in whatever pieces it comes, and is never streamed [F2]', async (t) => {
  const text = `+OK\r\n${READONLY}`
  for (let cut = 1; cut < text.length; cut++) {
    const owner = new Owner()
    const exchange = exchangeOf(owner, 2)
    const replies = repliesFor([exchange])
    read(replies, text.slice(0, cut))
    read(replies, text.slice(cut))
    if (owner.textOf(exchange) !== '+OK\r\n' || keptText(exchange) !== READONLY) {
      t.fail(`cut at ${cut}: ${JSON.stringify([owner.textOf(exchange), keptText(exchange)])}`)
      return
    }
  }
  t.pass('at every cut')
})

t.test('other errors are passed on and counted', async (t) => {
  const owner = new Owner()
  const exchange = exchangeOf(owner, 2)
  const replies = repliesFor([exchange])
  read(replies, '-ERR no\r\n*1\r\n-READONLY inside\r\n')
  t.equal(owner.textOf(exchange), '-ERR no\r\n*1\r\n-READONLY inside\r\n')
  t.strictSame(replies.errors, ['-ERR no\r\n'])
  t.notOk(replies.isRefusing)
})

t.test('a push that is expected leaves between replies and answers nothing', async (t) => {
  const owner = new Owner()
  const exchange = exchangeOf(owner, 2)
  const pushes: string[] = []
  const replies = new LaneReplies({
    replyBufferBytes: REPLY_BUFFER_BYTES,
    onError: () => undefined,
    onRefused: () => undefined,
    onPush: (frame) => pushes.push(frame.toString()),
    writes: undefined
  })
  replies.unanswered.push(exchange)
  read(replies, '+one\r\n>2\r\n+invali')
  read(replies, 'date\r\n_\r\n+two\r\n>1\r\n+x\r\n')
  t.equal(owner.textOf(exchange), '+one\r\n+two\r\n')
  t.strictSame(pushes, ['>2\r\n+invalidate\r\n_\r\n', '>1\r\n+x\r\n'])
})

t.test('withheld replies leave when they are released, and not before [F5]', async (t) => {
  const owner = new Owner()
  const [a, b] = [exchangeOf(owner, 2), exchangeOf(owner, 2)]
  const replies = repliesFor([a, b])
  read(replies, '+a1\r\n')
  replies.withhold()
  read(replies, '+a2\r\n+b1\r\n+b')
  t.equal(owner.textOf(a), '+a1\r\n')
  t.strictSame([keptText(a), a.left, a.answered], ['+a2\r\n', 1, 2])
  replies.release()
  t.equal(owner.textOf(a), '+a1\r\n+a2\r\n')
  t.equal(owner.textOf(b), '+b1\r\n')
  t.equal(a.state, 'answered')
  read(replies, '2\r\n')
  t.equal(owner.textOf(b), '+b1\r\n+b2\r\n')
  t.equal(b.state, 'answered')
})

/** One exchange: who owns it and the replies that Redis gives it. */
const reply = fc.oneof(
  fc.constantFrom('+OK\r\n', ':1\r\n', '$-1\r\n', '-ERR no\r\n'),
  fc.integer({ min: 0, max: 30 }).map((size) => `$${size}\r\n${'s'.repeat(size)}\r\n`),
  fc.integer({ min: 60, max: 300 }).map((size) => `$${size}\r\n${'L'.repeat(size)}\r\n`)
)
const plan = fc.array(
  fc.record({ owner: fc.nat(2), texts: fc.array(reply, { minLength: 1, maxLength: 3 }) }),
  {
    minLength: 1,
    maxLength: 6
  }
)
const action = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 120 }) },
  fc.constantFrom('withhold', 'release')
)

type Planned = { readonly owner: Owner; readonly exchange: Exchange; readonly texts: readonly string[] }

/** Whether what its session has, and what is kept for it, are the replies it was to have, as far as the lane came. */
function isWell({ owner, exchange, texts }: Planned, answered: number): boolean {
  const given = owner.textOf(exchange)
  const left = texts.slice(0, exchange.left).join('')
  if (
    exchange.answered !== answered ||
    (exchange.state === 'answered') !== (exchange.left === exchange.count)
  )
    return false
  if (!texts.join('').startsWith(given) || !given.startsWith(left)) return false
  if (exchange.isTorn !== given.length > left.length) return false
  return exchange.isTorn || keptText(exchange) === texts.slice(exchange.left, answered).join('')
}

t.test(
  'wherever a lane ends, each session has whole replies in order, or its exchange is torn [R1] [R2] [F5]',
  async (t) => {
    const isRight = fc.property(plan, fc.array(action, { maxLength: 40 }), (plans, actions) => {
      const owners = [new Owner(), new Owner(), new Owner()]
      const planned = plans.map(({ owner, texts }): Planned => {
        const one = owners[owner] ?? new Owner()
        return { owner: one, exchange: exchangeOf(one, texts.length), texts }
      })
      const replies = repliesFor(planned.map(({ exchange }) => exchange))
      const stream = plans.flatMap(({ texts }) => texts).join('')
      const leftSoFar = (): string => planned.map(({ owner, exchange }) => owner.textOf(exchange)).join('|')
      let at = 0
      let isWithholding = false
      for (const one of actions) {
        const before = leftSoFar()
        if (typeof one === 'number') {
          if (replies.read(Buffer.from(stream.slice(at, at + one))) === 'fault') return false
          at += one
          if (isWithholding && leftSoFar() !== before) return false
        } else {
          isWithholding = one === 'withhold'
          replies[isWithholding ? 'withhold' : 'release']()
        }
      }
      let end = 0
      return planned.every((one) =>
        isWell(one, one.texts.filter((text) => (end += text.length) <= at).length)
      )
    })
    t.doesNotThrow(() => fc.assert(isRight, { numRuns: 3000 }))
  }
)
