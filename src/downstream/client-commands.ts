// CLIENT ... about the proxy's own sessions: the connection the client knows ends here.
import * as replies from '../resp/replies.ts'
import { kill } from './client-kill.ts'
import { info, list } from './client-list.ts'
import { pause, unpause } from './client-pause.ts'
import { text, type Answer, type HereContext, type Row } from './here.ts'
import { integerOf } from './integer-word.ts'
import type { Session } from './session.ts'

const ANY = Number.MAX_SAFE_INTEGER
const since7 = [7, 0] as const
const since72 = [7, 2] as const

// prettier-ignore
export const clientAnswers: Readonly<Record<string, Row>> = {
  'client':              { least: 2, most: ANY, answer: unknown },
  'client|id':           { least: 2, most: 2,   answer: session => { session.answer(replies.integer(session.state.id)) } },
  'client|info':         { least: 2, most: 2,   answer: info },
  'client|list':         { least: 2, most: ANY, answer: list, harmless: ['CLIENT', 'LIST', 'ID', '0'] },
  'client|kill':         { least: 3, most: ANY, answer: kill, harmless: ['CLIENT', 'KILL', 'ID', '0'] },
  'client|reply':        { least: 3, most: 3,   answer: reply },
  'client|pause':        { least: 3, most: ANY, answer: pause, harmless: ['CLIENT', 'PAUSE', 'none'] },
  'client|unpause':      { least: 2, most: 2,   answer: unpause, harmless: ['CLIENT', 'PAUSE', 'none'] },
  'client|unblock':      { least: 3, most: ANY, answer: unblock, harmless: ['CLIENT', 'UNBLOCK', '0'] },
  'client|getname':      { least: 2, most: 2,   answer: getName },
  'client|setname':      { least: 3, most: 3,   answer: setName },
  'client|setinfo':      { least: 4, most: 4,   answer: setInfo, since: since72 },
  'client|no-evict':     { least: 3, most: 3,   answer: marks('isNoEvict'), since: since7, harmless: ['CLIENT', 'NO-EVICT', 'none'] },
  'client|no-touch':     { least: 3, most: 3,   answer: marks('isNoTouch'), since: since72 },
  'client|getredir':     { least: 2, most: 2,   answer: session => { session.answer(replies.integer(-1)) } },
  'client|trackinginfo': { least: 2, most: 2,   answer: trackingInfo }
}

function unknown(session: Session, words: readonly Buffer[]): void {
  session.answer(replies.unknownSubcommand('client', text(words[1])))
}

/** Redis takes printable characters without spaces; an empty name takes the name away. */
export function isClientName(name: string): boolean {
  return /^[!-~]*$/.test(name)
}

function getName(session: Session): void {
  const { name, protocol } = session.state
  session.answer(name === '' ? replies.nullBulk(protocol) : replies.bulk(name))
}

function setName(session: Session, words: readonly Buffer[]): void {
  const name = text(words[2])
  if (isClientName(name)) session.state.name = name
  session.answer(isClientName(name) ? replies.ok : replies.badClientName)
}

function setInfo(session: Session, words: readonly Buffer[]): void {
  const option = text(words[2]).toLowerCase()
  const value = text(words[3])
  if (option !== 'lib-name' && option !== 'lib-ver') {
    session.answer(replies.error(`ERR Unrecognized option '${text(words[2])}'`))
  } else if (!isClientName(value)) {
    session.answer(replies.error(`ERR ${option} cannot contain spaces, newlines or special characters.`))
  } else {
    if (option === 'lib-name') session.state.libraryName = value
    else session.state.libraryVersion = value
    session.answer(replies.ok)
  }
}

// NO-EVICT and NO-TOUCH speak of one connection to Redis, which sessions share: accepted, shown, and without effect.
function marks(mark: 'isNoEvict' | 'isNoTouch'): Answer {
  return (session, words) => {
    const value = text(words[2]).toLowerCase()
    const isKnown = value === 'on' || value === 'off'
    if (isKnown) session.state[mark] = value === 'on'
    session.answer(isKnown ? replies.ok : replies.syntaxError)
  }
}

/** ON answers, OFF and SKIP do not; what was asked before keeps its reply. */
function reply(session: Session, words: readonly Buffer[]): void {
  switch (text(words[2]).toLowerCase()) {
    case 'on':
      session.requests.queue.mode = 'on'
      session.answer(replies.ok)
      break
    case 'off':
      session.requests.queue.mode = 'off'
      break
    case 'skip':
      if (session.requests.queue.mode !== 'off') session.requests.queue.mode = 'skip'
      break
    default:
      session.answer(replies.syntaxError)
  }
}

function unblock(session: Session, words: readonly Buffer[], context: HereContext): void {
  const [, , id, reason, more] = words
  const how = reason === undefined ? 'timeout' : text(reason).toLowerCase()
  const target = integerOf(id)
  if (more !== undefined) session.answer(replies.subcommandSyntax('client', text(words[1])))
  else if (how !== 'timeout' && how !== 'error')
    session.answer(replies.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR'))
  else if (target === undefined) session.answer(replies.notAnInteger)
  else {
    session.park((done) => {
      context.unblock(target, how, (wasBlocked) => {
        done(replies.integer(wasBlocked ? 1 : 0))
      })
    })
  }
}

function trackingInfo(session: Session): void {
  const { protocol } = session.state
  session.answer(
    replies.map(protocol, [
      ['flags', replies.set(protocol, [replies.bulk('off')])],
      ['redirect', replies.integer(-1)],
      ['prefixes', replies.array([])]
    ])
  )
}
