// All subscriptions of one user at the bound master, each made once however many listen, and all of them made again at
// once when the connection is lost or another master is bound; the gap is measured to the last confirmation. Every
// request of a session goes to Redis though the topic be known: Redis judges the user each time, and its answer stands
// behind every message that was published before.
import type { Clock, Timer } from '../clock.ts'
import { noMaster } from '../resp/replies.ts'
import type { NodeAddress } from './dialer.ts'
import type { Credentials, HandshakeFailure } from './handshake.ts'
import { pubsubKinds, subscribeVerb, unsubscribeVerb, type PubsubKind } from './pubsub-frame.ts'
import { PubsubLink } from './pubsub-link.ts'
import type { Outcome } from './pubsub-requests.ts'
import type { DialListening } from './standing-link.ts'
import { deliver, Topics, type Listener, type Topic } from './topics.ts'

export type FeedOptions = {
  readonly user: Credentials | undefined
  readonly dial: DialListening
  readonly clock: Clock
  /** How long a subscription may wait for a master, in milliseconds. */
  readonly windowMs: () => number
  /** How long topics that somebody heard were without a subscription, in milliseconds. */
  readonly onGap: (ms: number) => void
}

/** undefined: Redis has confirmed all of it. Else the error that Redis gave, or that no master was found. */
export type SubscribeDone = (refusal: Buffer | undefined) => void

type Asked = {
  readonly kind: PubsubKind
  readonly topics: readonly Topic[]
  readonly listener: Listener
  readonly done: SubscribeDone
  readonly timer: Timer
}

/** Names in one request when everything is subscribed again. */
const BATCH_NAMES = 1000

export class Feed {
  readonly topics = new Topics()
  readonly #options: FeedOptions
  readonly #link: PubsubLink
  readonly #asked = new Set<Asked>()
  #gapSinceMs: number | undefined
  /** Requests to subscribe again that Redis has not answered. */
  #again = 0

