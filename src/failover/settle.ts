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
  if (facts.hasLaterWrite || facts.repliesCount) return 'leave'
  return effect === 'again' ? 'replay' : 'doubt'
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
  readonly fate: Fate
  readonly reply: Buffer | undefined
}

/** What stands in the place of the exchange: held pieces to replay, answered pieces that leave, in order. */
export function settle(
  exchange: Exchange,
  facts: SettleFacts,
  table: CommandTable
): { pieces: Exchange[]; inDoubt: number } {
  const kept = keptReplies(exchange)
  const settled = requestsOf(exchange, table).map(({ request, effect }, index): Settled => {
    const position = exchange.left + index
    const isUnsent =
      exchange.state === 'unsent' ||
      exchange.state === 'held' ||
      (exchange.isTailUnsent && position === exchange.count - 1)
    const reply = kept[index]
    return { request, effect, reply, fate: judge({ effect, isUnsent, reply }, facts) }
  })
  const pieces: Exchange[] = []
  for (const one of settled) {
    const last = pieces.at(-1)
    if (one.fate === 'replay' && last?.state === 'held' && last.isFollowedBy(one.request))
      last.extend(one.request, one.effect)
    else pieces.push(pieceOf(exchange, one))
  }
  return { pieces, inDoubt: settled.filter(({ fate }) => fate === 'doubt').length }
}

/** Whether Redis executed a write of this exchange whose reply is still here. */
export function hasExecutedWrite(exchange: Exchange): boolean {
  return exchange.effect === 'once' && keptReplies(exchange).some((reply) => reply[0] !== MINUS)
}

function pieceOf(exchange: Exchange, { request, effect, fate, reply }: Settled): Exchange {
  const piece = new Exchange(exchange.owner, request, effect, exchange.startedAtMs)
  piece.heldSinceMs = exchange.heldSinceMs
  piece.own = exchange.own
  if (fate === 'replay') return piece
  piece.state = 'answered'
  piece.left = 1
  piece.kept = [fate === 'leave' && reply !== undefined ? reply : inDoubt]
  return piece
}

function keptReplies(exchange: Exchange): Buffer[] {
  if (exchange.kept === undefined) return []
  const replies: Buffer[] = []
  const framer = new ReplyFramer()
  const bytes = Buffer.concat(exchange.kept)
  framer.push(bytes)
  while (framer.next() === 'reply') replies.push(bytes.subarray(framer.start, framer.end))
  return replies
}

/** The requests of the run that have not had their reply leave, framed again. */
function requestsOf(exchange: Exchange, table: CommandTable): { request: RequestBytes; effect: Effect }[] {
  if (exchange.count === 1) return [{ request: exchange, effect: exchange.effect }]
  const framer = new RequestFramer({ maxBulkBytes: Number.MAX_SAFE_INTEGER, restricted: () => false })
  framer.push(exchange.bytes.subarray(exchange.start, exchange.end))
  const requests: { request: RequestBytes; effect: Effect }[] = []
  for (let position = 0; framer.next() === 'request'; position++) {
    const start = exchange.start + framer.start
    const request = {
      bytes: exchange.bytes,
      start,
      end: start + framer.size,
      parts: undefined,
      size: framer.size
    }
    if (position >= exchange.left) requests.push({ request, effect: classify(framer, table).effect })
  }
  return requests
}
