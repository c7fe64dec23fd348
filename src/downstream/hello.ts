// HELLO [protover [AUTH username password] [SETNAME clientname]] (Redis docs, command HELLO): the first thing that
// most of today's clients send.
import * as replies from '../resp/replies.ts'
import { isClientName } from './client-commands.ts'
import type { HereContext } from './here.ts'
import { integerOf } from './integer-word.ts'
import type { Session } from './session.ts'
import type { SessionUser } from './session-state.ts'
import { isAtLeast } from './version.ts'

type Options = {
  readonly protocol: 2 | 3
  readonly user: SessionUser | undefined
  readonly name: string | undefined
}

export function hello(session: Session, words: readonly Buffer[], context: HereContext): void {
  const options = readOptions(words, session.state.protocol)
  if (Buffer.isBuffer(options)) {
    session.answer(options)
    return
  }
  const { user } = options
  if (user === undefined) {
    if (session.state.isAuthenticated) session.answer(accept(session, options, context))
    else session.answer(notAuthenticated(context))
    return
  }
  session.park((done) => {
    context.access.authenticate(user, session.state.identity, (identity) => {
      if (Buffer.isBuffer(identity)) {
        done(identity)
        return
      }
      session.state.identity = identity
      session.state.isAuthenticated = true
      done(accept(session, options, context))
    })
  })
}

function notAuthenticated({ serverVersion }: HereContext): Buffer {
  return isAtLeast(serverVersion(), [7, 2]) ? replies.helloNotAuthenticated : replies.helloNotAuthenticatedOld
}

function accept(session: Session, { protocol, name }: Options, context: HereContext): Buffer {
  const { state } = session
  if (protocol !== state.protocol) session.requests.own.tell('HELLO', String(protocol))
  state.identity = { ...state.identity, protocol }
  if (name !== undefined) state.name = name
  return replies.map(protocol, [
    ['server', replies.bulk('redis')],
    ['version', replies.bulk(context.serverVersion())],
    ['proto', replies.integer(protocol)],
    ['id', replies.integer(state.id)],
    ['mode', replies.bulk('standalone')],
    ['role', replies.bulk('master')],
    ['modules', replies.array([])]
  ])
}

/** What is asked for, or the error reply. */
function readOptions(words: readonly Buffer[], current: 2 | 3): Options | Buffer {
  if (words[1] === undefined) return { protocol: current, user: undefined, name: undefined }
  const protocol = integerOf(words[1])
  if (protocol === undefined) return replies.badProtocolVersion
  if (protocol !== 2 && protocol !== 3) return replies.noProto
  const options = readNamed(words)
  return Buffer.isBuffer(options) ? options : { protocol, ...options }
}

/** AUTH and SETNAME, in any order. */
function readNamed(words: readonly Buffer[]): Omit<Options, 'protocol'> | Buffer {
  let user: SessionUser | undefined
  let name: string | undefined
  for (let at = 2; at < words.length;) {
    const [option, first, second] = words.slice(at, at + 3).map((word) => word.toString('utf8'))
    if (option?.toLowerCase() === 'auth' && first !== undefined && second !== undefined) {
      user = { username: first, password: second }
      at += 3
    } else if (option?.toLowerCase() === 'setname' && first !== undefined) {
      if (!isClientName(first)) return replies.badClientName
      name = first
      at += 2
    } else {
      return replies.error(`ERR Syntax error in HELLO option '${option ?? ''}'`)
    }
  }
  return { user, name }
}
