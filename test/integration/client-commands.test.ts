// CLIENT speaks of the proxy's own sessions, and a client cannot tell by what it says.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient } from '../harness/with-rig.ts'
import { askBoth, pipeBoth, useBeside, words, type Same } from './beside-redis.ts'

const beside = await useBeside(t)
const { proxy, rig } = beside

// Ids, addresses, ages and buffers are those of the connection between the client and the proxy.
const ofConnection =
  /\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem)=\S*/g

const sameLine: Same = (reply) => reply.replace(/^([$=])\d\d+/, '$1N').replace(ofConnection, '$1=?')

const text = async (client: RawClient, line: string): Promise<string> =>
  (await client.command(...words(line))).toString('latin1')

/** The fields of the line in a reply of CLIENT INFO, or of the one in CLIENT LIST that has `marks`. */
function fieldsOf(reply: string, mark = ''): Record<string, string> {
  const line = reply.split('\n').find((each) => each.includes('id=') && each.includes(mark)) ?? ''
  return Object.fromEntries(
    line
      .replace(/^txt:/, '')
      .split(' ')
      .map((field) => field.split('=') as [string, string])
  )
}

const misused = [
  ...['CLIENT', 'CLIENT FOO', 'CLIENT FOO bar', 'CLIENT ID x', 'CLIENT INFO x', 'client list x'],
  ...['CLIENT LIST TYPE', 'CLIENT LIST TYPE foo', 'CLIENT LIST TYPE normal x', 'CLIENT LIST ID'],
  ...['CLIENT LIST ID abc', 'CLIENT LIST ID 987654', 'CLIENT LIST ID 987654 abc', 'CLIENT LIST TYPE master'],
  ...[
    'CLIENT LIST TYPE replica',
    'CLIENT LIST TYPE slave',
    'CLIENT LIST TYPE pubsub',
    'CLIENT LIST TYPE PubSub'
  ],
  ...['CLIENT KILL', 'CLIENT KILL foo', 'CLIENT KILL ID', 'CLIENT KILL ID abc', 'CLIENT KILL ID 0'],
  ...['CLIENT KILL ID -1', 'CLIENT KILL ID 987654', 'CLIENT KILL ID 987654 TYPE', 'CLIENT KILL TYPE foo'],
  ...['CLIENT KILL TYPE master', 'CLIENT KILL TYPE pubsub', 'CLIENT KILL USER foo', 'CLIENT KILL foo bar'],
  ...['CLIENT KILL ADDR 1.2.3.4:5', 'CLIENT KILL LADDR 1.2.3.4:5', 'CLIENT KILL SKIPME foo'],
  ...['CLIENT KILL MAXAGE 100', 'CLIENT KILL constructor x', 'CLIENT KILL ID 987654 SKIPME no'],
  ...['CLIENT REPLY', 'CLIENT REPLY foo', 'CLIENT REPLY ON', 'CLIENT REPLY ON x', 'CLIENT REPLY ""'],
  ...['CLIENT PAUSE', 'CLIENT PAUSE abc', 'CLIENT PAUSE -1', 'CLIENT PAUSE 1.5', 'CLIENT PAUSE 1 foo'],
  ...['CLIENT PAUSE abc foo', 'CLIENT PAUSE 1 WRITE x', 'CLIENT PAUSE 99999999999999999999'],
  ...['CLIENT PAUSE 0', 'CLIENT PAUSE 0 WRITE', 'CLIENT UNPAUSE', 'CLIENT UNPAUSE x'],
  ...['CLIENT HELP', 'CLIENT HELP x', 'CLIENT NO-EVICT', 'CLIENT NO-EVICT foo', 'CLIENT NO-EVICT on'],
  ...['CLIENT INFO', 'CLIENT NO-EVICT OFF', 'CLIENT NO-TOUCH on', 'CLIENT SETINFO lib-name x'],
  ...['CLIENT GETREDIR', 'CLIENT GETREDIR x', 'CLIENT TRACKINGINFO', 'CLIENT TRACKINGINFO x'],
  ...['CLIENT UNBLOCK', 'CLIENT UNBLOCK abc', 'CLIENT UNBLOCK 987654', 'CLIENT UNBLOCK 987654 TIMEOUT'],
  ...['CLIENT UNBLOCK 987654 error', 'CLIENT UNBLOCK abc foo', 'CLIENT UNBLOCK 987654 foo'],
  ...['CLIENT UNBLOCK 987654 ERROR x', 'CLIENT UNBLOCK -1', 'CLIENT UNBLOCK 987654 ""'],
  ...[
    'CLIENT SETNAME',
    'CLIENT SETNAME "a b"',
    'CLIENT SETNAME a b',
    'CLIENT SETNAME abc',
    'CLIENT GETNAME x'
  ],
  ...['CLIENT GETNAME', 'CLIENT INFO', 'CLIENT SETNAME "a b"', 'CLIENT GETNAME', 'CLIENT SETNAME ""'],
  ...['CLIENT GETNAME', 'CLIENT SETNAME é', 'CLIENT CAPA redirect', 'CLIENT IMPORT-SOURCE on']
]

