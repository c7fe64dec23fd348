// The proxy's own answers: what concerns the client's connection, which ends here and not at Redis. One row per
// command, worded as Redis words it.
import type { Command } from '../command/commands.ts'
import * as replies from '../resp/replies.ts'
import type { RequestFramer } from '../resp/request-framer.ts'
import type { Access } from './access.ts'
import { clientAnswers } from './client-commands.ts'
import { hello } from './hello.ts'
import type { Session } from './session.ts'

export type HereContext = {
  readonly access: Access
  /** The version of Redis behind the proxy, for HELLO. */
  readonly serverVersion: () => string
  readonly isOpenTo: (session: Session) => boolean
}

export type Answer = (session: Session, words: readonly Buffer[], context: HereContext) => void

/** At least and at most so many words, the name included. */
type Row = { readonly least: number; readonly most: number; readonly answer: Answer }

const ANY = Number.MAX_SAFE_INTEGER

// prettier-ignore
const rows: Readonly<Record<string, Row>> = {
  ping:   { least: 1, most: 2,   answer: ping },
  echo:   { least: 2, most: 2,   answer: (session, words) => { session.answer(replies.bulk(words[1] as Buffer)) } },
  select: { least: 2, most: 2,   answer: select },
  auth:   { least: 2, most: 3,   answer: auth },
  hello:  { least: 1, most: ANY, answer: hello },
  reset:  { least: 1, most: 1,   answer: reset },
  quit:   { least: 1, most: ANY, answer: quit },
  ...clientAnswers
}

/** Builds the function that answers a command whose row says `here`. */
export function answerHere(
  context: HereContext
): (command: Command, request: RequestFramer, session: Session) => void {
  return (command, request, session) => {
    const row = rows[command.name]
    const words = wordsOf(request)
    if (row === undefined) session.answer(unknown(command.name, words))
    else if (words.length < row.least || words.length > row.most)
      session.answer(replies.wrongArguments(command.name))
    else row.answer(session, words, context)
  }
}

/** Longer requests than this are none that the proxy answers itself. */
const MAX_WORDS = 1024

function wordsOf(request: RequestFramer): Buffer[] {
  const words: Buffer[] = []
  for (let index = 0; index < Math.min(request.argumentCount, MAX_WORDS); index++) {
    words.push(request.argument(index) ?? Buffer.alloc(0))
  }
  return words
}

function unknown(name: string, words: readonly Buffer[]): Buffer {
  const [container, subcommand] = name.split('|') as [string, string | undefined]
  return subcommand === undefined
    ? replies.needsOwnLane(container)
    : replies.unknownSubcommand(container, text(words[1]))
}

function ping(session: Session, words: readonly Buffer[]): void {
  session.answer(words[1] === undefined ? replies.pong : replies.bulk(words[1]))
}

function quit(session: Session): void {
  session.answer(replies.ok)
  session.end('quit')
}

function select(session: Session, words: readonly Buffer[], context: HereContext): void {
  const database = text(words[1])
  if (!/^\d{1,9}$/.test(database)) {
    session.answer(replies.invalidDatabase)
    return
  }
  session.park((done) => {
    context.access.select(Number(database), session.state.identity, (identity) => {
      if (!Buffer.isBuffer(identity)) session.state.identity = identity
      done(Buffer.isBuffer(identity) ? identity : replies.ok)
    })
  })
}

function auth(session: Session, words: readonly Buffer[], context: HereContext): void {
  const user =
    words.length === 2
      ? { username: undefined, password: text(words[1]) }
      : { username: text(words[1]), password: text(words[2]) }
  session.park((done) => {
    context.access.authenticate(user, session.state.identity, (identity) => {
      if (!Buffer.isBuffer(identity)) {
        session.state.identity = identity
        session.state.isAuthenticated = true
      }
      done(Buffer.isBuffer(identity) ? identity : replies.ok)
    })
  })
}

function reset(session: Session, _words: readonly Buffer[], context: HereContext): void {
  session.state.identity = { user: undefined, database: 0, protocol: 2 }
  session.state.isAuthenticated = context.isOpenTo(session)
  session.state.name = ''
  session.resetRequests()
  session.answer(replies.reset)
}

export function text(word: Buffer | undefined): string {
  return word?.toString('utf8') ?? ''
}
