// What a session may not ask, as Redis words it.
import t from 'tap'
import { CommandTable, unknownCommand } from '../../../src/command/commands.ts'
import { refusalOf } from '../../../src/downstream/refusals.ts'
import { SessionState } from '../../../src/downstream/session-state.ts'

const table = new CommandTable([
  { name: 'get', flags: ['readonly'], arity: 2 },
  { name: 'del', flags: ['write'], arity: -2 },
  { name: 'client', flags: [], arity: -2 },
  { name: 'client|id', flags: [], arity: 2 }
])

function subscriber(protocol: 2 | 3): SessionState {
  const state = new SessionState(1, true, 0)
  state.identity = { ...state.identity, protocol }
  state.subscriptions.pattern = 1
  return state
}

const ask = (name: string, words: number, state: SessionState): string | undefined =>
  refusalOf(table.get(name)!, words, state)?.toString().trim()

t.test('a subscriber of RESP2 may only do what Redis lets it', async (t) => {
  const state = subscriber(2)
  for (const name of ['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'ping', 'quit', 'reset'])
    t.equal(ask(name, 1, state), undefined, name)
  t.equal(
    ask('client|id', 2, state),
    "-ERR Can't execute 'client|id': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
  )
  t.match(ask('exec', 1, state), /^-EXECABORT Transaction discarded because of: Can't execute 'exec'/)
  t.match(ask('del', 5, state), /^-ERR Can't execute 'del'/)
})

t.test('what is wrong with the command itself Redis says first', async (t) => {
  const state = subscriber(2)
  t.equal(ask('get', 1, state), "-ERR wrong number of arguments for 'get' command")
  t.equal(ask('del', 1, state), "-ERR wrong number of arguments for 'del' command")
  t.equal(refusalOf(unknownCommand, 3, state), undefined, 'Redis says what it does not know')
  t.equal(ask('client', 2, state), undefined, 'and which subcommand')
})

t.test('a subscriber of RESP3, and who is none, may do everything', async (t) => {
  t.equal(ask('get', 2, subscriber(3)), undefined)
  t.equal(ask('get', 2, new SessionState(1, true, 0)), undefined)
})

t.test('who has not authenticated may hardly do anything', async (t) => {
  const state = new SessionState(1, false, 0)
  t.match(ask('subscribe', 2, state), /^-NOAUTH /)
  t.equal(ask('hello', 1, state), undefined)
})