t.test('CLIENT answers every form as a plain Redis does, in RESP2 and RESP3 [C2]', async (t) => {
  await askBoth(t, beside, misused, sameLine)
  await askBoth(t, beside, ['HELLO 3', ...misused], (reply) =>
    sameLine(reply.replace(/id\r\n:\d+/, 'id\r\n:?'))
  )
})

t.test('CLIENT INFO and LIST tell what the session is, field for field as Redis has them [C2]', async (t) => {
  const plain = await useClient(t, beside.plain)
  const client = await useClient(t, proxy)
  const [expected, found] = await Promise.all([plain, client].map((each) => text(each, 'CLIENT INFO')))
  t.strictSame(Object.keys(fieldsOf(found ?? '')), Object.keys(fieldsOf(expected ?? '')))

  await text(client, 'CLIENT SETNAME worker')
  await text(client, 'SELECT 7')
  await text(client, 'HELLO 3')
  t.match(fieldsOf(await text(client, 'CLIENT INFO')), {
    id: (await text(client, 'CLIENT ID')).slice(1).trim(),
    addr: `127.0.0.1:${client.socket.localPort ?? 0}`,
    laddr: `127.0.0.1:${proxy.port}`,
    ...{ name: 'worker', db: '7', resp: '3', user: 'default', cmd: 'client|info', flags: 'N' }
  })
  const other = await useClient(t, proxy)
  await text(other, 'INCR seen')
  const list = await text(client, 'CLIENT LIST')
  t.equal(fieldsOf(list, `addr=127.0.0.1:${other.socket.localPort ?? 0}`)['cmd'], 'incr')
  t.equal(fieldsOf(list, 'name=worker')['cmd'], 'client|list')
})

t.test(
  'CLIENT LIST shows a session in a transaction, one that is blocked and one that listens',
  async (t) => {
    const [asker, multi, blocked, listener] = await Promise.all([1, 2, 3, 4].map(() => useClient(t, proxy)))
    await text(multi as RawClient, 'CLIENT SETNAME in-multi')
    await text(multi as RawClient, 'MULTI')
    await text(blocked as RawClient, 'CLIENT SETNAME blocked')
    blocked?.send('BLPOP nothing 0\r\n')
    await text(listener as RawClient, 'CLIENT SETNAME listener')
    await text(listener as RawClient, 'SUBSCRIBE news')
    const look = (): Promise<string> => text(asker as RawClient, 'CLIENT LIST')
    let list = await look()
    for (let tries = 0; tries < 500 && fieldsOf(list, 'name=blocked')['flags'] !== 'b'; tries += 1) {
      await sleep(20)
      list = await look()
    }
    t.match(fieldsOf(list, 'name=in-multi'), { flags: 'x', multi: '0', cmd: 'multi' })
    t.match(fieldsOf(list, 'name=blocked'), { flags: 'b', multi: '-1', cmd: 'blpop' })
    t.match(fieldsOf(list, 'name=listener'), { flags: 'P', sub: '1', psub: '0', cmd: 'subscribe' })
    const byType = await text(asker as RawClient, 'CLIENT LIST TYPE pubsub')
    t.equal(byType.match(/name=/g)?.length, 1)
    t.match(byType, 'name=listener')
    t.notMatch(await text(asker as RawClient, 'CLIENT LIST TYPE normal'), 'name=listener')
  }
)

