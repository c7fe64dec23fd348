// CLIENT PAUSE: every session waits in the proxy, and Redis never hears of it.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'
import { words } from './beside-redis.ts'

const rig = await useRig(t, { replicas: 1 })
const proxy = await useProxy(t, rig)

const text = async (client: RawClient, line: string): Promise<string> =>
  (await client.command(...words(line))).toString('latin1')

/** Whether a reply came within some milliseconds. */
async function waits(reply: Promise<unknown>, ms: number): Promise<boolean> {
  return Promise.race([reply.then(() => false), sleep(ms, true)])
}

t.test(
  'CLIENT PAUSE holds every session in the proxy until it is over, and Redis never hears of it',
  async (t) => {
    const [operator, reader, writer] = await Promise.all([1, 2, 3].map(() => useClient(t, proxy)))
    const direct = await useClient(t, await rig.currentMaster())
    const begunAtMs = performance.now()
    t.equal(await text(operator as RawClient, 'CLIENT PAUSE 2000'), '+OK\r\n')
    const replies = Promise.all([
      text(reader as RawClient, 'GET paused'),
      text(writer as RawClient, 'SET paused 1'),
      text(operator as RawClient, 'PING')
    ])
    t.ok(await waits(replies, 150))
    t.equal(await text(direct, 'SET not-paused 1'), '+OK\r\n')
    t.equal(await text(direct, 'GET paused'), '$-1\r\n')
    const [, written, pong] = await replies
    t.strictSame([written, pong], ['+OK\r\n', '+PONG\r\n'])
    t.ok(performance.now() - begunAtMs >= 1999)
  }
)

t.test('a pause of writes lets reads go, and UNPAUSE ends it', async (t) => {
  const [operator, client, writer] = await Promise.all([1, 2, 3].map(() => useClient(t, proxy)))
  await text(operator as RawClient, 'DEL paused-list')
  await text(operator as RawClient, 'CLIENT PAUSE 60000 WRITE')
  const written = Promise.all(
    ['RPUSH paused-list a', 'RPUSH paused-list b'].map((line) => text(writer as RawClient, line))
  )
  t.equal(await text(client as RawClient, 'LRANGE paused-list 0 -1'), '*0\r\n')
  t.ok(await waits(written, 100))
  t.match(await text(operator as RawClient, 'CLIENT LIST'), /flags=b .*cmd=rpush/)
  t.equal(await text(operator as RawClient, 'CLIENT UNPAUSE'), '+OK\r\n')
  t.strictSame(await written, [':1\r\n', ':2\r\n'])
})

t.test('a pause that outlasts the window of a hold ends with replies, not with errors', async (t) => {
  const short = await useProxy(t, rig, { args: ['--hold.window', '200ms'] })
  const [operator, writer] = [await useClient(t, short), await useClient(t, short)]
  await text(operator, 'CLIENT PAUSE 800 WRITE')
  t.equal(await text(writer, 'SET k v'), '+OK\r\n')
})

t.test('a request whose client leaves in a pause is never executed', async (t) => {
  const [operator, leaver] = [await useClient(t, proxy), await useClient(t, proxy)]
  await text(operator, 'CLIENT PAUSE 60000 WRITE')
  leaver.send('INCR left-in-pause\r\nINCR left-in-pause\r\n')
  await sleep(50)
  leaver.socket.end()
  await once(leaver.socket, 'close')
  await text(operator, 'CLIENT UNPAUSE')
  t.equal(await text(operator, 'GET left-in-pause'), '$-1\r\n')
})

t.test('a paused pipeline of reads and writes keeps its order [R1] [R4]', async (t) => {
  const [operator, client] = [await useClient(t, proxy), await useClient(t, proxy)]
  await text(operator, 'CLIENT PAUSE 200 WRITE')
  client.send('GET order\r\nSET order 1\r\nGET order\r\nINCR order\r\nGET order\r\n')
  t.equal(String(await client.reply()), '$-1\r\n')
  t.strictSame((await client.replies(4)).map(String), ['+OK\r\n', '$1\r\n1\r\n', ':2\r\n', '$1\r\n2\r\n'])
})
