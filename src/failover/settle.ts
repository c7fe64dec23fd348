// What becomes of an exchange whose lane was cut. Pure. Each request of a run is judged by itself: replay it, let its
// kept reply leave, or answer that its fate is in doubt [F2, F3].
import { classify } from '../command/classify.ts'
import type { CommandTable } from '../command/commands.ts'
import { Exchange, type Effect, type RequestBytes } from '../exchange.ts'
import { inDoubt, provesUnexecuted } from '../resp/replies.ts'
import { ReplyFramer } from '../resp/reply-framer.ts'
import { RequestFramer } from '../resp/request-framer.ts'

export type Fate = 'replay' | 'leave' | 'doubt'

export type SettleFacts = {
  /** Whether a reply that Redis gave and that was kept is known to count on the master that follows [F5]. */
  readonly repliesCount: boolean
  /** A later write of the session was executed: what was refused before it can no longer be replayed [R4]. */
  readonly hasLaterWrite: boolean
}

export type RequestFacts = {
  readonly effect: Effect
  /** The last byte never reached the kernel. */
  readonly isUnsent: boolean
  /** Redis' reply, if it came and was kept. */
  readonly reply: Buffer | undefined
}

export function judge(request: RequestFacts, facts: SettleFacts): Fate {
  const { effect, isUnsent, reply } = request
  if (reply === undefined) return isUnsent || effect === 'again' ? 'replay' : 'doubt'
  if (provesUnexecuted(reply) || isAborted(reply)) return facts.hasLaterWrite ? 'leave' : 'replay'
  if (facts.repliesCount) return 'leave'
  if (effect === 'once') return 'doubt'
  return facts.hasLaterWrite ? 'leave' : 'replay'
}

// A transaction in which one command was refused was not executed at all.
function isAborted(reply: Buffer): boolean {
  return reply.subarray(0, 10).equals(ABORTED)
}

const ABORTED = Buffer.from('-EXECABORT')
const MINUS = 45

type Settled = {
  readonly request: RequestBytes
  readonly effect: Effect
  fate: Fate
  readonly reply: Buffer | undefined
}

export type SettledExchange = {
  readonly exchange: Exchange
  readonly pieces: Exchange[]
  readonly inDoubt: number
}

/**
 * What stands in the place of each exchange that one lane owed to one session: held pieces to replay, answered pieces
 * that leave, in order. Judged from the last request on, because what was executed later decides about what was
 * refused earlier [R4].
 */
export function settle(
  exchanges: readonly Exchange[],
  repliesCount: boolean,
  table: CommandTable
): SettledExchange[] {
  let hasLaterWrite = false
  const judged: { readonly exchange: Exchange; readonly requests: Settled[] }[] = []
  for (const exchange of exchanges.toReversed()) {
    const kept = keptReplies(exchange)
    const requests: Settled[] = []
    for (const { request, effect, index } of requestsOf(exchange, table).toReversed()) {
      const reply = kept[index - exchange.left]
      const isUnsent = isUnsentAt(exchange, index)
      requests.unshift({
        request,
        effect,
        reply,
        fate: judge({ effect, isUnsent, reply }, { repliesCount, hasLaterWrite })
      })
      hasLaterWrite ||= effect === 'once' && reply !== undefined && reply[0] !== MINUS
    }
    judged.unshift({ exchange, requests })
  }
  readAgain(judged.flatMap(({ requests }) => requests))
  return judged.map(({ exchange, requests }) => ({ exchange, ...piecesOf(exchange, requests) }))
}

// What was read behind a write that is sent again was read before it.
function readAgain(requests: readonly Settled[]): void {
  let isWritten = false
  for (const one of requests) {
    if (isWritten && one.fate === 'leave' && one.effect === 'again') one.fate = 'replay'
    isWritten ||= one.fate === 'replay' && one.effect === 'once'
  }
}

function isUnsentAt({ state, isTailUnsent, count }: Exchange, index: number): boolean {
  return state === 'unsent' || state === 'held' || (isTailUnsent && index === count - 1)
}

function piecesOf(exchange: Exchange, requests: readonly Settled[]): { pieces: Exchange[]; inDoubt: number } {
  const pieces: Exchange[] = []
  for (const one of requests) {
    const last = pieces.at(-1)
    if (one.fate === 'replay' && last?.state === 'held' && last.isFollowedBy(one.request)) {
      last.extend(one.request, one.effect)
      last.writes ??= writesOf(exchange, one.effect)
    } else {
      pieces.push(pieceOf(exchange, one))
    }
  }
  return { pieces, inDoubt: requests.filter(({ fate }) => fate === 'doubt').length }
}

function pieceOf(exchange: Exchange, { request, effect, fate, reply }: Settled): Exchange {
  const piece = new Exchange(exchange.owner, request, effect, exchange.startedAtMs)
  piece.heldSinceMs = exchange.heldSinceMs
  piece.own = exchange.own
  piece.rewrite = exchange.rewrite
  if (fate === 'replay') {
    piece.writes = writesOf(exchange, effect)
    return piece
  }
  piece.state = 'answered'
  piece.left = 1
  piece.kept = [fate === 'leave' && reply !== undefined ? reply : inDoubt]
  return piece
}

// Those of the whole run: to take more for written than is costs a read on the master.
function writesOf({ writes, count }: Exchange, effect: Effect): number[] | undefined {
  return count === 1 || effect === 'once' ? writes?.slice() : undefined
}

function keptReplies(exchange: Exchange): Buffer[] {
  if (exchange.withheld === undefined) return []
  const replies: Buffer[] = []
  const framer = new ReplyFramer()
  const bytes = Buffer.concat(exchange.withheld)
  framer.push(bytes)
  while (framer.next() === 'reply') replies.push(bytes.subarray(framer.start, framer.end))
  return replies
}

/** The requests of the run that have not had their reply leave, framed again. */
function requestsOf(
  exchange: Exchange,
  table: CommandTable
): { request: RequestBytes; effect: Effect; index: number }[] {
  if (exchange.count === 1) return [{ request: exchange, effect: exchange.effect, index: 0 }]
  const framer = new RequestFramer(Number.MAX_SAFE_INTEGER)
  framer.push(exchange.bytes.subarray(exchange.start, exchange.end))
  const requests: { request: RequestBytes; effect: Effect; index: number }[] = []
  for (let index = 0; framer.next() === 'request'; index++) {
    const start = exchange.start + framer.start
    const request = {
      bytes: exchange.bytes,
      start,
      end: start + framer.size,
      parts: undefined,
      size: framer.size
    }
    if (index >= exchange.left) requests.push({ request, effect: classify(framer, table).effect, index })
  }
  return requests
}
