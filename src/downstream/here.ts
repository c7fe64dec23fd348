// The proxy's own answers: what concerns the client's connection, which ends here and not at Redis. One row per
// command, worded as Redis words it.
import type { Clock } from '../clock.ts'
import type { Command } from '../command/commands.ts'
import type { Reply } from '../resp/decode.ts'
import { wordsOf } from '../command/words.ts'
import * as replies from '../resp/replies.ts'
import type { RequestFramer } from '../resp/request-framer.ts'
import type { Access } from './access.ts'
import { clientAnswers } from './client-commands.ts'
import { hello } from './hello.ts'
import { integerOf } from './integer-word.ts'
import type { Monitors } from './monitors.ts'
import type { Pause } from './pause.ts'
import { pubsubAnswers } from './pubsub-commands.ts'
import { FIRST_IDENTITY } from './session-state.ts'
import type { Session } from './session.ts'
import type { Subscriptions } from './subscriptions.ts'
import { isAtLeast } from './version.ts'

export type HereContext = {
  readonly clock: Clock
  readonly access: Access
  readonly pause: Pause
  readonly subscriptions: Subscriptions
  readonly monitors: Monitors
  /** The version of Redis behind the proxy: for HELLO, and for what only later versions know. */
  readonly serverVersion: () => string
  /** Asks the master on a connection of the proxy itself, past what other clients wait for there. */
  readonly askMaster: (words: readonly string[], done: (reply: Reply) => void) => void
  /** The name of the proxy's own user, which sessions are that have not authenticated as another one. */
  readonly serviceUser: string
  /** Every session of the proxy by its id. */
  readonly sessions: () => ReadonlyMap<number, Session>
  readonly isOpenTo: (session: Session) => boolean
  /** Ends a call that blocks the session of this id; `done` hears whether there was one. */
  readonly unblock: (id: number, how: 'timeout' | 'error', done: (wasBlocked: boolean) => void) => void
}

export type Answer = (session: Session, words: readonly Buffer[], context: HereContext) => void

/** At least and at most so many words, the name included; unknown to versions of Redis before `since`. */
export type Row = {
  readonly least: number
  readonly most: number
  readonly answer: Answer
  readonly since?: readonly [major: number, minor: number]
  /**
   * A form of the command that does nothing. Redis is asked it as the session's own user, if it has one: what its ACL
   * forbids there, the proxy must not do here.
   */
  readonly harmless?: readonly string[]
}

const ANY = Number.MAX_SAFE_INTEGER

// prettier-ignore
const rows: Readonly<Record<string, Row>> = {
  ping:   { least: 1, most: 2,   answer: ping },
  echo:   { least: 2, most: 2,   answer: (session, words) => { session.answer(replies.bulk(words[1] as Buffer)) } },
  select: { least: 2, most: 2,   answer: select },
  auth:   { least: 2, most: ANY, answer: auth },
  hello:  { least: 1, most: ANY, answer: hello },
  reset:  { least: 1, most: 1,   answer: reset },
  quit:   { least: 1, most: ANY, answer: quit },
  monitor: { least: 1, most: 1, answer: monitor },
  'script|kill':   { least: 2, most: 2, answer: killScript },
  'function|kill': { least: 2, most: 2, answer: killScript },
  post:    { least: 0, most: ANY, answer: session => { session.close('protocol_error') } },
  'host:': { least: 0, most: ANY, answer: session => { session.close('protocol_error') } },
  ...clientAnswers,
  ...pubsubAnswers
}

/** Builds the function that answers a command whose row says `here`. */
export function answerHere(
  context: HereContext
): (command: Command, request: RequestFramer, session: Session) => void {
  return (command, request, session) => {
    const row = rows[command.name]
    const words = wordsOf(request)
    if (row === undefined || !isKnown(row, context)) session.answer(unknown(command.name, words))
    else if (words.length < row.least || words.length > row.most)
      session.answer(replies.wrongArguments(command.name))
    else if (row.harmless === undefined || session.state.identity.user === undefined)
      row.answer(session, words, context)
    else answerIfPermitted(row, session, words, context)
  }
}

