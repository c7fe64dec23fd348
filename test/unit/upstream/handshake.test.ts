import t from 'tap'
import {
  Handshake,
  type HandshakeFailure,
  type LaneIdentity,
  type Role
} from '../../../src/upstream/handshake.ts'

const service = { username: undefined, password: 'service' }
const nobody: LaneIdentity = { user: undefined, database: 0, protocol: 2 }
const alice: LaneIdentity = { user: { username: 'alice', password: 'a' }, database: 3, protocol: 3 }

const MASTER = '*3\r\n$6\r\nmaster\r\n:1\r\n*0\r\n'
const REPLICA = '*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:1\r\n'

const said = (handshake: Handshake): string =>
  handshake.request
    .toString()
    .replaceAll(/\*\d+\r\n|\$\d+\r\n/g, '')
    .replaceAll('\r\n', ' ')

/** The failure of the step at which these replies stop it, or whether it is done. */
function shake(handshake: Handshake, replies: readonly string[]): HandshakeFailure | 'done' | 'more' {
  for (const reply of replies) {
    const failure = handshake.take(Buffer.from(reply))
    if (failure !== undefined) return failure
  }
  return handshake.isDone ? 'done' : 'more'
}

t.test(
  'the role is asked as the service user, before the lane becomes that of the session [C1]',
  async (t) => {
    t.equal(
      said(new Handshake(service, 'master', alice)),
      'AUTH service ROLE CLIENT ID AUTH alice a SELECT 3 HELLO 3 '
    )
    t.equal(
      said(new Handshake(service, 'replica', alice)),
      'AUTH service ROLE AUTH alice a SELECT 3 HELLO 3 '
    )
    t.equal(said(new Handshake(undefined, 'replica', nobody)), 'ROLE ')
  }
)

t.test('a lane that need not prove anything is ready at once', async (t) => {
  const handshake = new Handshake(undefined, undefined, nobody)
  t.equal(handshake.request.length, 0)
  t.ok(handshake.isDone)
})

t.test('every step has to be granted, and the one that was not is named with what Redis said', async (t) => {
  const granted = ['+OK\r\n', MASTER, ':7\r\n', '+OK\r\n', '+OK\r\n', '%1\r\n+proto\r\n:3\r\n']
  t.equal(shake(new Handshake(service, 'master', alice), granted), 'done')
  const refusal = '-WRONGPASS no\r\n'
  for (const [at, step] of ['auth', 'role', undefined, 'user', 'select', 'hello'].entries()) {
    if (step === undefined) continue
    t.match(
      shake(new Handshake(service, 'master', alice), granted.with(at, refusal)),
      { step, reply: Buffer.from(refusal) },
      step
    )
  }
  t.equal(shake(new Handshake(service, 'master', alice), granted.slice(0, 4)), 'more')
})

t.test('another role than the one wanted is a failure, whatever it is [C1]', async (t) => {
  const answers: readonly (readonly [Role, string, boolean])[] = [
    ['master', MASTER, true],
    ['master', REPLICA, false],
    ['replica', REPLICA, true],
    ['replica', MASTER, false],
    ['master', '*2\r\n$8\r\nsentinel\r\n*0\r\n', false],
    ['master', '$6\r\nmaster\r\n', false],
    ['master', '*0\r\n', false],
    ['master', '%1\r\n+role\r\n+master\r\n', false]
  ]
  for (const [role, reply, isGood] of answers) {
    const failure = new Handshake(undefined, role, nobody).take(Buffer.from(reply))
    t.equal(failure?.step, isGood ? undefined : 'role', `${role}: ${JSON.stringify(reply)}`)
  }
})

t.test("the connection's id is remembered if it may be asked, and is no condition", async (t) => {
  const knows = new Handshake(undefined, 'master', nobody)
  t.equal(shake(knows, [MASTER, ':42\r\n']), 'done')
  t.equal(knows.clientId, 42)
  const mayNot = new Handshake(undefined, 'master', nobody)
  t.equal(shake(mayNot, [MASTER, '-NOPERM no\r\n']), 'done')
  t.equal(mayNot.clientId, undefined)
})

t.test('a reply that nobody asked for is a failure [R2]', async (t) => {
  t.ok(new Handshake(undefined, undefined, nobody).take(Buffer.from('+OK\r\n')))
})
