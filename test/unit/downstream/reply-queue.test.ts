import fc from 'fast-check'
import t from 'tap'
import { Exchange, type ReplyReceiver } from '../../../src/exchange.ts'
import { ReplyQueue, type ReplyMode } from '../../../src/downstream/reply-queue.ts'

const nobody: ReplyReceiver = { relay: () => undefined, leftOver: () => undefined }
const NO_REQUEST = { bytes: Buffer.alloc(0), start: 0, end: 0, parts: undefined, size: 0 }
const latin = (text: string): Buffer => Buffer.from(text, 'latin1')

function exchangeOf(count = 1): Exchange {
  const exchange = new Exchange(nobody, NO_REQUEST, 'again', 0)
  exchange.count = count
  exchange.state = 'unanswered'
  return exchange
}

/** A queue with what has left it. */
function start(): { queue: ReplyQueue; left: () => string } {
  let left = ''
  const queue = new ReplyQueue({ leave: (bytes) => (left += bytes.toString('latin1')) })
  return { queue, left: () => left }
}

/** As a lane does it: a part of a reply, or so many ends of replies. */
function relay(queue: ReplyQueue, exchange: Exchange, text: string, ended: number): void {
  exchange.left += ended
  exchange.isTorn = ended === 0
  if (exchange.left === exchange.count) exchange.state = 'answered'
  queue.relay(exchange, latin(text))
}

t.test('replies leave in the order of the requests, however they come [R1]', async (t) => {
  const { queue, left } = start()
  const [a, b, c] = [exchangeOf(), exchangeOf(2), exchangeOf()]
  for (const exchange of [a, b, c]) queue.open(exchange)
  relay(queue, c, '+c\r\n', 1)
  relay(queue, b, '+b1\r\n', 1)
  t.equal(left(), '')
  relay(queue, a, '+a\r\n', 1)
  t.equal(left(), '+a\r\n+b1\r\n', 'the first reply of a run does not wait for the others')
  relay(queue, b, '+b2\r\n', 1)
  t.equal(left(), '+a\r\n+b1\r\n+b2\r\n+c\r\n')
  t.ok(queue.isEmpty)
})

t.test("the proxy's own answer waits for the replies before it [R1]", async (t) => {
  const { queue, left } = start()
  queue.answer(nobody, latin('+now\r\n'))
  t.equal(left(), '+now\r\n')
  const a = exchangeOf()
  queue.open(a)
  queue.answer(nobody, latin('+later\r\n'))
  t.equal(left(), '+now\r\n')
  relay(queue, a, '+a\r\n', 1)
  t.equal(left(), '+now\r\n+a\r\n+later\r\n')
  t.ok(queue.isEmpty)
})

t.test('what stands in the place of an exchange keeps its place [R1]', async (t) => {
  const { queue, left } = start()
  const [a, b, c] = [exchangeOf(), exchangeOf(3), exchangeOf()]
  for (const exchange of [a, b, c]) queue.open(exchange)
  relay(queue, c, '+c\r\n', 1)
  const [first, second] = [exchangeOf(), exchangeOf(2)]
  first.state = 'answered'
  first.kept = [latin('-doubt\r\n')]
  queue.replace(b, [first, second])
  t.strictSame([...queue], [a, first, second, c])
  relay(queue, a, '+a\r\n', 1)
  t.equal(left(), '+a\r\n-doubt\r\n')
  queue.complete(second, latin('+b2\r\n+b3\r\n'))
  t.equal(left(), '+a\r\n-doubt\r\n+b2\r\n+b3\r\n+c\r\n')
})

t.test('the last exchange is the one that the next request may join', async (t) => {
  const { queue } = start()
  const [a, b] = [exchangeOf(), exchangeOf()]
  t.equal(queue.last, undefined)
  queue.open(a)
  t.equal(queue.last, a)
  queue.replace(a, [b])
  t.equal(queue.last, b)
  queue.mode = 'skip'
  queue.open(exchangeOf())
  t.equal(queue.last, undefined, 'behind a reply that is left out nothing joins')
})

/** One request as it is planned: how many replies it gets, and under which mode it came. */
type Entry = { readonly exchange: Exchange; readonly texts: readonly string[]; readonly isMuted: boolean }

/** A session in small: whatever happens, `wanted` is what must leave in the end. */
class Model {
  left = ''
  wanted = ''
  frames = 0
  readonly queue = new ReplyQueue({ leave: (bytes) => (this.left += bytes.toString('latin1')) })
  readonly #open: Entry[] = []
  /** What of the first reply that has not ended has been relayed. */
  readonly #parts = new Map<Exchange, number>()
  #replies = 0