t.test('CLIENT LIST ID gives the lines that were asked for, as often as they were', async (t) => {
  const [a, b] = [await useClient(t, proxy), await useClient(t, proxy)]
  const [idOfA, idOfB] = await Promise.all(
    [a, b].map(async (each) => (await text(each, 'CLIENT ID')).slice(1).trim())
  )
  const reply = await text(a, `CLIENT LIST ID ${idOfB ?? ''} 987654 ${idOfA ?? ''} ${idOfB ?? ''}`)
  t.strictSame(reply.match(/\bid=\d+/g), [`id=${idOfB ?? ''}`, `id=${idOfA ?? ''}`, `id=${idOfB ?? ''}`])
})

t.test('CLIENT KILL closes the sessions that every filter names, and no connection of Redis', async (t) => {
  const killed = (): Promise<number> =>
    proxy.metric('holdfast_client_connections_closed_total', { reason: 'killed' })
  const asker = await useClient(t, proxy)
  const master = await useClient(t, await rig.currentMaster())
  // What clients of the test before had to themselves is closed by and by, but for two spare lanes.
  const lanesOf = (kind: string): Promise<number> => proxy.metric('holdfast_lanes', { kind })
  while ((await lanesOf('pubsub')) > 0 || (await lanesOf('pinned')) > 2) await sleep(20)
  const lanes = (await text(master, 'CLIENT LIST')).match(/\bid=\d+/g)?.length
  const victim = async (): Promise<{ client: RawClient; id: string; addr: string }> => {
    const client = await useClient(t, proxy)
    const id = (await text(client, 'CLIENT ID')).slice(1).trim()
    return { client, id, addr: `127.0.0.1:${client.socket.localPort ?? 0}` }
  }
  const before = await killed()
  const ways: ((of: { id: string; addr: string }) => string)[] = [
    ({ addr }) => `CLIENT KILL ${addr}`,
    ({ addr }) => `CLIENT KILL ADDR ${addr}`,
    ({ id }) => `CLIENT KILL ID ${id}`,
    ({ id }) => `CLIENT KILL TYPE normal USER default LADDR 127.0.0.1:${proxy.port} ID ${id}`
  ]
  for (const way of ways) {
    const { client, ...of } = await victim()
    t.match(await text(asker, way(of)), /^(\+OK|:1)\r\n$/, way(of))
    t.equal(await client.closed, 'fin')
  }
  const spared = await victim()
  t.equal(await text(asker, `CLIENT KILL TYPE pubsub ID ${spared.id}`), ':0\r\n')
  t.equal(
    await text(asker, `CLIENT KILL ID ${spared.id} ID 987654`),
    ':0\r\n',
    'of two ids the last one holds'
  )
  t.equal(await text(spared.client, 'PING'), '+PONG\r\n')
  // A session counts as closed when the client has closed its side too.
  while ((await killed()) - before < ways.length) await sleep(20)
  t.equal((await killed()) - before, ways.length)
  t.ok(((await text(master, 'CLIENT LIST')).match(/\bid=\d+/g)?.length ?? 0) >= (lanes ?? 0))
})

t.test('who kills itself still gets the reply, and SKIPME spares it', async (t) => {
  const self = await useClient(t, proxy)
  const addr = `127.0.0.1:${self.socket.localPort ?? 0}`
  t.equal(await text(self, `CLIENT KILL ADDR ${addr}`), ':0\r\n')
  t.equal(await text(self, `CLIENT KILL ADDR ${addr} SKIPME no`), ':1\r\n')
  t.equal(await self.closed, 'fin')
  const old = await useClient(t, proxy)
  t.equal(await text(old, `CLIENT KILL 127.0.0.1:${old.socket.localPort ?? 0}`), '+OK\r\n')
  t.equal(await old.closed, 'fin')
})

