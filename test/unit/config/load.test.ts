import t, { type Test } from 'tap'
import { loadSettings, type Loaded, type Origins } from '../../../src/config/load.ts'
import { settingsTable } from '../../../src/config/settings.ts'

type Given = Partial<Pick<Origins, 'argv' | 'env'>> & { readonly files?: Readonly<Record<string, string>> }

function load({ argv = [], env = {}, files = {} }: Given): Loaded {
  const readFile = (path: string): string => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`)
    return text
  }
  return loadSettings({ argv, env, readFile })
}

function refused(t: Test, given: Given, message: string): void {
  t.throws(() => load(given), { name: 'ProxyError', code: 'USAGE', message }, message)
}

t.test('without anything given every setting has its default', async (t) => {
  const { settings, sources } = load({})
  t.strictSame(settings.listen, { host: '127.0.0.1', port: 6379 })
  t.strictSame(settings.sentinel.addresses, [{ host: '127.0.0.1', port: 26379 }])
  t.equal(settings.client.replyBufferBytes, 65_536)
  t.equal(settings.hold.maxBytes, 268_435_456)
  t.equal(settings.hold.windowMs, 'auto')
  t.equal(settings.client.password, '')
  t.strictSame(settings.natMap, {})
  t.strictSame(settings.commands.allow, [])
  t.strictSame(
    Object.keys(sources),
    settingsTable.map(({ key }) => key)
  )
  t.strictSame(new Set(Object.values(sources)), new Set(['default']))
})

t.test('a flag comes before the environment, that before the file, that before the default', async (t) => {
  const files = { 'a.yaml': 'master: file\nlog: {level: error}\nreads: {prefer: 10.}\nshutdown: {delay: 3s}' }
  const env = { HOLDFAST_MASTER: 'variable', HOLDFAST_LOG_LEVEL: 'warn', HOLDFAST_READS_PREFER: '11.' }
  const argv = ['--config', 'a.yaml', '--master', 'flag', '--log.level=debug']
  const { settings, sources } = load({ argv, env, files })
  const found = [
    settings.master,
    settings.log.level,
    settings.reads.prefer,
    settings.shutdown.delayMs,
    settings.lane.maxPerNode
  ]
  t.strictSame(found, ['flag', 'debug', '11.', 3000, 64])
  const keys = ['master', 'log.level', 'reads.prefer', 'shutdown.delay', 'lane.maxPerNode'] as const
  t.strictSame(
    keys.map((key) => sources[key]),
    ['flag', 'flag', 'environment', 'file', 'default']
  )
})

t.test('--config comes before HOLDFAST_CONFIG', async (t) => {
  const files = { 'a.yaml': 'master: a', 'b.yaml': 'master: b' }
  t.equal(load({ env: { HOLDFAST_CONFIG: 'b.yaml' }, files }).settings.master, 'b')
  t.equal(load({ argv: ['--config=a.yaml'], env: { HOLDFAST_CONFIG: 'b.yaml' }, files }).settings.master, 'a')
})

t.test('a settings file that cannot be read is named, with what named it', async (t) => {
  const why = "names 'a.yaml', which cannot be read: ENOENT: no such file or directory"
  refused(t, { argv: ['--config', 'a.yaml'] }, `--config ${why}`)
  refused(t, { env: { HOLDFAST_CONFIG: 'a.yaml' } }, `HOLDFAST_CONFIG ${why}`)
})

t.test('a mistake in a layer is told even where a higher layer overrides it', async (t) => {
  const files = { 'a.yaml': 'hold:\n  window: 5' }
  const argv = ['--config', 'a.yaml', '--hold.window', '5s']
  refused(t, { argv, files }, "a.yaml:2:11: hold.window '5' has no unit: write 5ms, 5s, 5m or 5h")
  refused(
    t,
    { argv: ['--master', 'm'], env: { HOLDFAST_MASTER: '' } },
    'HOLDFAST_MASTER is empty: give it a value, or leave it out'
  )
})

t.test('an error begins with the flag or the variable that is wrong', async (t) => {
  refused(t, { argv: ['--hold.max-requests', 'x'] }, "--hold.max-requests 'x' is not a whole number")
  refused(
    t,
    { env: { HOLDFAST_HOLD_MAX_REQUESTS: 'x' } },
    "HOLDFAST_HOLD_MAX_REQUESTS 'x' is not a whole number"
  )
})

t.test('a setting is given once in each layer, under whichever of its names', async (t) => {
  refused(t, { argv: ['--master', 'a', '--master', 'a'] }, '--master is given twice')
  refused(
    t,
    { argv: ['--admin', 'a:1', '--admin.listen', 'b:1'] },
    '--admin.listen sets admin.listen again, after --admin'
  )
  const env = { HOLDFAST_REDIS_PASSWORD: 'a', HOLDFAST_REDIS_PASSWORD_FILE: 'b' }
  refused(t, { env }, 'HOLDFAST_REDIS_PASSWORD_FILE sets redis.password again, after HOLDFAST_REDIS_PASSWORD')
  const files = { 'a.yaml': 'hold: {window: 1s}\nhold.window: 2s' }
  refused(
    t,
    { argv: ['--config', 'a.yaml'], files },
    'a.yaml:2:14: hold.window sets hold.window again, after a.yaml:1:16: hold.window'
  )
})

t.test('a list is gathered from repeated flags, and from one variable', async (t) => {
  const expected = [
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
    { host: 'c', port: 3 }
  ]
  t.strictSame(
    load({ argv: ['--sentinel', 'a:1,b:2', '--sentinel=c:3'] }).settings.sentinel.addresses,
    expected
  )
  t.strictSame(load({ env: { HOLDFAST_SENTINEL: 'a:1, b:2 ,c:3' } }).settings.sentinel.addresses, expected)
  refused(t, { argv: ['--sentinel', 'a:1', '--sentinel', 'a:1'] }, "--sentinel names 'a:1' twice")
  refused(t, { env: { HOLDFAST_SENTINEL: 'a:1,' } }, 'HOLDFAST_SENTINEL has an empty item')
  refused(t, { env: { HOLDFAST_SENTINEL: '' } }, 'HOLDFAST_SENTINEL has an empty item')
})

t.test('lists of different layers are not mixed', async (t) => {
  const { settings } = load({ argv: ['--sentinel', 'a:1'], env: { HOLDFAST_SENTINEL: 'b:2' } })
  t.strictSame(settings.sentinel.addresses, [{ host: 'a', port: 1 }])
})

t.test('a secret can be read from a file, without the line end behind it', async (t) => {
  const files = {
    unix: 'hunter2\n',
    windows: 'hunter2\r\n',
    bare: 'hunter2',
    two: 'hunter2\n\n',
    'a.yaml': 'client: {passwordFile: bare}'
  }
  t.equal(load({ argv: ['--redis.passwordFile', 'unix'], files }).settings.redis.password, 'hunter2')
  t.equal(load({ argv: ['--redis.password-file', 'windows'], files }).settings.redis.password, 'hunter2')
  t.equal(load({ env: { HOLDFAST_ADMIN_TOKEN_FILE: 'bare' }, files }).settings.admin.token, 'hunter2')
  t.equal(
    load({ argv: ['--redis.passwordFile', 'two'], files }).settings.redis.password,
    'hunter2\n',
    'only one line end'
  )
  t.equal(load({ argv: ['--config', 'a.yaml'], files }).settings.client.password, 'hunter2')
})

t.test('a secret that is not there does not turn into no secret', async (t) => {
  const files = { empty: '\n' }
  refused(
    t,
    { env: { HOLDFAST_CLIENT_PASSWORD: '' } },
    'HOLDFAST_CLIENT_PASSWORD is empty: give it a value, or leave it out'
  )
  refused(
    t,
    { argv: ['--client.passwordFile='] },
    '--client.passwordFile is empty: give it a value, or leave it out'
  )
  refused(
    t,
    { argv: ['--client.passwordFile', 'empty'], files },
    "--client.passwordFile names 'empty', which is empty"
  )
  const gone =
    "HOLDFAST_CLIENT_PASSWORD_FILE names 'gone', which cannot be read: ENOENT: no such file or directory"
  refused(t, { env: { HOLDFAST_CLIENT_PASSWORD_FILE: 'gone' } }, gone)
})

t.test('settings cannot be changed once they are loaded', async (t) => {
  const { settings, sources } = load({ argv: ['--natMap', 'a:1=b:2'] })
  const parts = [
    settings,
    settings.listen,
    settings.sentinel.addresses,
    settings.sentinel.addresses[0],
    settings.natMap
  ]
  for (const part of [...parts, settings.natMap['a:1'], settings.commands.allow, sources])
    t.ok(Object.isFrozen(part))
})

t.test('what is thrown for another reason than a mistake of the operator stays as it is', async (t) => {
  const argv = Object.defineProperty(['--master', 'a'], 0, {
    get: () => {
      throw new TypeError('a defect')
    }
  })
  t.throws(() => load({ argv }), new TypeError('a defect'))
})
