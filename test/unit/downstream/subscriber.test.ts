// A session as a listener.
import t from 'tap'
import { SessionState } from '../../../src/downstream/session-state.ts'
import { Subscriptions, type Listener, type UserFeed } from '../../../src/downstream/subscriptions.ts'
import { ManualClock } from '../topology/manual-clock.ts'

class FakeFeed implements UserFeed {
  readonly calls: string[] = []
  readonly waiting: (() => void)[] = []

  subscribe(
    kind: string,
    names: readonly Buffer[],
    _listener: Listener,
    done: (refusal: undefined) => void
  ): () => void {
    this.calls.push(`subscribe ${kind} ${names.join(' ')}`)
    this.waiting.push(() => {
      done(undefined)
    })
    return () => this.calls.push('give up')
  }

  unsubscribe(kind: string, names: readonly Buffer[], _listener: Listener, done: () => void): void {
    this.calls.push(`unsubscribe ${kind} ${names.join(' ')}`)
    this.waiting.push(done)
  }

  drop(kind: string, names: readonly Buffer[]): void {
    this.calls.push(`drop ${kind} ${names.join(' ')}`)
  }

  sync(done: () => void): void {
    this.calls.push('sync')
    this.waiting.push(done)
  }
}

const MB = 1024 * 1024
const message = { forProtocol: (protocol: 2 | 3) => Buffer.from(`RESP${protocol}`) }
const name = (text: string): Buffer => Buffer.from(text)

function open() {
  const clock = new ManualClock()
  const feeds = { isEmpty: false, of: () => undefined, unseen: () => 0, unseenOn: () => 0 }
  const subscriptions = new Subscriptions(feeds, clock)
  const session = {
    state: new SessionState(1, true, 0),
    backlogBytes: 0,
    pushed: [] as string[],
    closed: '',
    push: (frame: Buffer) => session.pushed.push(frame.toString()),
    close: (reason: string) => (session.closed ||= reason)
  }
  return { clock, subscriptions, session, subscriber: subscriptions.of(session) }
}

t.test('it hears messages in the bytes of its own protocol, also after that has changed', async (t) => {
  const { session, subscriber } = open()
  subscriber.deliver(message)
  session.state.identity = { ...session.state.identity, protocol: 3 }
  subscriber.deliver(message)
  t.strictSame(session.pushed, ['RESP2', 'RESP3'])
})

t.test(
  'who is more than 32 MB behind is closed, and who is more than 8 MB behind for a minute [R3]',
  async (t) => {
    const { clock, session, subscriber } = open()
    session.backlogBytes = 31 * MB
    subscriber.deliver(message)
    await clock.turn(59_000)
    session.backlogBytes = 7 * MB
    subscriber.deliver(message)
    session.backlogBytes = 9 * MB
    subscriber.deliver(message)
    await clock.turn(60_000)
    subscriber.deliver(message)
    t.equal(session.closed, '', 'it had caught up in between')
    await clock.turn(1)
    subscriber.deliver(message)
    t.equal(session.closed, 'output_limit')

    const other = open()
    other.session.backlogBytes = 33 * MB
    other.subscriber.deliver(message)
    t.equal(other.session.closed, 'output_limit')
  }
)

t.test('who may not hear what it subscribed any more is closed, as Redis does', async (t) => {
  const { session, subscriber } = open()
  subscriber.revoke()
  t.equal(session.closed, 'auth')
})

t.test('a client is counted with each name once, and as a subscriber until the last is gone', async (t) => {
  const { session, subscriber, subscriptions } = open()
  const feed = new FakeFeed()
  for (const channel of ['a', 'b', 'a']) subscriber.add(feed, 'channel', name(channel))
  subscriber.add(feed, 'shard', name('a'))
  t.strictSame(session.state.subscriptions, { channel: 2, pattern: 0, shard: 1 })
  t.strictSame(subscriptions.counts(), { channel: 2, pattern: 0, shard: 1 })
  t.strictSame(subscriber.names('channel').map(String), ['a', 'b'])
  t.notOk(subscriber.remove('channel', name('c')))
  for (const channel of ['a', 'b']) t.ok(subscriber.remove('channel', name(channel)))
  t.ok(session.state.isSubscriber, 'a sharded channel is one too')
  subscriber.remove('shard', name('a'))
  t.notOk(session.state.isSubscriber)
})

t.test('a session that became another user hears a name once', async (t) => {
  const { subscriber } = open()
  const [before, after] = [new FakeFeed(), new FakeFeed()]
  subscriber.add(before, 'channel', name('a'))
  subscriber.add(before, 'channel', name('b'))
  subscriber.add(after, 'channel', name('a'))
  t.strictSame(before.calls, ['drop channel a'])

  await t.test('and leaves what it has on the feed that has it', async (t) => {
    let hasLeft = false
    subscriber.unsubscribe('channel', ['a', 'b', 'never'].map(name), () => (hasLeft = true))
    t.strictSame(before.calls.at(-1), 'unsubscribe channel b')
    t.strictSame(after.calls.at(-1), 'unsubscribe channel a')
    before.waiting.pop()!()
    t.notOk(hasLeft)
    after.waiting.pop()!()
    t.ok(hasLeft)
  })
})

t.test('who goes drops everything, and gives up what was not confirmed', async (t) => {
  const { session, subscriber, subscriptions } = open()
  const feed = new FakeFeed()
  subscriber.add(feed, 'channel', name('a'))
  subscriber.add(feed, 'pattern', name('p'))
  subscriber.subscribe(feed, 'channel', [name('b')], () => undefined)
  subscriptions.leave(session.state)
  t.strictSame(feed.calls, ['subscribe channel b', 'give up', 'drop channel a', 'drop pattern p'])
  t.notOk(session.state.isSubscriber)
  t.equal(subscriptions.find(session.state), undefined)
})

t.test('without any subscription there is nothing to wait for', async (t) => {
  const { subscriber } = open()
  let count = 0
  subscriber.sync(() => count++)
  subscriber.unsubscribe('channel', [name('a')], () => count++)
  t.equal(count, 2)
})
