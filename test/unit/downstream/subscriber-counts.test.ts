// The counts of subscribers that clients see.
import t from 'tap'
import { CommandTable } from '../../../src/command/commands.ts'
import { SessionState } from '../../../src/downstream/session-state.ts'
import { SubscriberCounts } from '../../../src/downstream/subscriber-counts.ts'
import { Subscriptions, type UserFeed } from '../../../src/downstream/subscriptions.ts'
import { Exchange, type OwnStep } from '../../../src/exchange.ts'
import { ManualClock } from '../topology/manual-clock.ts'

const table = new CommandTable(undefined)
const NO_REQUEST = { bytes: Buffer.alloc(0), start: 0, end: 0, parts: undefined, size: 0 }

function open(isEmpty = false) {
  const unseen: Record<string, number> = { c: 4, d: -1 }
  const feeds = {
    isEmpty,
    of: () => undefined,
    unseen: (kind: string, name: Buffer) => (kind === 'channel' ? (unseen[name.toString()] ?? 0) + 10 : 100),
    unseenOn: (kind: string, name: Buffer) => (kind === 'channel' ? (unseen[name.toString()] ?? 0) : 100)
  }
  const subscriptions = new Subscriptions(feeds, new ManualClock())
  const counts = new SubscriberCounts(subscriptions)
  const state = new SessionState(1, true, 0)
  const left: string[] = []
  const take = (words: string, step?: OwnStep) => {
    const [name = '', ...rest] = words.split(' ')
    const command = table.get(name)
    if (command === undefined) throw new Error(`no ${name}`)
    const exchange = new Exchange(
      {
        relay: (_exchange, bytes, ended) => left.push(`${bytes.toString()} ${ended} ${exchange.state}`),
        leftOver: () => undefined
      },
      NO_REQUEST,
      'once',
      0
    )
    const argument = (index: number) => (index === 0 ? Buffer.from(name) : optional(rest[index - 1]))
    exchange.rewrite = counts.rewriteOf(command, { argument }, step, state)
    return exchange
  }
  /** What leaves in the place of Redis' reply; the reply itself when it is not touched. */
  const reply = (words: string, ...pieces: string[]): string => {
    const exchange = take(words)
    if (exchange.rewrite === undefined) return pieces.join('')
    exchange.state = 'answered'
    for (const [index, piece] of pieces.entries())
      exchange.rewrite(exchange, Buffer.from(piece), index === pieces.length - 1 ? 1 : 0)
    return left.pop()?.split(' ')[0] ?? ''
  }
  return { subscriptions, state, counts, take, reply, left }
}

function optional(word: string | undefined): Buffer | undefined {
  return word === undefined ? undefined : Buffer.from(word)
}

t.test('PUBLISH counts those whom Redis does not see, and errors stay as they are', async (t) => {
  const { reply } = open()
  t.equal(reply('publish c x', ':1\r\n'), ':15\r\n')
  t.equal(reply('publish c x', ':', '1\r', '\n'), ':15\r\n')
  t.equal(reply('publish d x', ':1\r\n'), ':10\r\n')
  t.equal(reply('spublish c x', ':0\r\n'), ':100\r\n')
  t.equal(reply('publish c x', '-NOPERM\r\n'), '-NOPERM\r\n')
})

t.test('NUMSUB counts by name, without those who listen through patterns', async (t) => {
  const { reply } = open()
  t.equal(
    reply('pubsub|numsub c nope', '*4\r\n$1\r\nc\r\n:1\r\n$4\r\nnope\r\n:0\r\n'),
    '*4\r\n$1\r\nc\r\n:5\r\n$4\r\nnope\r\n:0\r\n'
  )
  t.equal(reply('pubsub|shardnumsub c', '*2\r\n$1\r\nc\r\n:1\r\n'), '*2\r\n$1\r\nc\r\n:101\r\n')
  t.equal(reply('pubsub|numsub', '*0\r\n'), '*0\r\n')
})

t.test('other commands, and all while nobody listens, have replies that nothing touches', async (t) => {
  t.equal(open().take('get c').rewrite, undefined)
  const { take, counts } = open(true)
  t.equal(take('publish c x').rewrite, undefined)
  t.notOk(counts.concerns(table.get('publish')!))
})

t.test("a transaction's reply has the right count at the right place", async (t) => {
  const { take, left } = open()
  take('multi', 'multi')
  for (const words of ['set k v', 'publish c x', 'get k', 'pubsub|numsub c']) take(words, 'queued')
  const exec = take('exec', 'exec')
  const reply = '*4\r\n+OK\r\n:1\r\n:1\r\n*2\r\n$1\r\nc\r\n:1\r\n'
  exec.rewrite!(exec, Buffer.from(reply), 1)
  t.equal(left.pop(), '*4\r\n+OK\r\n:15\r\n:1\r\n*2\r\n$1\r\nc\r\n:5\r\n 1 answered')

  await t.test('and the next one starts anew', async (t) => {
    take('multi', 'multi')
    take('publish c x', 'queued')
    take('discard', 'discard')
    take('multi', 'multi')
    take('get k', 'queued')
    t.equal(take('exec', 'exec').rewrite, undefined)
  })

  await t.test('and what is no list of as many replies is left alone', async (t) => {
    for (const other of ['*-1\r\n', '_\r\n', '-EXECABORT\r\n', '*2\r\n:1\r\n:1\r\n']) {
      take('multi', 'multi')
      take('publish c x', 'queued')
      const exec = take('exec', 'exec')
      exec.rewrite!(exec, Buffer.from(other), 1)
      t.equal(left.pop(), `${other} 1 answered`)
    }
  })
})

t.test('who hears what it publishes has the message before the count', async (t) => {
  const { subscriptions, state, counts, take, left } = open()
  const synced: (() => void)[] = []
  const feed = { sync: (done: () => void) => synced.push(done) } as unknown as UserFeed
  const session = { state, backlogBytes: 0, push: () => undefined, close: () => undefined }
  const publish = table.get('publish')!
  const request = { argument: () => Buffer.from('c') }
  const subscriber = subscriptions.of(session)
  subscriber.add(feed, 'channel', Buffer.from('other'))
  t.notOk(counts.echoes(publish, request, state))
  subscriber.add(feed, 'pattern', Buffer.from('[a-c]'))
  t.ok(counts.echoes(publish, request, state))
  t.notOk(counts.echoes(table.get('spublish')!, request, state), 'patterns hear no sharded channel')

  const exchange = take('publish c x')
  exchange.state = 'answered'
  exchange.rewrite!(exchange, Buffer.from(':1\r\n'), 1)
  t.equal(exchange.state, 'unanswered', 'its place among the replies is kept')
  t.strictSame(left, [])
  synced.pop()!()
  t.strictSame(left, [':15\r\n 1 answered'])
})

t.test('a reply without end is not gathered without end [R3]', async (t) => {
  const { take, left } = open()
  take('multi', 'multi')
  take('publish c x', 'queued')
  const exec = take('exec', 'exec')
  const piece = Buffer.alloc(400_000)
  for (let index = 0; index < 3; index++) exec.rewrite?.(exec, piece, 0)
  t.equal(exec.rewrite, undefined, 'the rest passes as it comes')
  t.match(left.pop(), / 0 held$/)
})
