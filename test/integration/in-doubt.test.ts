// failover.inDoubt: what a client gets that sent a write of which nobody knows whether it was executed [F3].
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from '../../src/demo/redis-rig.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

type Scene = {
  readonly rig: Rig
  readonly proxy: ProxyProcess
  readonly writer: RawClient
  readonly reader: RawClient
}

/** A write, and a read of another client, are in flight on a master that answers nothing any more. */
async function start(t: Test, inDoubt: string): Promise<Scene> {
  const rig = await useRig(t, { replicas: 1 })
  const proxy = await useProxy(t, rig, {
    args: ['--failover.inDoubt', inDoubt, '--reads.consistency', 'master']
  })
  const [writer, reader] = [await useClient(t, proxy), await useClient(t, proxy)]
  await writer.command('SET', 'k', 'v')
  t.equal(String(await writer.command('WAIT', '1', '5000')), ':1\r\n', 'the replica has it')
  rig.nodes[0]!.freeze()
  return { rig, proxy, writer, reader }
}

t.test('with close, a write in doubt ends its session, and a read is read again [F3]', async (t) => {
  const { proxy, writer, reader } = await start(t, 'close')
  const written = writer.command('INCR', 'n')
  const read = reader.command('GET', 'k')
  await t.rejects(written, /the connection ended/)
  const closed = (): Promise<number> =>
    proxy.metric('holdfast_client_connections_closed_total', { reason: 'in_doubt' })
  // A session counts as closed when the client has closed its side too.
  while ((await closed()) === 0) await sleep(20)
  t.equal(await closed(), 1)
  t.equal(await proxy.metric('holdfast_requests_in_doubt_total'), 1)
  t.equal(String(await read), '$1\r\nv\r\n')
  t.equal(String(await reader.command('GET', 'n')), '$-1\r\n', 'it was not sent again')
  t.equal(reader.isOpen, true)
})

t.test(
  'with error, a write in doubt is answered with one that says so, and the session goes on [F1] [F3]',
  async (t) => {
    const { proxy, writer } = await start(t, 'error')
    t.match(String(await writer.command('INCR', 'n')), /^-UNCERTAIN /)
    t.equal(String(await writer.command('GET', 'n')), '$-1\r\n', 'it was not sent again')
    t.equal(await proxy.metric('holdfast_client_connections_closed_total', { reason: 'in_doubt' }), 0)
  }
)
