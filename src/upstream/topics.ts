// What one user's sessions listen to: a topic is a channel, a pattern or a sharded channel, subscribed once at Redis
// however many listen. Knows who listens, and no connection.
import type { PubsubKind } from './pubsub-frame.ts'

/** One message, in the bytes of either protocol; all who listen share them. */
export type Message = { forProtocol: (protocol: 2 | 3) => Buffer }

export type Listener = {
  deliver: (message: Message) => void
  /** Redis no longer lets the user have one of its topics. */
  revoke: () => void
}

export type Topic = {
  readonly kind: PubsubKind
  readonly name: Buffer
  readonly listeners: Set<Listener>
  /** Still hear it, until Redis has confirmed that they left. */
  readonly leaving: Set<Listener>
  /** Requests that wait for it to be subscribed. */
  awaited: number
  /** Redis has confirmed it on the lane in use, and was not told otherwise since. */
  isSubscribed: boolean
}

export class Topics {
  readonly #byKind: Readonly<Record<PubsubKind, Map<string, Topic>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map()
  }

  get isEmpty(): boolean {
    const { channel, pattern, shard } = this.#byKind
    return channel.size + pattern.size + shard.size === 0
  }

  get(kind: PubsubKind, name: Buffer): Topic | undefined {
    return this.#byKind[kind].get(keyOf(name))
  }

  of(kind: PubsubKind): IterableIterator<Topic> {
    return this.#byKind[kind].values()
  }

  /** The topic of that name, made if it is new. The name is copied: it lies in what a client sent. */
  open(kind: PubsubKind, name: Buffer): Topic {
    const key = keyOf(name)
    const known = this.#byKind[kind].get(key)
    if (known !== undefined) return known
    const topic: Topic = {
      kind,
      name: Buffer.from(name),
      listeners: new Set(),
      leaving: new Set(),
      awaited: 0,
      isSubscribed: false
    }
    this.#byKind[kind].set(key, topic)
    return topic
  }

  /** Forgets those that nobody wants any more, and returns the ones that Redis still sends. */
  release(topics: Iterable<Topic>): Topic[] {
    const unwanted: Topic[] = []
    for (const topic of topics) {
      if (topic.listeners.size + topic.leaving.size + topic.awaited > 0) continue
      const map = this.#byKind[topic.kind]
      const key = keyOf(topic.name)
      if (map.get(key) === topic) map.delete(key)
      if (topic.isSubscribed) unwanted.push(topic)
      topic.isSubscribed = false
    }
    return unwanted
  }
}

/** Every byte is one character, so that names which are no text are told apart too. */
function keyOf(name: Buffer): string {
  return name.toString('latin1')
}

/** Hands a frame of Redis to all who listen. */
export function deliver(topic: Topic, frame: Buffer): void {
  const message = new SharedMessage(frame)
  for (const listener of topic.listeners) listener.deliver(message)
  for (const listener of topic.leaving) listener.deliver(message)
}

const PUSH = 62

class SharedMessage implements Message {
  readonly #array: Buffer
  #push: Buffer | undefined

  constructor(frame: Buffer) {
    this.#array = frame
  }

  forProtocol(protocol: 2 | 3): Buffer {
    return protocol === 2 ? this.#array : (this.#push ??= asPush(this.#array))
  }
}

// A push of RESP3 and an array differ in their first byte only, and a message holds nothing but bulk strings.
function asPush(frame: Buffer): Buffer {
  const push = Buffer.from(frame)
  push[0] = PUSH
  return push
}
