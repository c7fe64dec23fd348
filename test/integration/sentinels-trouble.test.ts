// Sentinels that are dead, hung, strangers or unwilling: each costs its own vote and says why.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { freePort } from '../../src/demo/free-port.ts'
import { useRig } from '../harness/with-rig.ts'
import { useWatcher, Watcher } from './sentinels-watcher.ts'

const host = '127.0.0.1'

async function useServer(
  t: Test,
  connected: (socket: Socket) => void
): Promise<{ host: string; port: number }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).resume()
    connected(socket)
  })
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { host, port: (server.address() as AddressInfo).port }
}

t.test(
  'a Sentinel that is dead at the start is named, does not delay a look, and is back when it starts',
  async (t) => {
    const rig = await useRig(t)
    const [dead, ...alive] = rig.sentinels
    await dead?.kill()
    const watcher = useWatcher(t, rig.sentinels)

    await watcher.until('a look', () => watcher.observations.length > 0)
    t.equal(watcher.last?.votes.length, 2)
    t.match(watcher.last?.failures, [
      { sentinel: dead?.address, kind: 'unreachable', reason: new RegExp(`ECONNREFUSED.*${dead?.port}`) }
    ])
    const before = performance.now()
    await watcher.sentinels.ask('test')
    t.ok(performance.now() - before < 1000)
    t.match(watcher.verdict, { kind: 'believe', votes: 2 })

    await dead?.restart()
    await watcher.until('three votes', () => watcher.last?.votes.length === alive.length + 1)
    t.equal(watcher.sentinels.states().find(({ sentinel }) => sentinel === dead?.address)?.lastError, null)
  }
)

t.test('when all Sentinels are dead the adopted master is kept, and their return is noticed', async (t) => {
  const rig = await useRig(t)
  const watcher = useWatcher(t, rig.sentinels)
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)

  await Promise.all(rig.sentinels.map((sentinel) => sentinel.kill()))
  await watcher.until('no votes', () => watcher.last?.votes.length === 0)
  t.match(watcher.verdict, { kind: 'keep', why: 'no-sentinel', text: /ECONNREFUSED|connection was closed/ })
  t.equal(watcher.sentinels.states().length, 3, 'none of them is forgotten')
  await t.rejects(watcher.sentinels.failover(), {
    code: 'SENTINEL',
    message: /no Sentinel that reaches a quorum/
  })

  await Promise.all(rig.sentinels.map((sentinel) => sentinel.restart()))
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)
  t.match(watcher.verdict, { kind: 'believe' })
  t.equal(new Set(watcher.warnings).size, watcher.warnings.length, 'each trouble is logged once')
})

t.test('a hung Sentinel costs one slow look, is redialled, and votes again when it is back', async (t) => {
  const rig = await useRig(t)
  const watcher = useWatcher(t, rig.sentinels, { timeoutMs: 1500, pollIntervalMs: 10_000 })
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)
  const [hung] = rig.sentinels

  hung?.freeze()
  const frozenAt = performance.now()
  await watcher.sentinels.ask('first')
  const firstMs = performance.now() - frozenAt
  t.ok(firstMs >= 1490 && firstMs < 2900, `waited the timeout (${firstMs} ms)`)
  t.match(watcher.last?.failures, [
    { kind: 'silent', sentinel: hung?.address, reason: /did not answer within 1[5-9]\d\d ms/ }
  ])
  const before = performance.now()
  await watcher.sentinels.ask('second')
  t.ok(performance.now() - before < 1000, 'the second look does not wait for it')

  await watcher.until('the link given up', () =>
    watcher.sentinels.states().some(({ connected }) => !connected)
  )
  t.ok(performance.now() - frozenAt > 2900)
  hung?.thaw()
  await watcher.until('three votes', () => watcher.last?.votes.length === 3)
})

