// CLIENT KILL: closes sessions of the proxy, never connections of Redis, which many sessions share.
import * as replies from '../resp/replies.ts'
import { addressOf, localAddressOf, userOf } from './client-line.ts'
import { clientTypeOf, isOfType } from './client-list.ts'
import { text, type HereContext } from './here.ts'
import { integerOf } from './integer-word.ts'
import type { Session } from './session.ts'
import { isAtLeast } from './version.ts'

type Test = (session: Session) => boolean

/** One test for each kind of filter: of one that is given twice, the last holds, as in Redis. */
type Filters = {
  readonly tests: Map<string, Test>
  skipsSelf: boolean
  /** As whom no session is here: whether there is such a user only Redis knows. */
  stranger: string | undefined
}

export function kill(session: Session, words: readonly Buffer[], context: HereContext): void {
  if (words.length === 3) {
    killAt(session, text(words[2]), context)
    return
  }
  const filters = readFilters(words, context)
  if (Buffer.isBuffer(filters)) session.answer(filters)
  else if (filters.stranger === undefined) killBy(session, filters, context)
  else killByStranger(session, filters.stranger, context)
}

/** The old form: one address, which may be the client's own. */
function killAt(session: Session, address: string, context: HereContext): void {
  const killed = close(
    session,
    sessionsOf(context).filter((each) => addressOf(each) === address)
  )
  session.answer(killed.count === 0 ? replies.error('ERR No such client') : replies.ok)
  if (killed.self) session.end('killed')
}

function killBy(session: Session, filters: Filters, context: HereContext): void {
  const tests = [...filters.tests.values()]
  const chosen = sessionsOf(context).filter((each) => tests.every((test) => test(each)))
  const killed = close(session, filters.skipsSelf ? chosen.filter((each) => each !== session) : chosen)
  session.answer(replies.integer(killed.count))
  if (killed.self) session.end('killed')
}

function killByStranger(session: Session, name: string, context: HereContext): void {
  session.wait((goOn) => {
    context.askMaster(['ACL', 'GETUSER', name], (user) => {
      goOn(() => {
        session.answer(user === null ? replies.error(`ERR No such user '${name}'`) : replies.integer(0))
      })
    })
  })
}

// Who asks still gets the reply.
function close(asker: Session, chosen: readonly Session[]): { count: number; self: boolean } {
  for (const session of chosen) if (session !== asker) session.close('killed')
  return { count: chosen.length, self: chosen.includes(asker) }
}

function sessionsOf(context: HereContext): Session[] {
  return [...context.sessions().values()]
}

function readFilters(words: readonly Buffer[], context: HereContext): Filters | Buffer {
  const filters: Filters = { tests: new Map(), skipsSelf: true, stranger: undefined }
  for (let at = 2; at < words.length; at += 2) {
    const refusal = readFilter(filters, words.slice(at, at + 2), context)
    if (refusal !== undefined) return refusal
  }
  return filters
}

function readFilter(
  filters: Filters,
  [word, value]: readonly Buffer[],
  context: HereContext
): Buffer | undefined {
  const name = text(word).toLowerCase()
  if (value === undefined) return replies.syntaxError
  if (name === 'skipme') return readSkip(filters, value)
  const test = readers.get(name)?.(value, context)
  if (test === undefined) return replies.syntaxError
  if (Buffer.isBuffer(test)) return test
  filters.tests.set(name, test)
  if (name === 'user') filters.stranger = sessionsOf(context).some(test) ? undefined : text(value)
  return undefined
}

function readSkip(filters: Filters, value: Buffer): Buffer | undefined {
  const answer = text(value).toLowerCase()
  if (answer !== 'yes' && answer !== 'no') return replies.syntaxError
  filters.skipsSelf = answer === 'yes'
  return undefined
}

/** The test that a filter asks for, or the error reply; undefined if this version of Redis has no such filter. */
type Reader = (value: Buffer, context: HereContext) => Test | Buffer | undefined

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['id', ofId],
  ['type', ofType],
  ['addr', (value) => (session) => addressOf(session) === text(value)],
  ['laddr', (value) => (session) => localAddressOf(session) === text(value)],
  ['user', ofUser],
  ['maxage', ofAge]
])

function ofId(value: Buffer): Test | Buffer {
  const id = integerOf(value) ?? 0
  if (id < 1) return replies.error('ERR client-id should be greater than 0')
  return (session) => session.state.id === id
}

function ofType(value: Buffer): Test | Buffer {
  const type = clientTypeOf(value)
  return Buffer.isBuffer(type) ? type : (session) => isOfType(session, type)
}

function ofUser(value: Buffer, { serviceUser }: HereContext): Test {
  const name = text(value)
  return (session) => userOf(session, serviceUser) === name
}

function ofAge(value: Buffer, context: HereContext): Test | Buffer | undefined {
  if (!isAtLeast(context.serverVersion(), [7, 4])) return undefined
  const age = integerOf(value)
  if (age === undefined) return replies.error('ERR maxage is not an integer or out of range')
  if (age < 1) return replies.error('ERR maxage should be greater than 0')
  const nowMs = context.clock.now()
  return (session) => (nowMs - session.state.connectedAtMs) / 1000 >= age
}
