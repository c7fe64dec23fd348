// How long a blocking command may still wait, when it is issued again on another master. Pure. The time-out stands
// last, first, or behind BLOCK (Redis docs of each command); 0 is for ever.
import type { RequestBytes } from '../exchange.ts'
import { encode } from '../resp/decode.ts'
import { wordsOf } from './words.ts'

type Place = 'last' | 'first' | 'block'
type Unit = 'seconds' | 'milliseconds'

const TIMEOUTS: Readonly<Record<string, readonly [Place, Unit]>> = {
  blpop: ['last', 'seconds'],
  brpop: ['last', 'seconds'],
  blmove: ['last', 'seconds'],
  brpoplpush: ['last', 'seconds'],
  bzpopmin: ['last', 'seconds'],
  bzpopmax: ['last', 'seconds'],
  blmpop: ['first', 'seconds'],
  bzmpop: ['first', 'seconds'],
  xread: ['block', 'milliseconds'],
  xreadgroup: ['block', 'milliseconds'],
  wait: ['last', 'milliseconds'],
  waitaof: ['last', 'milliseconds']
}

/** The words of a blocking request with what is left of its time-out; as they are if it has none that is known. */
function withTimeLeft(words: readonly Buffer[], elapsedMs: number): readonly Buffer[] {
  const [place, unit] = TIMEOUTS[words[0]?.toString('latin1').toLowerCase() ?? ''] ?? []
  const index = place === undefined ? -1 : indexOf(place, words)
  const timeout = Number(words[index]?.toString('latin1'))
  if (!(timeout > 0)) return words
  // Never 0, which would be for ever.
  const leftMs = Math.max(1, (unit === 'seconds' ? timeout * 1000 : timeout) - elapsedMs)
  const left = unit === 'seconds' ? (leftMs / 1000).toFixed(3) : String(Math.ceil(leftMs))
  return words.with(index, Buffer.from(left))
}

function indexOf(place: Place, words: readonly Buffer[]): number {
  if (place === 'last') return words.length - 1
  if (place === 'first') return 1
  return words.findIndex((word) => word.toString('latin1').toLowerCase() === 'block') + 1
}

/** WAIT and WAITAOF speak of the writes of the connection on which they are sent. */
export function isWait(request: RequestBytes): boolean {
  return wordsOf(request)[0]?.toString('latin1').toLowerCase().startsWith('wait') ?? false
}

/** The request with what is left of its time-out. */
export function shortened(request: RequestBytes, elapsedMs: number): RequestBytes {
  const bytes = encode(...withTimeLeft(wordsOf(request), elapsedMs))
  return { bytes, start: 0, end: bytes.length, parts: undefined, size: bytes.length }
}
