// MONITOR, which the operator has to allow: what the master runs, for as long as the client wants to hear it.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { RigNode } from '../../src/demo/rig-node.ts'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

const allowed = { args: ['--commands.allow', 'monitor'] }

/** The next line that matches; the proxy's own questions to the master are lines as well. */
async function lineOf(client: RawClient, pattern: RegExp): Promise<string> {
  for (;;) {
    const line = (await client.reply()).toString()
    if (pattern.test(line)) return line
  }
}

async function monitorsOf(node: RigNode): Promise<number> {
  const clients = String(await node.command('CLIENT', 'LIST'))
  return clients.split('\n').filter((line) => line.includes(' flags=O ')).length
}

t.test('who monitors hears what every client runs, until RESET [C2]', async (t) => {
  const rig = await useRig(t, { replicas: 0 })
  const proxy = await useProxy(t, rig, allowed)
  const [monitor, other] = [await useClient(t, proxy), await useClient(t, proxy)]
  await t.test('as Redis says it, in RESP2 and RESP3', async (t) => {
    for (const protocol of ['2', '3']) {
      const client = await useClient(t, proxy)
      await client.command('HELLO', protocol)
      t.equal((await client.command('MONITOR')).toString(), '+OK\r\n')
      await other.command('SET', 'a', protocol)
      t.match(await lineOf(client, /"SET"/), /^\+\d+\.\d+ \[0 127\.0\.0\.1:\d+\] "SET" "a" "\d"\r\n$/)
    }
  })
  t.equal((await monitor.command('MONITOR')).toString(), '+OK\r\n')
  t.match((await other.command('CLIENT', 'LIST')).toString(), / flags=O /)
  while ((await proxy.metric('holdfast_lanes', { kind: 'monitor' })) !== 1) await sleep(20)
  await t.test('its own requests go on between the lines', async (t) => {
    monitor.send('PING\r\nGET a\r\n')
    t.equal(await lineOf(monitor, /^\+PONG/), '+PONG\r\n')
    t.equal(await lineOf(monitor, /^\$/), '$1\r\n3\r\n')
  })
  await t.test('asked once more it says nothing, as Redis', async (t) => {
    monitor.send('MONITOR\r\nECHO again\r\n')
    t.equal(await lineOf(monitor, /^(\+OK|\$)/), '$5\r\nagain\r\n')
  })
  monitor.send('RESET\r\n')
  await lineOf(monitor, /^\+RESET/)
  await other.command('SET', 'a', 'unheard')
  t.equal((await monitor.command('GET', 'a')).toString(), '$7\r\nunheard\r\n')
  while ((await monitorsOf(rig.nodes[0]!)) > 0) await sleep(10)
})

t.test('one who goes away leaves no monitor at Redis', async (t) => {
  const rig = await useRig(t, { replicas: 0 })
  const proxy = await useProxy(t, rig, allowed)
  const monitor = await useClient(t, proxy)
  await monitor.command('MONITOR')
  t.equal(await monitorsOf(rig.nodes[0]!), 1)
  await monitor.close()
  while ((await monitorsOf(rig.nodes[0]!)) > 0) await sleep(10)
})

t.test('nobody monitors unless the operator and the ACL of the user allow it [C2]', async (t) => {
  const rig = await useRig(t, { replicas: 0 })
  const closed = await useProxy(t, rig)
  t.match((await (await useClient(t, closed)).command('MONITOR')).toString(), /^-NOPERM .*'monitor' command/)
  await rig.nodes[0]!.command('ACL', 'SETUSER', 'joe', 'on', '>secret', '+@all', '-monitor', '~*', '&*')
  const joe = await useClient(t, await useProxy(t, rig, allowed))
  await joe.command('AUTH', 'joe', 'secret')
  t.match((await joe.command('MONITOR')).toString(), /^-NOPERM .*'monitor' command/)
  t.equal((await joe.command('PING')).toString(), '+PONG\r\n', 'it goes on as before')
})

t.test('in a transaction Redis itself refuses it [C2]', async (t) => {
  const rig = await useRig(t, { replicas: 0 })
  const client = await useClient(t, await useProxy(t, rig, allowed))
  await client.command('MULTI')
  await client.command('MONITOR')
  t.match((await client.command('EXEC')).toString(), /MONITOR isn't allowed|EXECABORT/)
  t.equal(await monitorsOf(rig.nodes[0]!), 0)
})

t.test('one who monitors hears the new master after a failover [F1]', async (t) => {
  const rig = await useRig(t)
  const proxy = await useProxy(t, rig, allowed)
  const [monitor, other] = [await useClient(t, proxy), await useClient(t, proxy)]
  await monitor.command('MONITOR')
  const old = await rig.currentMaster()
  await rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName)
  const next = await rig.masterAfter(old)
  await proxy.ready()
  while ((await monitorsOf(next)) === 0) await sleep(10)
  await other.command('SET', 'a', 'after')
  t.match(await lineOf(monitor, /"SET" "a"/), /"after"/)
  t.ok(monitor.isOpen)
})

t.test('one who does not read its lines is closed at its limit [R3]', async (t) => {
  const rig = await useRig(t, { replicas: 0 })
  const args = [...allowed.args, '--client.outputHardLimit', '1mb', '--client.outputSoftLimit', '512kb']
  const proxy = await useProxy(t, rig, { args })
  const [monitor, other] = [await useClient(t, proxy), await useClient(t, proxy)]
  await monitor.command('MONITOR')
  monitor.socket.pause()
  const value = 'x'.repeat(100_000)
  for (let sent = 0; sent < 200; sent++) await other.command('SET', 'a', value)
  while ((await proxy.metric('holdfast_client_connections_closed_total', { reason: 'output_limit' })) === 0)
    await sleep(20)
  t.equal((await other.command('PING')).toString(), '+PONG\r\n')
})