function answerIfPermitted(row: Row, session: Session, words: readonly Buffer[], context: HereContext): void {
  session.wait((goOn) => {
    context.access.permit(session.state.identity, row.harmless ?? [], (refusal) => {
      goOn(() => {
        if (refusal === undefined) row.answer(session, words, context)
        else session.answer(inItsName(refusal, words))
      })
    })
  })
}

// The error names the command that was asked of Redis, which may be another one.
function inItsName(refusal: Buffer, words: readonly Buffer[]): Buffer {
  const name = words.slice(0, 2).map(text).join('|').toLowerCase()
  return Buffer.from(refusal.toString().replace(/'client\|[a-z-]+'/, `'${name}'`))
}

function isKnown({ since }: Row, { serverVersion }: HereContext): boolean {
  return since === undefined || isAtLeast(serverVersion(), since)
}

function unknown(name: string, words: readonly Buffer[]): Buffer {
  const [container, subcommand] = name.split('|') as [string, string | undefined]
  return subcommand === undefined
    ? replies.needsOwnLane(container)
    : replies.unknownSubcommand(container, text(words[1]))
}

function ping(session: Session, words: readonly Buffer[]): void {
  const { isSubscriber, protocol } = session.state
  if (isSubscriber && protocol === 2)
    session.answer(replies.array([replies.bulk('pong'), replies.bulk(words[1] ?? '')]))
  else session.answer(words[1] === undefined ? replies.pong : replies.bulk(words[1]))
}

function monitor(session: Session, _words: readonly Buffer[], { monitors }: HereContext): void {
  session.parkInTurn((done) => {
    monitors.start(session, done)
  })
}

// On a shared lane it would wait behind the very script that it is to end.
function killScript(session: Session, words: readonly Buffer[], context: HereContext): void {
  const { user } = session.state.identity
  const asked = words.map(text)
  session.park((done) => {
    const answer = (reply: Reply | undefined): void => {
      done(reply instanceof Error ? replies.error(reply.message) : replies.ok)
    }
    if (user === undefined) context.askMaster(asked, answer)
    else
      context.access.permit({ user, database: 0, protocol: 2 }, asked, (refusal, reply) => {
        if (refusal === undefined) answer(reply)
        else done(refusal)
      })
  })
}

function quit(session: Session, _words: readonly Buffer[], context: HereContext): void {
  stopListening(session, context)
  session.answer(replies.ok)
  session.end('quit')
}

function select(session: Session, words: readonly Buffer[], context: HereContext): void {
  const database = databaseOf(words[1])
  if (Buffer.isBuffer(database)) {
    session.answer(database)
    return
  }
  session.park((done) => {
    context.access.select(database, session.state.identity, (identity) => {
      if (!Buffer.isBuffer(identity)) {
        session.requests.own.tell('SELECT', String(database))
        session.state.identity = identity
      }
      done(Buffer.isBuffer(identity) ? identity : replies.ok)
    })
  })
}

/** The number, or the error reply; how many databases there are Redis itself says. */
function databaseOf(word: Buffer | undefined): number | Buffer {
  const database = integerOf(word)
  if (database === undefined) return replies.notAnInteger
  if (database < -(2 ** 31) || database >= 2 ** 31) return replies.notAnInt32
  return database < 0 ? replies.databaseOutOfRange : database
}

function auth(session: Session, words: readonly Buffer[], context: HereContext): void {
  if (words.length > 3) {
    session.answer(replies.syntaxError)
    return
  }
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
  session.state.identity = FIRST_IDENTITY
  session.state.isAuthenticated = context.isOpenTo(session)
  session.state.name = ''
  if (session.requests.queue.mode === 'off') session.requests.queue.mode = 'on'
  session.requests.reset()
  stopListening(session, context)
  session.answer(replies.reset)
}

function stopListening({ state }: Session, { subscriptions, monitors }: HereContext): void {
  subscriptions.leave(state)
  monitors.leave(state)
}

export function text(word: Buffer | undefined): string {
  return word?.toString('utf8') ?? ''
}
