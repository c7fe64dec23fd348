// Why a Sentinel could not be asked, in one line that says what to look at. Pure.
import { messageOf } from '../errors.ts'
import type { Failure, FailureKind } from './observation.ts'

const longestText = 200

/** Of anything that was thrown or answered with an error while this Sentinel was dialled or asked. */
export function failureOf(sentinel: string, thrown: unknown): Failure {
  const text = oneLine(thrown)
  const kind = kindOf(thrown, text)
  return { sentinel, kind, reason: reasonOf(sentinel, kind, text) }
}

export function silence(sentinel: string, waitedMs: number): Failure {
  return { sentinel, kind: 'silent', reason: reasonOf(sentinel, 'silent', `${Math.round(waitedMs)} ms`) }
}

export function garbage(sentinel: string, what: string): Failure {
  return { sentinel, kind: 'garbage', reason: reasonOf(sentinel, 'garbage', what) }
}

function kindOf(thrown: unknown, text: string): FailureKind {
  if (!isReply(thrown)) return thrown instanceof Error && isProtocolError(thrown) ? 'garbage' : 'unreachable'
  if (/^(NOAUTH|WRONGPASS)\b/.test(text)) return 'auth'
  if (/^ERR unknown command/i.test(text)) return 'not-sentinel'
  return 'denied'
}

function reasonOf(sentinel: string, kind: FailureKind, text: string): string {
  switch (kind) {
    case 'unreachable':
      return `cannot reach Sentinel ${sentinel}: ${text}`
    case 'silent':
      return `Sentinel ${sentinel} did not answer within ${text}`
    case 'auth':
      return text.startsWith('NOAUTH')
        ? `Sentinel ${sentinel} wants a password and none is given: the Sentinels' own, not that of Redis (${text})`
        : `Sentinel ${sentinel} refuses the user or password given for the Sentinels (${text})`
    case 'denied':
      return `Sentinel ${sentinel} refuses: ${text}`
    case 'not-sentinel':
      return `${sentinel} is not a Sentinel but a redis-server or the like: it answered ${text}`
    case 'garbage':
      return `${sentinel} does not answer as a Sentinel does: ${text}`
  }
}

// ioredis names an error reply so; every other error is of the connection or of the decoder.
function isReply(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'ReplyError'
}

// Its decoder and its queue of replies say so when the peer sent what does not fit; all else is of the connection.
function isProtocolError(error: Error): boolean {
  return /Please report this\.$|^Command queue state error/.test(error.message)
}

// A name with several addresses fails with one error for each, in an AggregateError that has no text of its own.
function oneLine(thrown: unknown): string {
  const parts: unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown]
  const [line = ''] = parts
    .map(messageOf)
    .join(', ')
    .split(/[\r\n]/)
  return line.length > longestText ? `${line.slice(0, longestText)}...` : line
}
