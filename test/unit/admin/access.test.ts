// Who may POST to the admin server.
import t from 'tap'
import { refusalOf, type Access, type Caller } from '../../../src/admin/access.ts'

const nobody: Caller = {
  host: '127.0.0.1:9379',
  origin: undefined,
  fetchSite: undefined,
  authorization: undefined
}
const loopback: Access = { token: undefined, host: '127.0.0.1', onLoopback: true }
const open: Access = { token: 'sesame', host: '0.0.0.0', onLoopback: false }

t.test('without a token, a caller that names this machine may go on', async (t) => {
  for (const host of [
    '127.0.0.1:9379',
    'localhost:9379',
    'LOCALHOST',
    '[::1]:9379',
    'app.localhost',
    '10.1.2.3:80'
  ]) {
    t.equal(refusalOf({ ...nobody, host }, loopback), undefined, host)
  }
  t.equal(
    refusalOf({ ...nobody, host: 'Box:9379' }, { ...loopback, host: 'box' }),
    undefined,
    'the name that was configured'
  )
})

t.test('a foreign Host is refused: its name may have been made to lead here', async (t) => {
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '',
    'a b',
    undefined
  ]) {
    t.equal(refusalOf({ ...nobody, host }, loopback)?.code, 403, host ?? 'none')
  }
})

t.test('a page of another origin is refused, with the token too', async (t) => {
  const origins = ['http://evil.example', 'null', 'http://127.0.0.1:80', 'https://localhost:9379', 'nonsense']
  for (const origin of origins) {
    t.equal(refusalOf({ ...nobody, origin }, loopback)?.code, 403, origin)
    t.equal(
      refusalOf({ ...nobody, origin, authorization: 'Bearer sesame' }, open)?.code,
      403,
      `${origin}, with the token`
    )
  }
  t.equal(refusalOf({ ...nobody, origin: 'http://127.0.0.1:9379', host: undefined }, loopback)?.code, 403)
  t.equal(refusalOf({ ...nobody, origin: 'http://127.0.0.1:9379' }, loopback), undefined, 'its own page may')
  t.equal(
    refusalOf({ ...nobody, host: 'LOCALHOST:9379', origin: 'http://localhost:9379' }, loopback),
    undefined
  )
})

t.test('what a browser says about where a request comes from is believed', async (t) => {
  t.equal(refusalOf({ ...nobody, fetchSite: 'cross-site' }, loopback)?.code, 403)
  t.equal(refusalOf({ ...nobody, fetchSite: 'same-site' }, loopback)?.code, 403)
  t.equal(refusalOf({ ...nobody, fetchSite: 'same-origin' }, loopback), undefined)
})

t.test('a token that is set is asked of everybody', async (t) => {
  for (const access of [open, { ...open, onLoopback: true }]) {
    for (const authorization of [
      undefined,
      '',
      'Bearer',
      'Bearer sesam',
      'Bearer sesamee',
      'Basic sesame',
      'sesame'
    ]) {
      t.equal(refusalOf({ ...nobody, authorization }, access)?.code, 401, String(authorization))
    }
    t.equal(refusalOf({ ...nobody, authorization: 'bearer sesame' }, access), undefined)
  }
})

t.test('the right token opens under any name: a foreign page cannot have it', async (t) => {
  t.equal(
    refusalOf({ ...nobody, host: 'holdfast.svc:9379', authorization: 'Bearer sesame' }, open),
    undefined
  )
})

t.test('without a token nobody changes anything on an address that others reach', async (t) => {
  const refusal = refusalOf(nobody, { ...open, token: undefined })
  t.equal(refusal?.code, 403)
  t.match(refusal?.error, /set admin\.token/)
})