const replyPrograms = [
  ['CLIENT REPLY SKIP', 'PING', 'PING x'],
  ['CLIENT REPLY SKIP', 'CLIENT REPLY SKIP', 'PING 1', 'PING 2'],
  ['CLIENT REPLY SKIP', 'CLIENT REPLY ON', 'PING 2'],
  ['CLIENT REPLY SKIP', 'CLIENT REPLY OFF', 'PING 1', 'CLIENT REPLY ON', 'PING 2'],
  ['CLIENT REPLY OFF', 'CLIENT REPLY SKIP', 'PING 1', 'CLIENT REPLY ON', 'PING 2', 'PING 3'],
  ['CLIENT REPLY OFF', 'PING', 'CLIENT REPLY foo', 'FOO', 'GET', 'CLIENT REPLY ON', 'PING 2'],
  ...[
    'FOO',
    'GET',
    'CLIENT REPLY foo',
    'CLIENT REPLY',
    'SELECT 3',
    'AUTH x',
    'HELLO 3',
    'RESET',
    'BLPOP q 0.01'
  ].map((skipped) => ['CLIENT REPLY SKIP', skipped, 'PING 2']),
  ['CLIENT REPLY OFF', 'RESET', 'PING 2'],
  ['CLIENT REPLY SKIP', 'MULTI', 'PING', 'EXEC'],
  ['CLIENT REPLY OFF', 'WATCH k', 'MULTI', 'INCR muted', 'EXEC', 'CLIENT REPLY ON', 'GET muted'],
  ['SET k v', 'CLIENT REPLY OFF', 'GET k', 'SET k w', 'CLIENT REPLY ON', 'GET k'],
  ['GET k', 'CLIENT REPLY SKIP', 'GET k', 'GET muted', 'GET muted'],
  [
    'GET k',
    'INCR muted',
    'CLIENT REPLY OFF',
    'INCR muted',
    'INCR muted',
    'INCR muted',
    'CLIENT REPLY ON',
    'GET muted',
    'GET k'
  ],
  [
    'CLIENT REPLY OFF',
    'CLIENT ID',
    'SELECT 3',
    'SET three 3',
    'CLIENT REPLY ON',
    'GET three',
    'SELECT 0',
    'GET three'
  ],
  ['CLIENT REPLY SKIP', 'SUBSCRIBE a b', 'PING', 'UNSUBSCRIBE a b', 'PING'],
  ['CLIENT REPLY OFF', 'SUBSCRIBE a', 'PING', 'UNSUBSCRIBE a', 'CLIENT REPLY ON', 'PING']
]

t.test(
  'CLIENT REPLY leaves out what Redis leaves out, in the middle of a pipeline too [C2] [R1]',
  async (t) => {
    for (const program of replyPrograms) {
      const [expected, found] = await pipeBoth(beside, program, 30)
      t.equal(found, expected, program.join(' | '))
    }
  }
)

t.test('a session whose replies are off still ends with QUIT', async (t) => {
  const client = await useClient(t, proxy)
  client.send('CLIENT REPLY OFF\r\nSET quiet 1\r\nQUIT\r\n')
  t.equal(await client.closed, 'fin')
  t.equal(client.bytesRead, 0)
  const other = await useClient(t, proxy)
  t.equal(await text(other, 'GET quiet'), '$1\r\n1\r\n')
})

t.test('no CLIENT gets into a transaction, where it would act on a connection that is lent', async (t) => {
  const client = await useClient(t, proxy)
  for (const line of [
    'CLIENT REPLY OFF',
    'CLIENT KILL TYPE normal',
    'CLIENT PAUSE 60000',
    'CLIENT SETNAME x'
  ]) {
    t.equal(await text(client, 'MULTI'), '+OK\r\n')
    t.match(await text(client, line), /^-ERR /, line)
    t.match(await text(client, 'EXEC'), /^-EXECABORT /)
  }
  t.equal(await text(client, 'PING'), '+PONG\r\n')
})
