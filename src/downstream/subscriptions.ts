// Which sessions listen, and what Redis' side offers them: one feed for each user, whose subscriptions all sessions of
// that user share.
import type { Clock } from '../clock.ts'
import type { SessionState, SessionUser } from './session-state.ts'
import { Subscriber, type ListeningSession } from './subscriber.ts'

export type PubsubKind = 'channel' | 'pattern' | 'shard'

/** One message, in the bytes of either protocol; all who listen share them. */
export type Message = { forProtocol: (protocol: 2 | 3) => Buffer }

export type Listener = {
  deliver: (message: Message) => void
  /** Redis no longer lets the user have one of its names. */
  revoke: () => void
}

/** The subscriptions of one user at the bound master. */
export type UserFeed = {
  /** `done` runs once: with Redis' error, or without one when all is confirmed. Returns how to give up waiting. */
  subscribe: (
    kind: PubsubKind,
    names: readonly Buffer[],
    listener: Listener,
    done: (refusal: Buffer | undefined) => void
  ) => () => void
  /** The listener hears them until `done` runs. */
  unsubscribe: (kind: PubsubKind, names: readonly Buffer[], listener: Listener, done: () => void) => void
  /** The listener hears nothing of them any more. */
  drop: (kind: PubsubKind, names: readonly Buffer[], listener: Listener) => void
  /** `done` runs when every message that Redis has sent so far has been handed on. */
  sync: (done: () => void) => void
}

export type UserFeeds = {
  /** Nobody listens. */
  readonly isEmpty: boolean
  /** undefined when as many users subscribe as may. */
  of: (key: string, user: SessionUser | undefined) => UserFeed | undefined
  /** Listeners that Redis does not count, of what is published to a name; `unseenOn` without those of patterns. */
  unseen: (kind: 'channel' | 'shard', name: Buffer) => number
  unseenOn: (kind: 'channel' | 'shard', name: Buffer) => number
}

export class Subscriptions {
  readonly feeds: UserFeeds
  readonly #clock: Clock
  readonly #subscribers = new Map<SessionState, Subscriber>()

  constructor(feeds: UserFeeds, clock: Clock) {
    this.feeds = feeds
    this.#clock = clock
  }

  /** The subscriber that a session is; made when it first subscribes. */
  of(session: ListeningSession): Subscriber {
    const known = this.#subscribers.get(session.state)
    if (known !== undefined) return known
    const made = new Subscriber(session, this.#clock)
    this.#subscribers.set(session.state, made)
    return made
  }

  /** The feed on which the session subscribes from now on. */
  feedOf({ userKey, identity }: SessionState): UserFeed | undefined {
    return this.feeds.of(userKey, identity.user)
  }

  /** undefined if the session has never subscribed. */
  find(state: SessionState): Subscriber | undefined {
    return this.#subscribers.get(state)
  }

  /** The session hears nothing any more: it is reset, or has gone. */
  leave(state: SessionState): void {
    this.#subscribers.get(state)?.leave()
    this.#subscribers.delete(state)
  }

  /** Subscriptions of all sessions. */
  counts(): Record<PubsubKind, number> {
    const counts = { channel: 0, pattern: 0, shard: 0 }
    for (const { subscriptions } of this.#subscribers.keys()) {
      counts.channel += subscriptions.channel
      counts.pattern += subscriptions.pattern
      counts.shard += subscriptions.shard
    }
    return counts
  }
}
