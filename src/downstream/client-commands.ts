// CLIENT ... about the proxy's own sessions: the connection the client knows ends here.
import * as replies from '../resp/replies.ts'
import type { HereContext } from './here.ts'
import type { Session } from './session.ts'

type ClientRow = {
  readonly least: number
  readonly most: number
  readonly answer: (session: Session, words: readonly Buffer[], context: HereContext) => void
}

// prettier-ignore
export const clientAnswers: Readonly<Record<string, ClientRow>> = {
  'client|id':       { least: 2, most: 2, answer: session => { session.answer(replies.integer(session.state.id)) } },
  'client|getname':  { least: 2, most: 2, answer: getName },
  'client|setname':  { least: 3, most: 3, answer: setName },
  'client|setinfo':  { least: 4, most: 4, answer: setInfo },
  'client|no-evict': { least: 3, most: 3, answer: accept },
  'client|no-touch': { least: 3, most: 3, answer: accept }
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
  const name = words[2]?.toString('utf8') ?? ''
  if (isClientName(name)) session.state.name = name
  session.answer(isClientName(name) ? replies.ok : replies.badClientName)
}

function setInfo(session: Session, words: readonly Buffer[]): void {
  const option = words[2]?.toString('utf8').toLowerCase() ?? ''
  const value = words[3]?.toString('utf8') ?? ''
  if (option !== 'lib-name' && option !== 'lib-ver') {
    session.answer(replies.error(`ERR Unrecognized option '${words[2]?.toString('utf8') ?? ''}'`))
  } else if (!isClientName(value)) {
    session.answer(replies.error(`ERR ${option} cannot contain spaces, newlines or special characters.`))
  } else {
    if (option === 'lib-name') session.state.libraryName = value
    else session.state.libraryVersion = value
    session.answer(replies.ok)
  }
}

// NO-EVICT and NO-TOUCH speak of one connection to Redis, which sessions share: accepted, and without effect.
function accept(session: Session, words: readonly Buffer[]): void {
  const value = words[2]?.toString('latin1').toLowerCase()
  session.answer(value === 'on' || value === 'off' ? replies.ok : replies.syntaxError)
}
