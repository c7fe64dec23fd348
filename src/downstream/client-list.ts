// CLIENT LIST and CLIENT INFO: the proxy's own sessions in Redis' own format.
import * as replies from '../resp/replies.ts'
import { clientLine, type ClientView } from './client-line.ts'
import { text, type HereContext } from './here.ts'
import { integerOf } from './integer-word.ts'
import type { Session } from './session.ts'
import { isAtLeast } from './version.ts'

const CLIENT_TYPES = ['normal', 'pubsub', 'master', 'replica', 'slave'] as const

export type ClientType = (typeof CLIENT_TYPES)[number]

/** Which sessions are meant: the type, or the error reply. */
export function clientTypeOf(word: Buffer | undefined): ClientType | Buffer {
  const name = text(word).toLowerCase()
  return (
    CLIENT_TYPES.find((type) => type === name) ?? replies.error(`ERR Unknown client type '${text(word)}'`)
  )
}

/** Masters and replicas connect to Redis, never to the proxy. */
export function isOfType({ state }: Session, type: ClientType): boolean {
  return type === (state.isSubscriber ? 'pubsub' : 'normal')
}

export function info(session: Session, _words: readonly Buffer[], context: HereContext): void {
  session.answer(replies.verbatim(session.state.protocol, clientLine(session, viewOf(context))))
}

export function list(session: Session, words: readonly Buffer[], context: HereContext): void {
  const chosen = choose(words, context.sessions())
  if (Buffer.isBuffer(chosen)) {
    session.answer(chosen)
    return
  }
  const view = viewOf(context)
  const lines = chosen.map((each) => clientLine(each, view)).join('')
  session.answer(replies.verbatim(session.state.protocol, lines))
}

function viewOf({ clock, serviceUser, serverVersion }: HereContext): ClientView {
  return { nowMs: clock.now(), serviceUser, hasLibrary: isAtLeast(serverVersion(), [7, 2]) }
}

function choose(words: readonly Buffer[], sessions: ReadonlyMap<number, Session>): Session[] | Buffer {
  const [, , option, ...values] = words
  const name = text(option).toLowerCase()
  if (option === undefined) return [...sessions.values()]
  if (name === 'type' && values.length === 1) return ofType(values[0], sessions)
  if (name === 'id' && values.length > 0) return withIds(values, sessions)
  return replies.syntaxError
}

function ofType(word: Buffer | undefined, sessions: ReadonlyMap<number, Session>): Session[] | Buffer {
  const type = clientTypeOf(word)
  return Buffer.isBuffer(type) ? type : [...sessions.values()].filter((session) => isOfType(session, type))
}

// Each id as often as it is named, as Redis does.
function withIds(words: readonly Buffer[], sessions: ReadonlyMap<number, Session>): Session[] | Buffer {
  const ids = words.map(integerOf)
  if (ids.includes(undefined)) return replies.error('ERR Invalid client ID')
  return ids.flatMap((id) => sessions.get(id ?? 0) ?? [])
}
