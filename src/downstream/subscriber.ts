// One session as a listener: what it hears, on whose behalf, and the limit within which it has to keep up.
import type { Clock } from '../clock.ts'
import type { SessionState } from './session-state.ts'
import type { CloseReason } from './session-parts.ts'
import type { Listener, Message, PubsubKind, UserFeed } from './subscriptions.ts'

/** The session, as far as its listening moves it. */
export type ListeningSession = {
  readonly state: SessionState
  readonly backlogBytes: number
  /** A frame that is no reply leaves between two of them. */
  readonly push: (frame: Buffer) => void
  close: (reason: CloseReason) => void
}

type Subscription = { readonly name: Buffer; readonly feed: UserFeed }

const KINDS: readonly PubsubKind[] = ['channel', 'pattern', 'shard']

/** client-output-buffer-limit pubsub, as Redis has it by default. */
const HARD_BYTES = 32 * 1024 * 1024
const SOFT_BYTES = 8 * 1024 * 1024
const SOFT_MS = 60_000

export class Subscriber implements Listener {
  readonly #session: ListeningSession
  readonly #clock: Clock
  readonly #byKind: Readonly<Record<PubsubKind, Map<string, Subscription>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map()
  }
  /** Gives up the subscription that Redis has not confirmed. */
  #giveUp: (() => void) | undefined
  #behindSinceMs: number | undefined

  constructor(session: ListeningSession, clock: Clock) {
    this.#session = session
    this.#clock = clock
  }

  /** Every name of a kind, in the order of subscribing. */
  names(kind: PubsubKind): Buffer[] {
    return Array.from(this.#byKind[kind].values(), ({ name }) => name)
  }

  hears(kind: PubsubKind, name: Buffer): boolean {
    return this.#byKind[kind].has(keyOf(name))
  }

  // ---- from Redis' side -------------------------------------------------------------------------------------------

  deliver(message: Message): void {
    this.#session.push(message.forProtocol(this.#session.state.protocol))
    const { backlogBytes } = this.#session
    if (backlogBytes <= SOFT_BYTES) this.#behindSinceMs = undefined
    else if (backlogBytes > HARD_BYTES || this.#isBehindForLong()) this.#session.close('output_limit')
  }

  revoke(): void {
    this.#session.close('auth')
  }

  #isBehindForLong(): boolean {
    const nowMs = this.#clock.now()
    this.#behindSinceMs ??= nowMs
    return nowMs - this.#behindSinceMs > SOFT_MS
  }

  // ---- from the client's side -------------------------------------------------------------------------------------

  /** `done` runs once, unless the session is reset or has gone before. */
  subscribe(
    feed: UserFeed,
    kind: PubsubKind,
    names: readonly Buffer[],
    done: (refusal: Buffer | undefined) => void
  ): void {
    this.#giveUp = feed.subscribe(kind, names, this, (refusal) => {
      this.#giveUp = undefined
      done(refusal)
    })
  }

  /** Redis has confirmed a name. */
  add(feed: UserFeed, kind: PubsubKind, name: Buffer): void {
    const subscriptions = this.#byKind[kind]
    const key = keyOf(name)
    const before = subscriptions.get(key)
    // The session has become another user since: one of the two subscriptions is enough.
    if (before !== undefined && before.feed !== feed) before.feed.drop(kind, [name], this)
    subscriptions.set(key, { name: before?.name ?? Buffer.from(name), feed })
    this.#session.state.subscriptions[kind] = subscriptions.size
  }

  /** Takes a name away. False if it was not subscribed. */
  remove(kind: PubsubKind, name: Buffer): boolean {
    const isKnown = this.#byKind[kind].delete(keyOf(name))
    this.#session.state.subscriptions[kind] = this.#byKind[kind].size
    return isKnown
  }

  /** `done` runs when nothing more comes for the names. They are taken away by `remove`. */
  unsubscribe(kind: PubsubKind, names: readonly Buffer[], done: () => void): void {
    whenAll(this.#byFeed(kind, names), done, ([feed, own], next) => {
      feed.unsubscribe(kind, own, this, next)
    })
  }

  /** Hears nothing any more, from now on. */
  leave(): void {
    this.#giveUp?.()
    this.#giveUp = undefined
    for (const kind of KINDS) {
      for (const [feed, names] of this.#byFeed(kind, this.names(kind))) feed.drop(kind, names, this)
      this.#byKind[kind].clear()
      this.#session.state.subscriptions[kind] = 0
    }
  }

  /** `done` runs when every message that Redis sent before now has been handed on. */
  sync(done: () => void): void {
    const feeds = new Set(KINDS.flatMap((kind) => [...this.#byFeed(kind, this.names(kind)).keys()]))
    whenAll(feeds, done, (feed, next) => {
      feed.sync(next)
    })
  }

  /** Of the names the subscribed ones, each on the feed that has it. */
  #byFeed(kind: PubsubKind, names: readonly Buffer[]): Map<UserFeed, Buffer[]> {
    const byFeed = new Map<UserFeed, Buffer[]>()
    for (const name of names) {
      const feed = this.#byKind[kind].get(keyOf(name))?.feed
      if (feed === undefined) continue
      const own = byFeed.get(feed)
      if (own === undefined) byFeed.set(feed, [name])
      else own.push(name)
    }
    return byFeed
  }
}

/** Every byte is one character, so that names which are no text are told apart too. */
function keyOf(name: Buffer): string {
  return name.toString('latin1')
}

/** Runs `done` once, when each item has called `next`; at once if there is none. */
function whenAll<T>(items: Iterable<T>, done: () => void, run: (item: T, next: () => void) => void): void {
  let left = 1
  const next = (): void => {
    if (--left === 0) done()
  }
  for (const item of items) {
    left++
    run(item, next)
  }
  next()
}