  constructor(options: FeedOptions) {
    this.#options = options
    const { user, dial, clock } = options
    this.#link = new PubsubLink({
      user,
      dial,
      clock,
      isWanted: () => !this.isIdle,
      events: {
        onConnect: () => {
          this.#connected()
        },
        onMessage: (kind, name, frame) => {
          const topic = this.topics.get(kind, name)
          if (topic !== undefined) deliver(topic, frame)
        },
        onLost: (failure) => {
          this.#lost(failure)
        }
      }
    })
  }

  get isConnected(): boolean {
    return this.#link.requests !== undefined
  }

  /** Nobody wants anything of it. */
  get isIdle(): boolean {
    return this.topics.isEmpty && this.#asked.size === 0
  }

  follow(address: NodeAddress): void {
    this.#link.follow(address)
  }

  sweep(nowMs: number): void {
    this.#link.sweep(nowMs)
  }

  close(): void {
    this.#link.close()
  }

  // ---- what sessions ask ------------------------------------------------------------------------------------------

  /** The listener hears the topics from the moment `done` runs without a refusal. Returns how to give up waiting. */
  subscribe(kind: PubsubKind, names: readonly Buffer[], listener: Listener, done: SubscribeDone): () => void {
    const topics = names.map((name) => this.topics.open(kind, name))
    const timer = this.#options.clock.after(this.#options.windowMs(), () => {
      this.#finish(asked, noMaster)
    })
    const asked: Asked = { kind, topics, listener, done, timer }
    for (const topic of topics) topic.awaited++
    this.#asked.add(asked)
    if (this.isConnected) this.#ask(asked)
    else this.#link.need()
    return () => {
      if (this.#forget(asked)) this.#release(topics)
    }
  }

  /** The listener hears the topics until `done` runs: until then Redis may be sending what was published before. */
  unsubscribe(kind: PubsubKind, names: readonly Buffer[], listener: Listener, done: () => void): void {
    const topics = this.#topicsOf(kind, names, listener)
    for (const topic of topics) {
      topic.listeners.delete(listener)
      topic.leaving.add(listener)
    }
    const left = (): void => {
      for (const topic of topics) topic.leaving.delete(listener)
      this.#release(topics)
      done()
    }
    const unwanted = topics.filter(({ listeners, awaited }) => listeners.size === 0 && awaited === 0)
    for (const topic of unwanted) topic.isSubscribed = false
    const { requests } = this.#link
    if (unwanted.length > 0 && requests) requests.send(unsubscribeVerb(kind), namesOf(unwanted), left)
    else this.sync(left)
  }

  /** The listener hears nothing of them any more, from now on. */
  drop(kind: PubsubKind, names: readonly Buffer[], listener: Listener): void {
    const topics = this.#topicsOf(kind, names, listener)
    for (const topic of topics) {
      topic.listeners.delete(listener)
      topic.leaving.delete(listener)
    }
    this.#release(topics)
  }

  /** Calls back when every message that Redis has sent so far has been handed on. */
  sync(done: () => void): void {
    const { requests } = this.#link
    if (requests) requests.ping(done)
    else done()
  }

  #topicsOf(kind: PubsubKind, names: readonly Buffer[], listener: Listener): Topic[] {
    const topics = new Set<Topic>()
    for (const name of names) {
      const topic = this.topics.get(kind, name)
      if (topic && (topic.listeners.has(listener) || topic.leaving.has(listener))) topics.add(topic)
    }
    return [...topics]
  }

  // ---- what Redis is asked ----------------------------------------------------------------------------------------

  #ask(asked: Asked): void {
    this.#send(asked.kind, asked.topics, (outcome) => {
      if (outcome !== 'lost') this.#finish(asked, outcome === 'confirmed' ? undefined : outcome)
    })
  }

  /** Subscribes. Until that is answered nothing unsubscribes the topics, or the answer would speak of the past. */
  #send(kind: PubsubKind, topics: readonly Topic[], done: (outcome: Outcome) => void): void {
    for (const topic of topics) topic.awaited++
    this.#link.requests?.send(subscribeVerb(kind), namesOf(topics), (outcome) => {
      for (const topic of topics) {
        topic.awaited--
        if (outcome === 'confirmed') topic.isSubscribed = true
      }
      done(outcome)
      this.#release(topics)
    })
  }

  #finish(asked: Asked, refusal: Buffer | undefined): void {
    if (!this.#forget(asked)) return
    if (refusal === undefined) for (const topic of asked.topics) topic.listeners.add(asked.listener)
    asked.done(refusal)
    this.#release(asked.topics)
  }

  #forget(asked: Asked): boolean {
    if (!this.#asked.delete(asked)) return false
    asked.timer.cancel()
    for (const topic of asked.topics) topic.awaited--
    return true
  }

  #release(topics: readonly Topic[]): void {
    const unwanted = this.topics.release(new Set(topics))
    for (const kind of pubsubKinds) {
      const names = namesOf(unwanted.filter((topic) => topic.kind === kind))
      if (names.length > 0) this.#link.requests?.send(unsubscribeVerb(kind), names, () => undefined)
    }
  }

  // ---- losses -----------------------------------------------------------------------------------------------------

  #connected(): void {
    for (const kind of pubsubKinds) {
      const heard = [...this.topics.of(kind)].filter(({ listeners }) => listeners.size > 0)
      for (let at = 0; at < heard.length; at += BATCH_NAMES)
        this.#subscribeAgain(kind, heard.slice(at, at + BATCH_NAMES))
    }
    if (this.#again === 0) this.#gapSinceMs = undefined
    for (const asked of this.#asked) this.#ask(asked)
  }

  #subscribeAgain(kind: PubsubKind, topics: readonly Topic[]): void {
    this.#again++
    this.#send(kind, topics, (outcome) => {
      this.#again--
      if (outcome === 'confirmed') this.#endGap()
      else if (outcome !== 'lost') this.#refusedAgain(kind, topics, outcome)
    })
  }

  // A refusal concerns all names of its request. Redis closes the connection of a client that may no longer hear what
  // it subscribed, and so do we. Any other error speaks of the node.
  #refusedAgain(kind: PubsubKind, topics: readonly Topic[], refusal: Buffer): void {
    if (!refusal.subarray(0, NOPERM.length).equals(NOPERM)) {
      this.#link.giveUp()
    } else if (topics.length > 1) {
      for (const topic of topics) this.#subscribeAgain(kind, [topic])
    } else {
      for (const topic of topics) revoke(topic)
      this.#endGap()
    }
  }

  #endGap(): void {
    this.#link.calm()
    if (this.#again > 0 || this.#gapSinceMs === undefined) return
    this.#options.onGap(this.#options.clock.now() - this.#gapSinceMs)
    this.#gapSinceMs = undefined
  }

  #lost(failure: HandshakeFailure | undefined): void {
    for (const kind of pubsubKinds)
      for (const topic of this.topics.of(kind)) {
        topic.isSubscribed = false
        if (topic.listeners.size > 0) this.#gapSinceMs ??= this.#options.clock.now()
      }
    if (failure?.step === 'user') this.#refuseUser(failure.reply)
  }

  #refuseUser(refusal: Buffer): void {
    for (const asked of [...this.#asked]) this.#finish(asked, refusal)
    for (const kind of pubsubKinds) for (const topic of [...this.topics.of(kind)]) revoke(topic)
  }
}

const NOPERM = Buffer.from('-NOPERM')

function namesOf(topics: readonly Topic[]): Buffer[] {
  return topics.map(({ name }) => name)
}

function revoke(topic: Topic): void {
  for (const listener of [...topic.listeners]) listener.revoke()
}