  /** What has left without the frames that are no replies. */
  get replies(): string {
    return this.left.replaceAll('!', '')
  }

  get isDone(): boolean {
    return this.#open.length === 0
  }

  request(count: number): void {
    const isMuted = this.queue.mode !== 'on'
    const texts = Array.from({ length: count }, () => this.#nextText())
    const exchange = exchangeOf(count)
    this.queue.open(exchange)
    this.#open.push({ exchange, texts, isMuted })
    if (!isMuted) this.wanted += texts.join('')
  }

  answer(): void {
    const isMuted = this.queue.mode !== 'on'
    const text = this.#nextText()
    if (!isMuted) this.wanted += text
    this.queue.answer(nobody, latin(text))
  }

  frame(): void {
    this.frames++
    this.queue.interject(latin('!'))
  }

  setMode(mode: ReplyMode): void {
    this.queue.mode = mode
  }

  /** A part of the next reply of one exchange, or the rest of it with so many whole ones behind it. */
  relay(pick: number, isPart: boolean, more: number): void {
    const entry = this.#open[pick % Math.max(1, this.#open.length)]
    if (entry === undefined) return
    const { exchange, texts } = entry
    const from = this.#parts.get(exchange) ?? 0
    if (isPart && from === 0) {
      this.#parts.set(exchange, 2)
      relay(this.queue, exchange, texts[exchange.left]!.slice(0, 2), 0)
      return
    }
    const ended = texts.slice(exchange.left, exchange.left + 1 + more)
    this.#parts.delete(exchange)
    relay(this.queue, exchange, ended.join('').slice(from), ended.length)
    if (exchange.state === 'answered') this.#open.splice(this.#open.indexOf(entry), 1)
  }

  /** As settle does it with an exchange of which no part has left: an answer for each reply, or another exchange. */
  replace(pick: number, isAnswered: boolean): void {
    const index = pick % Math.max(1, this.#open.length)
    const entry = this.#open[index]
    if (entry === undefined || this.#parts.has(entry.exchange)) return
    const rest = entry.texts.slice(entry.exchange.left)
    const piece = exchangeOf(rest.length)
    if (isAnswered) {
      piece.state = 'answered'
      piece.left = piece.count
      piece.kept = rest.map(latin)
    }
    if (entry.exchange.kept !== undefined) return
    this.queue.replace(entry.exchange, [piece])
    this.#open.splice(index, 1, ...(isAnswered ? [] : [{ ...entry, exchange: piece, texts: rest }]))
  }

  finish(): void {
    while (this.#open.length > 0) this.relay(0, false, 9)
  }

  #nextText(): string {
    return `+r${++this.#replies};`
  }
}

type Act = readonly [kind: number, pick: number]

function act(model: Model, [kind, pick]: Act): void {
  if (kind < 3) model.request(1 + (pick % 3))
  else if (kind === 3) model.answer()
  else if (kind === 4) model.frame()
  else if (kind === 5) model.setMode((['on', 'on', 'on', 'skip', 'off'] as const)[pick % 5] ?? 'on')
  else if (kind === 6) model.replace(pick, pick % 2 === 0)
  else model.relay(pick, pick % 3 === 0, pick % 2)
}

t.test(
  'whatever comes in whatever order, each reply leaves once, in its turn and unbroken [R1]',
  async (t) => {
    const acts = fc.array(fc.tuple(fc.nat(12), fc.nat(30)), { maxLength: 60 })
    const isRight = fc.property(acts, (all) => {
      const model = new Model()
      for (const one of all) {
        act(model, one)
        if (!model.wanted.startsWith(model.replies)) return false
      }
      model.finish()
      const isWhole = model.left.split('!').every((text) => text === '' || text.endsWith(';'))
      return (
        model.replies === model.wanted &&
        isWhole &&
        model.left.split('!').length === model.frames + 1 &&
        model.queue.isEmpty
      )
    })
    t.doesNotThrow(() => fc.assert(isRight, { numRuns: 3000 }))
  }
)

t.test('no reply waits that could leave [R1]', async (t) => {
  const { queue, left } = start()
  const exchanges = Array.from({ length: 100 }, () => exchangeOf())
  for (const exchange of exchanges) queue.open(exchange)
  for (const exchange of exchanges.slice(1).reverse()) relay(queue, exchange, '.', 1)
  t.equal(left(), '')
  relay(queue, exchanges[0]!, '.', 1)
  t.equal(left(), '.'.repeat(100))
  t.ok(queue.isEmpty)
})
