// SIGHUP and POST /reload: what may change takes effect at once, the rest is named, and a mistake changes nothing.
import t, { type Test } from 'tap'
import { rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import { RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

type Scene = { readonly proxy: ProxyProcess; readonly write: (text: string) => Promise<void> }

async function start(t: Test, text: string, ...args: readonly string[]): Promise<Scene> {
  const rig = await useRig(t, { replicas: 0, sentinels: 1, quorum: 1 })
  const file = `${t.testdir({ 'holdfast.yaml': text })}/holdfast.yaml`
  const proxy = await useProxy(t, rig, { args: ['--config', file, ...args] })
  return { proxy, write: (next) => writeFile(file, next) }
}

async function reload(proxy: ProxyProcess): Promise<Record<string, unknown>> {
  const response = await proxy.fetch('/reload', { method: 'POST' })
  return { code: response.status, ...((await response.json()) as object) }
}

async function inForce(proxy: ProxyProcess, name: string): Promise<unknown> {
  const { settings } = (await proxy.status()) as {
    settings: { name: string; value: string; source: string }[]
  }
  const found = settings.find((setting) => setting.name === name)
  return [found?.value, found?.source]
}

t.test('what may change is in force at once, and what needs a restart is named', async (t) => {
  const { proxy, write } = await start(t, 'client: {maxClients: 100}\n', '--hold.maxRequests', '50')
  const first = await useClient(t, proxy)
  const second = await useClient(t, proxy)
  await write('client: {maxClients: 2}\nhold: {maxRequests: 10, window: 300ms}\nlane: {maxPerNode: 3}\n')
  t.strictSame(await reload(proxy), {
    code: 200,
    done: true,
    message: 'in force now: client.maxClients, hold.window; after a restart: lane.maxPerNode',
    applied: ['client.maxClients', 'hold.window'],
    needRestart: ['lane.maxPerNode']
  })
  const third = await RawClient.connect(proxy.port)
  t.equal(String(await third.reply()), '-ERR max number of clients reached\r\n')
  t.equal(String(await first.command('PING')), '+PONG\r\n', 'those that are connected stay')
  t.equal(String(await second.command('PING')), '+PONG\r\n')

  await proxy.fetch('/pause', { method: 'POST' })
  const sentMs = performance.now()
  t.match(String(await first.command('SET', 'k', 'v')), /^-MASTERDOWN /)
  t.ok(performance.now() - sentMs < 5000, 'the new window holds')

  t.strictSame(await inForce(proxy, 'client.maxClients'), ['2', 'file'])
  t.strictSame(await inForce(proxy, 'hold.maxRequests'), ['50', 'flag'], 'a flag still comes before the file')
  t.strictSame(
    await inForce(proxy, 'lane.maxPerNode'),
    ['64', 'default'],
    'what waits for a restart is not shown'
  )
  t.match(await reload(proxy), { done: true, message: 'after a restart: lane.maxPerNode', applied: [] })
})

t.test('a command that is allowed from now on reaches Redis', async (t) => {
  const { proxy, write } = await start(t, 'reads: {consistency: eventual}\n')
  const client = await useClient(t, proxy)
  const ask = async (): Promise<string> => String(await client.command('DEBUG', 'SLEEP', '0'))
  const refused = await ask()
  await write('reads: {consistency: eventual}\ncommands: {allow: [debug]}\n')
  t.match(await reload(proxy), { done: true, applied: ['commands.allow'] })
  let said = refused
  for (let tries = 0; tries < 100 && said === refused; tries += 1) {
    said = await ask()
    await sleep(20)
  }
  t.match(said, /^-ERR DEBUG command not allowed\./, 'it is Redis that refuses now')
  t.notMatch(refused, 'DEBUG command not allowed.')
})

t.test('a file with a mistake anywhere changes nothing', async (t) => {
  const { proxy, write } = await start(t, 'client: {maxClients: 100}\n')
  const broken = [
    ['client: {maxClients: 7}\nhold: {window: 5}\n', "'5' has no unit"],
    ['client: {maxClients: 7}\nhodl: {window: 5s}\n', 'hodl'],
    [
      'client: {maxClients: 7}\nhold: {window: 2m, budget: 1m}\n',
      'hold.window (2m) must be at most hold.budget (1m)'
    ],
    ['client: {maxClients: 7\n', 'holdfast.yaml']
  ] as const
  for (const [text, why] of broken) {
    await write(text)
    const answer = await reload(proxy)
    t.match(answer, { code: 409, done: false, applied: [], needRestart: [] }, text)
    const message = String(answer['message'])
    t.ok(message.startsWith('nothing was changed: ') && message.includes(why), message)
    t.strictSame(await inForce(proxy, 'client.maxClients'), ['100', 'file'])
  }
})

t.test('a file that is gone changes nothing', async (t) => {
  const folder = t.testdir({ 'holdfast.yaml': 'client: {maxClients: 100}\n' })
  const rig = await useRig(t, { replicas: 0, sentinels: 1, quorum: 1 })
  const proxy = await useProxy(t, rig, { args: ['--config', `${folder}/holdfast.yaml`] })
  await rm(`${folder}/holdfast.yaml`)
  t.match(await reload(proxy), { code: 409, message: /cannot be read: ENOENT/ })
  t.strictSame(await inForce(proxy, 'client.maxClients'), ['100', 'file'])
})

t.test('SIGHUP reloads, and the log says what came of it', async (t) => {
  const { proxy, write } = await start(t, 'log: {level: warn}\n')
  t.notMatch(proxy.stderr, 'listening', 'at this level the start is not told')
  await write('log: {level: debug}\nlisten: 127.0.0.1:1\nmaster: other\n')
  proxy.signal('SIGHUP')
  // The flags --listen and --master of this test come before the file.
  await logged(proxy, 'settings reloaded: in force now: log.level"')
  await write('log: {level: silent}\n')
  proxy.signal('SIGHUP')
  await logged(proxy, 'settings not reloaded: nothing was changed: ')
  t.equal(proxy.alive, true)
})

async function logged(proxy: ProxyProcess, text: string): Promise<void> {
  for (let tries = 0; tries < 200 && !proxy.stderr.includes(text); tries += 1) await sleep(20)
  if (!proxy.stderr.includes(text)) throw new Error(`not in the log: ${text}\n${proxy.stderr}`)
}

t.test('a hold window that ends before the Sentinels replace a master is told in the log', async (t) => {
  const { proxy, write } = await start(t, 'hold: {window: 900ms}\n')
  const why = 'is too short for a failover: the Sentinels wait that long before they replace a master'
  await logged(proxy, `hold.window (900 ms) ${why} (down-after is 1000 ms)`)
  await write('hold: {window: auto, budget: 800ms}\n')
  await reload(proxy)
  await logged(proxy, `hold.budget (800 ms) ${why}`)
  await write('hold: {window: auto}\n')
  const before = proxy.stderr.split(why).length
  await reload(proxy)
  await sleep(100)
  t.equal(proxy.stderr.split(why).length, before, 'not for a window that is long enough')
})
