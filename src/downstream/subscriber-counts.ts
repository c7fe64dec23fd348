// Redis counts one subscriber for all sessions of a user that listen to the same thing. Corrects the counts that it
// gives: the replies of PUBLISH, SPUBLISH, PUBSUB NUMSUB and SHARDNUMSUB, also within the reply of EXEC.
import type { Command } from '../command/commands.ts'
import { matchesGlob } from '../command/glob.ts'
import type { OwnStep, Rewrite } from '../exchange.ts'
import { ReplyFramer } from '../resp/reply-framer.ts'
import * as replies from '../resp/replies.ts'
import type { SessionState } from './session-state.ts'
import type { Subscriptions } from './subscriptions.ts'

type Count = (reply: Buffer) => Buffer

type NamedRequest = { argument: (index: number) => Buffer | undefined }

/** A longer reply stays as it is. */
const MAX_BYTES = 1024 * 1024

export class SubscriberCounts {
  readonly #subscriptions: Subscriptions
  /** For each request that a transaction has queued, how to correct its part of EXEC's reply. */
  readonly #queued = new WeakMap<SessionState, (Count | undefined)[]>()

  constructor(subscriptions: Subscriptions) {
    this.#subscriptions = subscriptions
  }

  /** Whether the reply of such a command has to be corrected now. */
  concerns(command: Command): boolean {
    return command.countsSubscribers && !this.#subscriptions.feeds.isEmpty
  }

  /** How to correct the reply of a request that concerns this, or a lane of the session's own. */
  rewriteOf(
    command: Command,
    request: NamedRequest,
    step: OwnStep | undefined,
    state: SessionState
  ): Rewrite | undefined {
    const count = this.concerns(command) ? this.#countOf(command, request) : undefined
    switch (step) {
      case 'multi':
        this.#queued.set(state, [])
        return undefined
      case 'queued':
        this.#queued.get(state)?.push(count)
        return undefined
      case 'exec':
      case 'discard':
        return this.#endTransaction(step, state)
      default:
        return count && rewriteWith(count, this.#barrier(command, request, state))
    }
  }

  #endTransaction(step: 'exec' | 'discard', state: SessionState): Rewrite | undefined {
    const counts = this.#queued.get(state) ?? []
    this.#queued.delete(state)
    const isConcerned = step === 'exec' && counts.some((count) => count !== undefined)
    return isConcerned ? rewriteWith((reply) => countEach(reply, counts), atOnce) : undefined
  }

  #countOf(command: Command, request: NamedRequest): Count | undefined {
    const { feeds } = this.#subscriptions
    const kind = command.name === 'publish' || command.name === 'pubsub|numsub' ? 'channel' : 'shard'
    if (command.name.startsWith('pubsub|'))
      return (reply) => countNamed(reply, (name) => feeds.unseenOn(kind, name))
    const argument = request.argument(1)
    if (argument === undefined) return undefined
    const name = Buffer.from(argument)
    return (reply) => add(reply, feeds.unseen(kind, name))
  }

  /** Whether the session hears what it publishes with this request. */
  echoes({ name, countsSubscribers }: Command, request: NamedRequest, state: SessionState): boolean {
    if (!countsSubscribers) return false
    const subscriber = this.#subscriptions.find(state)
    const to = request.argument(1)
    if (subscriber === undefined || to === undefined) return false
    if (name === 'spublish') return subscriber.hears('shard', to)
    if (name !== 'publish') return false
    if (subscriber.hears('channel', to)) return true
    return subscriber.names('pattern').some((pattern) => matchesGlob(pattern, to))
  }

  // It has the message before the count, as on one connection.
  #barrier(command: Command, request: NamedRequest, state: SessionState): Barrier {
    if (!this.echoes(command, request, state)) return atOnce
    return (go) => {
      const subscriber = this.#subscriptions.find(state)
      if (subscriber === undefined) go()
      else subscriber.sync(go)
    }
  }
}

type Barrier = (go: () => void) => void

const atOnce: Barrier = (go) => {
  go()
}

function rewriteWith(count: Count, barrier: Barrier): Rewrite {
  const pieces: Buffer[] = []
  let size = 0
  return (exchange, bytes, ended) => {
    pieces.push(bytes)
    size += bytes.length
    if (ended === 0 && size <= MAX_BYTES) return
    const reply = Buffer.concat(pieces.splice(0), size)
    exchange.rewrite = undefined
    if (ended === 0) {
      exchange.owner.relay(exchange, reply, 0)
      return
    }
    // Until it leaves it is not answered to the session, whose later replies wait behind it.
    exchange.state = 'unanswered'
    barrier(() => {
      exchange.state = 'answered'
      exchange.owner.relay(exchange, count(reply), ended)
    })
  }
}

const COLON = 58
const STAR = 42
const LF = 10

function add(reply: Buffer, more: number): Buffer {
  if (more === 0 || reply[0] !== COLON) return reply
  return replies.integer(Number(reply.toString('latin1', 1)) + more)
}

/** The reply of NUMSUB: names and counts in turn. */
function countNamed(reply: Buffer, more: (name: Buffer) => number): Buffer {
  const elements = elementsOf(reply)
  if (elements === undefined) return reply
  const counted = elements.map((element, index) => {
    const name = elements[index - 1]
    return index % 2 === 0 || name === undefined ? element : add(element, more(bodyOf(name)))
  })
  return replies.array(counted)
}

function countEach(reply: Buffer, counts: readonly (Count | undefined)[]): Buffer {
  const elements = elementsOf(reply)
  if (elements?.length !== counts.length) return reply
  return replies.array(elements.map((element, index) => counts[index]?.(element) ?? element))
}

/** undefined if it is no array of plain replies. */
function elementsOf(reply: Buffer): Buffer[] | undefined {
  if (reply[0] !== STAR) return undefined
  const inside = reply.subarray(reply.indexOf(LF) + 1)
  const framer = new ReplyFramer()
  const elements: Buffer[] = []
  framer.push(inside)
  while (framer.next() === 'reply') elements.push(inside.subarray(framer.start, framer.end))
  return elements.at(-1) === undefined || framer.end === inside.length ? elements : undefined
}

function bodyOf(bulk: Buffer): Buffer {
  return bulk.subarray(bulk.indexOf(LF) + 1, bulk.length - 2)
}
