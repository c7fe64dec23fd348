// Who listens to the bound master: one feed for each user whose sessions subscribe, and one connection for each client
// that monitors. And how many of those who subscribe Redis cannot see, because it counts one subscription for each
// topic of a user.
import type { Clock, Timer } from '../clock.ts'
import type { NodeAddress } from './dialer.ts'
import { Feed } from './feed.ts'
import type { Credentials } from './handshake.ts'
import { MonitorLink, type MonitorEvents } from './monitor-link.ts'
import type { DialListening } from './standing-link.ts'
import type { Topic } from './topics.ts'

export type FeedsOptions = {
  readonly dial: DialListening
  readonly clock: Clock
  /** Users that may subscribe, and clients that may monitor, at the same time: each costs one connection. */
  readonly maxFeeds: number
  readonly windowMs: () => number
  /** How long the topics of one user were without a subscription, in milliseconds. */
  readonly onGap: (ms: number) => void
  /** Whether a pattern matches a channel. */
  readonly matches: (pattern: Buffer, channel: Buffer) => boolean
}

const SWEEP_MS = 1000

export class Feeds {
  readonly #options: FeedsOptions
  readonly #feeds = new Map<string, Feed>()
  readonly #monitors = new Set<MonitorLink>()
  #address: NodeAddress | undefined
  #sweep: Timer | undefined

  constructor(options: FeedsOptions) {
    this.#options = options
    this.#sweepLater()
  }

  /** Connections that are open. */
  get lanes(): { readonly pubsub: number; readonly monitor: number } {
    return { pubsub: connectedOf(this.#feeds.values()), monitor: connectedOf(this.#monitors) }
  }

  /** The feed of a user; `key` tells users apart. undefined when as many users subscribe as may. */
  of(key: string, user: Credentials | undefined): Feed | undefined {
    const known = this.#feeds.get(key)
    if (known !== undefined) return known
    if (this.#isFull) return undefined
    const { dial, clock, windowMs, onGap } = this.#options
    const feed = new Feed({ user, dial, clock, windowMs, onGap })
    if (this.#address !== undefined) feed.follow(this.#address)
    this.#feeds.set(key, feed)
    return feed
  }

  /** Returns how to end it; undefined when as many listen as may. */
  monitor(user: Credentials | undefined, events: MonitorEvents): (() => void) | undefined {
    if (this.#isFull) return undefined
    const { dial, clock, windowMs } = this.#options
    const link = new MonitorLink({ user, dial, clock, windowMs: windowMs(), events })
    if (this.#address !== undefined) link.follow(this.#address)
    this.#monitors.add(link)
    return () => {
      link.close()
      this.#monitors.delete(link)
    }
  }

  /** Another master was bound, or the same one anew. */
  follow(address: NodeAddress): void {
    this.#address = address
    for (const monitor of this.#monitors) monitor.follow(address)
    for (const feed of this.#feeds.values()) feed.follow(address)
  }

  /** Those who hear what is published to a channel or a sharded channel, less those that Redis counts for us. */
  unseen(kind: 'channel' | 'shard', name: Buffer): number {
    let unseen = this.unseenOn(kind, name)
    if (kind === 'shard') return unseen
    for (const { topics } of this.#feeds.values()) {
      for (const topic of topics.of('pattern')) {
        const count = unseenOf(topic)
        if (count !== 0 && this.#options.matches(topic.name, name)) unseen += count
      }
    }
    return unseen
  }

  /** As `unseen`, without those who hear it through a pattern. */
  unseenOn(kind: 'channel' | 'shard', name: Buffer): number {
    let unseen = 0
    for (const { topics } of this.#feeds.values()) unseen += unseenOf(topics.get(kind, name))
    return unseen
  }

  get #isFull(): boolean {
    return this.#feeds.size + this.#monitors.size >= this.#options.maxFeeds
  }

  get isEmpty(): boolean {
    return this.#feeds.size === 0
  }

  close(): void {
    this.#sweep?.cancel()
    for (const feed of this.#feeds.values()) feed.close()
    for (const monitor of this.#monitors) monitor.close()
    this.#feeds.clear()
    this.#monitors.clear()
  }

  #sweepLater(): void {
    this.#sweep = this.#options.clock.after(SWEEP_MS, () => {
      const nowMs = this.#options.clock.now()
      for (const monitor of this.#monitors) monitor.sweep(nowMs)
      for (const [key, feed] of this.#feeds) {
        if (feed.isIdle) {
          feed.close()
          this.#feeds.delete(key)
        } else {
          feed.sweep(nowMs)
        }
      }
      this.#sweepLater()
    })
  }
}

function connectedOf(links: Iterable<{ readonly isConnected: boolean }>): number {
  let connected = 0
  for (const { isConnected } of links) if (isConnected) connected++
  return connected
}

function unseenOf(topic: Topic | undefined): number {
  return topic?.isSubscribed ? topic.listeners.size - 1 : 0
}
