// The limits of holding: window, budget, count and bytes. No failover can help: the only replica may not be elected.
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from '../../src/demo/redis-rig.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

const MASTERDOWN = '-MASTERDOWN No master was found in time; the request was not executed\r\n'

type Scene = { readonly rig: Rig; readonly proxy: ProxyProcess; readonly clients: readonly RawClient[] }

/** Clients that have written, a replica that has it and serves reads, and a master that has just been killed. */
async function start(t: Test, clientCount: number, ...args: readonly string[]): Promise<Scene> {
  const one = { replicas: 1, sentinels: 1, quorum: 1 }
  const rig = await useRig(t, { ...one, redisArgs: ['--replica-priority', '0'] })
  const proxy = await useProxy(t, rig, { args })
  const clients: RawClient[] = []
  for (let index = 0; index < clientCount; index += 1) clients.push(await useClient(t, proxy))
  for (const client of clients) await client.command('INCR', 'n')
  t.equal(String(await clients.at(-1)!.command('WAIT', '1', '5000')), ':1\r\n')
  await proxy.replicasServe(1)
  await rig.nodes[0]!.kill()
  await phase(proxy, 'suspect')
  return { rig, proxy, clients }
}

async function phase(proxy: ProxyProcess, wanted: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if ((await proxy.status())['phase'] === wanted) return
    await sleep(20)
  }
  throw new Error(`the proxy is not ${wanted} after 10 s\n${proxy.stderr}`)
}

type Answered = { readonly reply: string; readonly afterMs: number }

async function timed(reply: Promise<Buffer>): Promise<Answered> {
  const sentMs = performance.now()
  const text = String(await reply)
  return { reply: text, afterMs: performance.now() - sentMs }
}

async function ends(proxy: ProxyProcess, end: string): Promise<number> {
  return proxy.metric('holdfast_hold_ended_total', { end })
}

/** Who was answered at once, and who waited for a window of 2 s. */
function parted(answers: readonly Answered[]): { early: Answered[]; late: Answered[] } {
  return {
    early: answers.filter(({ afterMs }) => afterMs < 1500),
    late: answers.filter(({ afterMs }) => afterMs >= 1500)
  }
}

t.test('a held request is answered within its window, counted from its own arrival [F4]', async (t) => {
  const { proxy, clients } = await start(t, 2, '--hold.window', '1s')
  const [first, second] = clients
  const one = timed(first!.command('INCR', 'n'))
  await sleep(400)
  const two = timed(second!.command('INCR', 'n'))
  for (const { reply, afterMs } of [await one, await two]) {
    t.equal(reply, MASTERDOWN)
    t.ok(afterMs >= 990 && afterMs < 3000, `after ${afterMs} ms`)
  }
  t.equal(await ends(proxy, 'window'), 2)
  t.equal(String(await first!.command('PING')), '+PONG\r\n', 'the client stays connected')
})

t.test('requests beyond hold.maxRequests are answered at once, and the others still wait', async (t) => {
  const { proxy, clients } = await start(t, 8, '--hold.window', '2s', '--hold.maxRequests', '5')
  const { early, late } = parted(
    await Promise.all(clients.map((client) => timed(client.command('INCR', 'n'))))
  )
  t.equal(early.length, 3)
  t.equal(late.length, 5)
  t.ok([...early, ...late].every(({ reply }) => reply === MASTERDOWN))
  t.equal(await ends(proxy, 'full'), 3)
  t.equal(await ends(proxy, 'window'), 5)
})

t.test('requests beyond hold.maxBytes are answered at once, and small ones still fit', async (t) => {
  const { proxy, clients } = await start(t, 5, '--hold.window', '2s', '--hold.maxBytes', '10kb')
  const large = 'x'.repeat(4096)
  const waiting: Promise<Answered>[] = []
  for (const client of clients.slice(0, 4)) {
    waiting.push(timed(client.command('SET', 'k', large)))
    await sleep(20)
  }
  waiting.push(timed(clients[4]!.command('SET', 'k', 'small')))
  const { early, late } = parted(await Promise.all(waiting))
  t.equal(early.length, 2, 'two of four large ones do not fit')
  t.equal(late.length, 3)
  t.equal(await ends(proxy, 'full'), 2)
  t.equal(await proxy.metric('holdfast_held_bytes'), 0, 'and nothing is left')
})

t.test(
  'when the budget is spent requests are refused at once, until there is a master again [F4]',
  async (t) => {
    const { rig, proxy, clients } = await start(t, 2, '--hold.window', '4s', '--hold.budget', '4s')
    const [first, second] = clients
    await sleep(2000)
    const held = await timed(first!.command('INCR', 'n'))
    t.equal(held.reply, MASTERDOWN)
    t.ok(held.afterMs < 3500, `the budget of the failover ends before the window: after ${held.afterMs} ms`)
    t.equal(await ends(proxy, 'budget'), 1)
    t.equal((await proxy.status())['phase'], 'shedding')
    const refused = await timed(second!.command('INCR', 'n'))
    t.equal(refused.reply, MASTERDOWN)
    t.ok(refused.afterMs < 2000, `after ${refused.afterMs} ms`)

    await rig.nodes[0]!.start()
    await phase(proxy, 'serving')
    t.equal(
      String(await second!.command('INCR', 'n')),
      ':1\r\n',
      'the same connection goes on, on the empty master'
    )
  }
)

t.test('reads go on at the replica while writes wait', async (t) => {
  const { proxy, clients } = await start(t, 2, '--hold.window', '3s', '--reads.consistency', 'eventual')
  const [writer, reader] = clients
  const written = timed(writer!.command('INCR', 'n'))
  const read = await timed(reader!.command('GET', 'n'))
  t.equal(read.reply, '$1\r\n2\r\n')
  t.ok(read.afterMs < 1500, `after ${read.afterMs} ms`)
  t.equal(await proxy.metric('holdfast_requests_held'), 1)
  t.equal((await written).reply, MASTERDOWN)
})

t.test(
  'a proxy that starts without a master serves as soon as there is one, also beyond the budget',
  async (t) => {
    const one = { replicas: 1, sentinels: 1, quorum: 1 }
    const rig = await useRig(t, { ...one, redisArgs: ['--replica-priority', '0'] })
    const [master] = rig.nodes
    await master!.kill()
    const proxy = await useProxy(t, rig, { args: ['--hold.budget', '3s'], waitReady: false })
    while (!proxy.stderr.includes('listening')) await sleep(20)
    const client = await useClient(t, proxy)
    const held = await timed(client.command('INCR', 'n'))
    t.equal(held.reply, MASTERDOWN)
    t.ok(held.afterMs < 5000, `after ${held.afterMs} ms`)
    await phase(proxy, 'shedding')
    await sleep(1500)
    const refused = await timed(client.command('INCR', 'n'))
    t.ok(refused.afterMs < 2000, `nothing is held again: after ${refused.afterMs} ms`)
    await master!.start()
    await phase(proxy, 'serving')
    t.equal(String(await client.command('INCR', 'n')), ':1\r\n')
  }
)
