import t, { type Test } from 'tap'
import { readEnvironment, type Environment } from '../../../src/config/environment.ts'
import { settingsTable } from '../../../src/config/settings.ts'
import { variableOf, variables } from '../../../src/config/names.ts'

function refused(t: Test, env: Environment, message: string): void {
  t.throws(() => readEnvironment(env), { code: 'USAGE', message }, message)
}

t.test('a variable is the name of its setting in capitals', async (t) => {
  t.equal(variableOf('reads.consistency'), 'HOLDFAST_READS_CONSISTENCY')
  t.equal(variableOf('hold.maxRequests'), 'HOLDFAST_HOLD_MAX_REQUESTS')
  t.equal(variableOf('redis.passwordFile'), 'HOLDFAST_REDIS_PASSWORD_FILE')
  t.equal(variableOf('natMap'), 'HOLDFAST_NAT_MAP')
})

t.test('no two names share a variable', async (t) => {
  const shorts = settingsTable.filter(({ short }) => short !== undefined).length
  const secrets = settingsTable.filter(({ kind }) => kind === 'secret').length
  t.equal(variables.size, settingsTable.length + shorts + secrets)
})

t.test('variables of other programs are not looked at', async (t) => {
  t.strictSame(readEnvironment({ PATH: '/bin', HOLDFASTER: 'x', HOLDFAST_MASTER: undefined }), { given: [] })
})

t.test('a variable gives its setting, and HOLDFAST_CONFIG the file', async (t) => {
  const { given, configFile } = readEnvironment({ HOLDFAST_CONFIG: 'a.yaml', HOLDFAST_SENTINEL: 'a:1,b:2' })
  t.strictSame(configFile, { path: 'a.yaml', where: 'HOLDFAST_CONFIG' })
  t.strictSame(
    given.map(({ setting, texts, where }) => [setting.key, texts, where]),
    [['sentinel.addresses', ['a:1', 'b:2'], 'HOLDFAST_SENTINEL']]
  )
  refused(t, { HOLDFAST_CONFIG: '' }, 'HOLDFAST_CONFIG is empty: name a file')
})

t.test('an unknown variable is answered with the nearest known one', async (t) => {
  refused(t, { HOLDFAST_LISSTEN: 'a:1' }, 'unknown variable HOLDFAST_LISSTEN: did you mean HOLDFAST_LISTEN?')
  refused(t, { HOLDFAST_CONFG: 'a' }, 'unknown variable HOLDFAST_CONFG: did you mean HOLDFAST_CONFIG?')
  refused(t, { HOLDFAST_SOMETHING_ELSE: 'a' }, 'unknown variable HOLDFAST_SOMETHING_ELSE')
})

t.test(
  'what Kubernetes sets for a Service named holdfast does not keep the proxy from starting',
  async (t) => {
    const env = {
      HOLDFAST_SERVICE_HOST: '10.96.0.7',
      HOLDFAST_SERVICE_PORT: '6379',
      HOLDFAST_SERVICE_PORT_REDIS: '6379',
      HOLDFAST_PORT: 'tcp://10.96.0.7:6379',
      HOLDFAST_PORT_6379_TCP: 'tcp://10.96.0.7:6379',
      HOLDFAST_PORT_6379_TCP_PROTO: 'tcp',
      HOLDFAST_PORT_6379_TCP_PORT: '6379',
      HOLDFAST_PORT_6379_TCP_ADDR: '10.96.0.7',
      HOLDFAST_ADMIN_SERVICE_HOST: '10.96.0.8',
      HOLDFAST_ADMIN_PORT: 'tcp://10.96.0.8:9379',
      HOLDFAST_ADMIN_PORT_9379_TCP_ADDR: '10.96.0.8'
    }
    t.strictSame(readEnvironment(env), { given: [] })
    refused(t, { HOLDFAST_PORT: '6379' }, 'unknown variable HOLDFAST_PORT')
    refused(
      t,
      { HOLDFAST_LISTEN_PORT: '6379' },
      'unknown variable HOLDFAST_LISTEN_PORT: did you mean HOLDFAST_LISTEN?'
    )
  }
)