t.test(
  'one that accepts and never answers, and one that talks something else, leave the others their votes',
  async (t) => {
    const rig = await useRig(t)
    const mute = await useServer(t, () => undefined)
    const web = await useServer(t, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const closing = await useServer(t, (socket) => socket.destroy())
    const watcher = useWatcher(t, [mute, web, closing, ...rig.sentinels])

    await watcher.until('three votes', () => watcher.last?.votes.length === 3)
    await watcher.until('three failures', () => watcher.last?.failures.length === 3)
    const kinds = Object.fromEntries(
      (watcher.last?.failures ?? []).map(({ sentinel, kind }) => [sentinel, kind])
    )
    t.strictSame(kinds, {
      [`${host}:${mute.port}`]: 'silent',
      [`${host}:${web.port}`]: 'garbage',
      [`${host}:${closing.port}`]: 'unreachable'
    })
    const before = performance.now()
    await watcher.sentinels.ask('test')
    t.ok(performance.now() - before < 1000, 'none of them delays a look')
  }
)

t.test('a name that does not resolve is unreachable by that name', async (t) => {
  const watcher = useWatcher(t, [{ host: 'nowhere.invalid', port: 26379 }], { timeoutMs: 5000 })

  await watcher.until('a look', () => watcher.observations.length > 0)
  t.match(watcher.last?.failures, [
    { kind: 'unreachable', reason: /cannot reach Sentinel nowhere\.invalid:26379: getaddrinfo/ }
  ])
})

t.test(
  "a missing password and a wrong one are told apart, and both are called the Sentinels' own",
  async (t) => {
    const rig = await useRig(t, { sentinelPassword: 'right' })
    const missing = useWatcher(t, rig.sentinels)
    const wrong = useWatcher(t, rig.sentinels, { password: 'wrong' })
    const right = useWatcher(t, rig.sentinels.slice(0, 1), { password: 'right' })

    await missing.until('a look', () => missing.observations.length > 0)
    t.match(missing.verdict, {
      kind: 'none',
      why: 'auth',
      text: /wants a password and none is given.*NOAUTH/
    })
    await wrong.until('a look', () => wrong.observations.length > 0)
    t.match(wrong.verdict, {
      kind: 'none',
      why: 'auth',
      text: /refuses the user or password given for the Sentinels.*WRONGPASS/
    })
    await right.until('three votes', () => right.last?.votes.length === 3)
  }
)

t.test('a redis-server in place of a Sentinel is called that', async (t) => {
  const rig = await useRig(t, { replicas: 0, sentinels: 0 })
  const watcher = useWatcher(t, rig.nodes)

  await watcher.until('a look', () => watcher.observations.length > 0)
  t.match(watcher.verdict, {
    kind: 'none',
    why: 'not-sentinel',
    text: /is not a Sentinel but a redis-server/
  })
})

t.test('a name that the Sentinels do not know is answered with those they know', async (t) => {
  const rig = await useRig(t, { masterName: 'orders' })
  const watcher = useWatcher(t, rig.sentinels, { masterName: 'ordres' })

  await watcher.until('a look', () => watcher.observations.length > 0)
  t.match(watcher.verdict, {
    kind: 'none',
    why: 'unknown-master',
    text: 'the Sentinels know no master named ordres; they know orders'
  })
})

t.test('events of another master are neither told nor counted', async (t) => {
  const rig = await useRig(t, { sentinels: 1, quorum: 1, replicas: 1 })
  const watcher = useWatcher(t, rig.sentinels)
  await watcher.until('a vote', () => watcher.last?.votes.length === 1)
  const [sentinel] = rig.sentinels

  await sentinel?.command('SENTINEL', 'MONITOR', 'other', host, String(rig.nodes[1]?.port), '1')
  await sentinel?.command('SENTINEL', 'SET', 'mymaster', 'parallel-syncs', '2')
  await watcher.until('+set', () => watcher.announcedBy('+set').size === 1)
  t.equal(watcher.sentinels.counts().events['+monitor'], 0)
  t.equal(watcher.announcedBy('+monitor').size, 0)
})

t.test('one Sentinel of one is believed [F6]', async (t) => {
  const rig = await useRig(t, { sentinels: 1, quorum: 1 })
  const watcher = useWatcher(t, rig.sentinels)

  await watcher.until('a vote', () => watcher.last?.votes.length === 1)
  t.match(watcher.verdict, { kind: 'believe', votes: 1 })
})

t.test(
  'a Sentinel that reaches no majority is not believed, but the adopted master is kept [F6]',
  async (t) => {
    const rig = await useRig(t)
    const [left, ...others] = rig.sentinels
    const watcher = useWatcher(t, rig.sentinels)
    await watcher.until('three votes', () => watcher.last?.votes.length === 3)

    await Promise.all(others.map((sentinel) => sentinel.kill()))
    await watcher.until('no quorum', () => watcher.last?.votes[0]?.usable === false)
    t.match(watcher.verdict, { kind: 'keep', why: 'no-quorum' })
    const late = useWatcher(t, [left as { host: string; port: number }])
    await late.until('a look', () => late.last?.votes.length === 1)
    t.match(late.verdict, { kind: 'none', why: 'no-quorum', text: /none that answered reaches a majority/ })
    t.equal(late.master, undefined)
  }
)

t.test('a Sentinel user that may not subscribe is polled, which is logged once', async (t) => {
  const granted = ['+auth', '+hello', '+ping'].concat(
    ['get-master-addr-by-name', 'master', 'replicas', 'sentinels', 'ckquorum'].map(
      (name) => `+sentinel|${name}`
    )
  )
  const rig = await useRig(t, { sentinelLines: [`user watch on >secret ${granted.join(' ')}`] })
  const watcher = useWatcher(t, rig.sentinels.slice(0, 1), { username: 'watch', password: 'secret' })

  await watcher.until('three votes', () => watcher.last?.votes.length === 3)
  await watcher.until('more looks', () => watcher.observations.length > 10)
  t.match(watcher.verdict, { kind: 'believe', votes: 3 })
  t.equal(
    watcher.sentinels.states().some(({ subscribed }) => subscribed),
    false
  )
  t.strictSame(watcher.warnings, Array(3).fill('no events from this Sentinel: it is only polled'))
  t.equal(watcher.last?.votes[0]?.tilt, undefined, 'it may not ask for INFO either')
})

t.test('a Sentinel user that may not ask is told which command was refused', async (t) => {
  const rig = await useRig(t, {
    sentinels: 1,
    quorum: 1,
    sentinelLines: ['user watch on >secret +auth +hello']
  })
  const watcher = useWatcher(t, rig.sentinels, { username: 'watch', password: 'secret' })

  await watcher.until('a look', () => watcher.observations.length > 0)
  t.match(watcher.verdict, { kind: 'none', why: 'denied', text: /NOPERM.*get-master-addr-by-name/i })
})

t.test('after close no socket and no timer is left, whatever the links were doing', async (t) => {
  const rig = await useRig(t)
  const mute = await useServer(t, () => undefined)
  const dead = { host, port: await freePort(host) }
  const left = (): string[] =>
    process
      .getActiveResourcesInfo()
      .filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout')
      .sort()
  rig.sentinels[1]?.freeze()
  await new Promise((resolve) => setTimeout(resolve, 100))
  for (const waitMs of [0, 30, 700]) {
    const before = left()
    const watcher = new Watcher([...rig.sentinels, mute, dead], { timeoutMs: 500 })
    watcher.sentinels.start()
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    const { length } = watcher.observations
    await watcher.sentinels.close()
    // The mute server's own ends of the connections go with the next events.
    for (let tries = 0; tries < 250 && left().join() !== before.join(); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
    t.strictSame(left(), before, `after ${waitMs} ms`)
    t.equal(watcher.observations.length, length, 'nothing is reported after close')
  }
})
