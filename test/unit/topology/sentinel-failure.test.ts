import t from 'tap'
import { failureOf, garbage, silence } from '../../../src/topology/sentinel-failure.ts'

class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

const sentinel = '10.0.0.1:26379'

t.test('each kind of trouble has a line of its own that names the Sentinel', async (t) => {
  const cases: readonly (readonly [thrown: unknown, kind: string, reason: RegExp])[] = [
    [
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:26379'), { code: 'ECONNREFUSED' }),
      'unreachable',
      /^cannot reach Sentinel 10\.0\.0\.1:26379: connect ECONNREFUSED/
    ],
    [new Error('the connection was closed'), 'unreachable', /: the connection was closed$/],
    ['something', 'unreachable', /: something$/],
    [
      new ReplyError('NOAUTH Authentication required.'),
      'auth',
      /wants a password and none is given: the Sentinels' own, not that of Redis/
    ],
    [
      new ReplyError('WRONGPASS invalid username-password pair'),
      'auth',
      /refuses the user or password given for the Sentinels/
    ],
    [
      new ReplyError("ERR unknown command 'SENTINEL', with args"),
      'not-sentinel',
      /^10\.0\.0\.1:26379 is not a Sentinel but a redis-server/
    ],
    [new ReplyError('NOPERM this user has no permissions'), 'denied', /refuses: NOPERM/],
    [new ReplyError('ERR max number of clients reached'), 'denied', /refuses: ERR max/],
    [
      new Error('Unknown RESP type 72 "H". Please report this.'),
      'garbage',
      /does not answer as a Sentinel does/
    ],
    [
      new Error('Command queue state error. If you can reproduce'),
      'garbage',
      /does not answer as a Sentinel does/
    ]
  ]
  for (const [thrown, kind, reason] of cases) t.match(failureOf(sentinel, thrown), { sentinel, kind, reason })
})

t.test('a name with several addresses says what happened at each', async (t) => {
  const error = new AggregateError([
    new Error('connect ECONNREFUSED ::1:1'),
    new Error('connect ECONNREFUSED 127.0.0.1:1')
  ])
  t.match(failureOf(sentinel, error).reason, /ECONNREFUSED ::1:1, connect ECONNREFUSED 127\.0\.0\.1:1$/)
})

t.test('a reason is one line and not endless', async (t) => {
  t.equal(
    failureOf(sentinel, new ReplyError('DENIED first\r\nsecond')).reason,
    `Sentinel ${sentinel} refuses: DENIED first`
  )
  t.ok(failureOf(sentinel, new ReplyError(`ERR ${'x'.repeat(5000)}`)).reason.length < 300)
})

t.test('silence and garbage that were noticed here say how', async (t) => {
  t.strictSame(silence(sentinel, 500.4), {
    sentinel,
    kind: 'silent',
    reason: 'Sentinel 10.0.0.1:26379 did not answer within 500 ms'
  })
  t.match(garbage(sentinel, 'no address'), { sentinel, kind: 'garbage', reason: /no address$/ })
})
