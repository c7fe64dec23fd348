// CLIENT PAUSE and UNPAUSE as Redis reads them; pause.ts does what they ask for.
import * as replies from '../resp/replies.ts'
import { text, type HereContext } from './here.ts'
import { integerOf } from './integer-word.ts'
import type { PauseMode } from './pause.ts'
import type { Session } from './session.ts'

/** Redis adds the Unix time in milliseconds, and has 64 bits for the sum. */
const LONGEST_MS = 2 ** 63 - 2 ** 42

export function pause(session: Session, words: readonly Buffer[], context: HereContext): void {
  const mode = modeOf(words)
  const durationMs = integerOf(words[2])
  if (Buffer.isBuffer(mode)) session.answer(mode)
  else if (durationMs === undefined)
    session.answer(replies.error('ERR timeout is not an integer or out of range'))
  else if (durationMs < 0) session.answer(replies.error('ERR timeout is negative'))
  else if (durationMs > LONGEST_MS) session.answer(replies.error('ERR timeout is out of range'))
  else {
    context.pause.start(durationMs, mode)
    session.answer(replies.ok)
  }
}

export function unpause(session: Session, _words: readonly Buffer[], context: HereContext): void {
  session.answer(replies.ok)
  context.pause.end()
}

function modeOf(words: readonly Buffer[]): PauseMode | Buffer {
  if (words[3] === undefined) return 'all'
  if (words[4] !== undefined) return replies.subcommandSyntax('client', text(words[1]))
  const mode = text(words[3]).toLowerCase()
  if (mode === 'write' || mode === 'all') return mode
  return replies.error('ERR CLIENT PAUSE mode must be WRITE or ALL')
}
