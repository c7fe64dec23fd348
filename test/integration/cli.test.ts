// The program as an operator starts it: arguments in; output, error line and exit code out.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { renderText } from '../../src/admin/text.ts'
import { settingsTable } from '../../src/config/settings.ts'
import { freePort } from '../../src/demo/free-port.ts'
import { runProxy } from '../harness/proxy-process.ts'
import { useRig } from '../harness/with-rig.ts'
import { aStatus } from '../unit/admin/fixtures/status.ts'

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

async function holdfast(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = runProxy(args, env)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close') as Promise<[number | null]>
  ])
  return { code, stdout, stderr }
}

async function failed(t: Test, args: readonly string[], code: 1 | 2, message: string): Promise<Ended> {
  const ended = await holdfast(args)
  t.equal(ended.code, code, `${args.join(' ')} exits with ${code}`)
  t.equal(ended.stderr, `holdfast: ${message}\n`, 'and says why in one line')
  return ended
}

type Asked = { readonly line: string; readonly authorization: string | undefined }

/** An admin server that says what it is told to; `asked` is what came. */
async function anAdmin(t: Test, code: number, body: string): Promise<{ address: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = createServer(({ method, url, headers }: IncomingMessage, response) => {
    asked.push({ line: `${method} ${url}`, authorization: headers.authorization })
    response.writeHead(code).end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

t.test('--help and --version need no settings and print on standard output', async (t) => {
  const help = await holdfast(['--help'], { HOLDFAST_NONSENSE: 'x' })
  t.strictSame([help.code, help.stderr], [0, ''])
  for (const { key, short = key } of settingsTable) t.match(help.stdout, `  --${short} `)
  const version = await holdfast(['--version'])
  t.match(version.stdout, /^holdfast \d+\.\d+\.\d+\n$/)
  t.strictSame([version.code, version.stderr], [0, ''])
})

t.test('help that nobody reads to its end is no failure', async (t) => {
  const shell = spawn('sh', ['-c', `env -u NODE_OPTIONS "${process.execPath}" "${program}" --help | true`])
  const [stderr] = await Promise.all([text(shell.stderr), once(shell, 'close')])
  t.equal(stderr, '')
})

t.test('a wrong command line is exit code 2 and one line, with nothing on standard output', async (t) => {
  const misused = async (args: readonly string[], message: string): Promise<void> => {
    t.equal((await failed(t, args, 2, message)).stdout, '')
  }
  await misused(['staus'], "unknown command 'staus': did you mean status?")
  await misused(['--hold.windwo', '5s'], "unknown flag '--hold.windwo': did you mean --hold.window?")
  await misused(['--hold.window', '5'], "--hold.window '5' has no unit: write 5ms, 5s, 5m or 5h")
  await misused(['check', '--listen', 'localhost'], "--listen 'localhost' has no port: write host:port")
  await misused(['--hold.window', '90s'], 'hold.window (90s) must be at most hold.budget (1m)')
})

t.test('a fault in the environment or in the file is told with its place', async (t) => {
  const variable = await holdfast([], { HOLDFAST_LISSTEN: 'a:1' })
  t.strictSame(variable, {
    code: 2,
    stdout: '',
    stderr: 'holdfast: unknown variable HOLDFAST_LISSTEN: did you mean HOLDFAST_LISTEN?\n'
  })
  const file = `${t.testdir({})}/holdfast.yaml`
  writeFileSync(file, 'hold:\n  window: soon\n')
  const why = "hold.window 'soon' is not a duration: write 250ms, 5s, 2m or 1h"
  await failed(t, ['check', '--config', file], 2, `${file}:2:11: ${why}`)
})

t.test('check prints the topology of a healthy Redis, and where it is weak', async (t) => {
  const rig = await useRig(t, { password: 'secret', sentinelPassword: 'other', masterName: 'shop' })
  const [master, ...replicas] = rig.nodes
  const [first = '', ...others] = rig.sentinelAddresses()
  const secrets = { HOLDFAST_REDIS_PASSWORD: 'secret', HOLDFAST_SENTINEL_PASSWORD: 'other' }
  const flags = ['--sentinel', first, '--master', 'shop', '--sentinel.timeout', '5s']

  await t.test('with one Sentinel named it finds all', async (t) => {
    const { code, stdout, stderr } = await holdfast(['check', ...flags], secrets)
    t.strictSame([code, stderr], [0, ''])
    for (const sentinel of [first, ...others]) {
      t.match(
        stdout,
        new RegExp(`^sentinel +${sentinel} +names 127.0.0.1:${master!.port}, epoch 0, has a quorum$`, 'm')
      )
    }
    t.match(stdout, new RegExp(`^master +127.0.0.1:${master!.port} +says it is a master, offset \\d+$`, 'm'))
    for (const { port } of replicas) {
      const state = `says it is a replica of 127.0.0.1:${master!.port}, connected, offset \\d+`
      t.match(stdout, new RegExp(`^replica +127.0.0.1:${port} +${state}$`, 'm'))
    }
    t.match(stdout, /^warning: min-replicas-to-write is 0/m)
    t.match(stdout, new RegExp(`\nok: 127.0.0.1:${master!.port} is the master of shop\n$`))
    t.notMatch(stdout, 'secret')
  })

  await t.test('a password of Redis that is missing or wrong is told apart', async (t) => {
    const { HOLDFAST_SENTINEL_PASSWORD: sentinel } = secrets
    const args = ['check', ...flags, '--sentinel.password', sentinel]
    const named = `127.0.0.1:${master!.port}, which the Sentinels name, cannot be used`
    await failed(t, args, 1, `${named}: NOAUTH Authentication required. (redis.password is not set)`)
    const wrong = 'WRONGPASS invalid username-password pair or user is disabled.'
    const hint = '(redis.password is wrong, or redis.username)'
    await failed(t, [...args, '--redis.password', 'no'], 1, `${named}: ${wrong} ${hint}`)
  })

  await t.test('a password of the Sentinels that is missing is told', async (t) => {
    const { code, stderr } = await holdfast(['check', ...flags])
    t.equal(code, 1)
    t.match(stderr, `holdfast: Sentinel ${first} wants a password and none is given`)
  })

  await t.test('a master that the Sentinels do not know is told with those they know', async (t) => {
    const args = ['check', '--sentinel', first, '--sentinel.password', 'other', '--master', 'shoop']
    await failed(t, args, 1, 'the Sentinels know no master named shoop; they know shop')
  })

  await t.test('a replica that hangs is told, and does not hang the check', async (t) => {
    const [, hung] = replicas
    process.kill(hung!.pid, 'SIGSTOP')
    t.teardown(() => process.kill(hung!.pid, 'SIGCONT'))
    const { code, stdout } = await holdfast(['check', ...flags, '--lane.connectTimeout', '2s'], secrets)
    t.equal(code, 0)
    t.match(stdout, new RegExp(`^replica +127.0.0.1:${hung!.port} +no connection \\(timeout\\)`, 'm'))
  })
})

t.test('check says why no Sentinel could be asked', async (t) => {
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const why = `cannot reach Sentinel ${address}: connect ECONNREFUSED ${address}`
  const { stdout } = await failed(t, ['check', '--sentinel', address], 1, why)
  t.match(stdout, new RegExp(`^sentinel +${address} +${why}\n$`))
})

t.test('status shows one screen, or the JSON as it came', async (t) => {
  const body = `${JSON.stringify(aStatus())}\n`
  const { address, asked } = await anAdmin(t, 200, body)
  const screen = await holdfast(['status', '--admin', address])
  t.strictSame(screen, { code: 0, stdout: renderText(aStatus()), stderr: '' })
  const json = await holdfast(['status', '--json', '--admin', address])
  t.strictSame(json, { code: 0, stdout: body, stderr: '' })
  t.strictSame(
    asked.map(({ line }) => line),
    ['GET /status', 'GET /status']
  )
})

t.test('status --quiet says nothing and answers with its exit code', async (t) => {
  const alive = await anAdmin(t, 200, 'ok\n')
  t.strictSame(await holdfast(['status', '--quiet', '--admin', alive.address]), {
    code: 0,
    stdout: '',
    stderr: ''
  })
  t.strictSame(
    alive.asked.map(({ line }) => line),
    ['GET /livez']
  )
  const nobody = `127.0.0.1:${await freePort()}`
  t.strictSame(await holdfast(['status', '--quiet', '--admin', nobody]), { code: 1, stdout: '', stderr: '' })
  const broken = await anAdmin(t, 500, '')
  t.equal((await holdfast(['status', '--quiet', '--admin', broken.address])).code, 1)
})

t.test('status of what is no running Holdfast fails in one line', async (t) => {
  const nobody = `127.0.0.1:${await freePort()}`
  const why = `no proxy answers at http://${nobody}: connect ECONNREFUSED ${nobody}`
  await failed(t, ['status', '--admin', nobody], 1, why)
  const foreign = await anAdmin(t, 200, '<html>hello</html>')
  await failed(
    t,
    ['status', '--admin', foreign.address],
    1,
    'what answers at the admin address is no Holdfast'
  )
  const other = await anAdmin(t, 200, '{"status":"up"}')
  await failed(t, ['status', '--admin', other.address], 1, 'what answers at the admin address is no Holdfast')
  const absent = await anAdmin(t, 404, '')
  await failed(
    t,
    ['status', '--admin', absent.address],
    1,
    `http://${absent.address}/status answered 404: no reason given`
  )
})

t.test('a proxy that listens everywhere is asked on this machine', async (t) => {
  const { address, asked } = await anAdmin(t, 200, 'ok\n')
  const everywhere = address.replace('127.0.0.1', '0.0.0.0')
  t.equal((await holdfast(['status', '--quiet', '--admin', everywhere])).code, 0)
  t.equal(asked.length, 1)
})

t.test('switchover asks the proxy, with the token, and prints what it says', async (t) => {
  const done = await anAdmin(t, 200, '{"done":true,"message":"moved to 127.0.0.1:7001"}\n')
  const args = ['switchover', '--admin', done.address, '--admin.token', 'hunter2']
  t.strictSame(await holdfast(args), { code: 0, stdout: 'moved to 127.0.0.1:7001\n', stderr: '' })
  t.strictSame(done.asked, [{ line: 'POST /switchover', authorization: 'Bearer hunter2' }])
})

t.test('switchover that was not done fails with the reason of the proxy', async (t) => {
  const refused = await anAdmin(t, 409, '{"done":false,"message":"no replica is promotable"}\n')
  const url = `http://${refused.address}/switchover`
  await failed(
    t,
    ['switchover', '--admin', refused.address],
    1,
    `${url} answered 409: no replica is promotable`
  )
  t.strictSame(refused.asked, [{ line: 'POST /switchover', authorization: undefined }])
  const stranger = await anAdmin(t, 401, '{"error":"send the admin.token"}\n')
  const why = `http://${stranger.address}/switchover answered 401: send the admin.token`
  await failed(t, ['switchover', '--admin', stranger.address], 1, why)
})
