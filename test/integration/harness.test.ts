// The tools of the other tests: a wrong one would make wrong products pass.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { asMaster } from '../harness/fake-redis.ts'
import { RawClient } from '../harness/raw-client.ts'
import { ReplyScanner } from '../harness/reply-scanner.ts'
import { useClient, useFakeRedis, useRig } from '../harness/with-rig.ts'

t.test('the scanner finds the same replies however the bytes are cut', (t) => {
  const replies = [
    '+OK\r\n',
    '-ERR no\r\n',
    ':-1\r\n',
    '$-1\r\n',
    '$0\r\n\r\n',
    '$4\r\na\r\nb\r\n',
    '*-1\r\n',
    '*0\r\n',
    '*2\r\n*1\r\n+a\r\n$1\r\nb\r\n',
    '%1\r\n+k\r\n*2\r\n:1\r\n:2\r\n',
    '|1\r\n+ttl\r\n:3\r\n+described\r\n',
    '>2\r\n+message\r\n=5\r\ntxt:a\r\n',
    '_\r\n',
    '#t\r\n',
    ',1.5\r\n',
    '(12345678901234567890\r\n'
  ]
  const bytes = Buffer.from(replies.join(''))
  for (let size = 1; size <= bytes.length; size += 1) {
    const scanner = new ReplyScanner()
    const found: string[] = []
    for (let at = 0; at < bytes.length; at += size) {
      found.push(...scanner.push(bytes.subarray(at, at + size)).map(String))
    }
    if (found.join('|') !== replies.join('|')) t.strictSame(found, replies, `in pieces of ${size}`)
  }
  t.throws(() => new ReplyScanner().push(Buffer.from('HTTP/1.1 400\r\n')), { message: /not RESP/ })
  t.end()
})

t.test('a raw client gets replies of any size as the bytes that Redis sent', async (t) => {
  const rig = await useRig(t, { replicas: 0, sentinels: 0 })
  const client = await useClient(t, { port: rig.nodes[0]?.port ?? 0 })

  t.equal(String(await client.command('SET', 'k', 'v')), '+OK\r\n')
  const [set, get] = await Promise.all([client.command('APPEND', 'k', 'w'), client.command('GET', 'k')])
  t.strictSame([String(set), String(get)], [':2\r\n', '$2\r\nvw\r\n'])

  const size = 40 * 1024 * 1024
  await client.command('SETRANGE', 'large', String(size - 1), 'x')
  t.equal((await client.command('GET', 'large')).length, size + `$${size}\r\n\r\n`.length)

  t.match(String(await client.command('HELLO', '3')), /^%7\r\n/)
  const expected = '+PONG\r\n+PONG\r\n'
  const before = client.bytesRead
  client.send('PING\r\nPING\r\n')
  while (client.bytesRead < before + expected.length) await sleep(5)
  t.equal(String(await client.bytesUntilQuiet(50)), expected)

  client.send('QUIT\r\n')
  t.equal(String(await client.reply()), '+OK\r\n')
  t.equal(await client.closed, 'fin')
  await t.rejects(client.reply(), { message: /ended \(fin\)/ })
})

t.test(
  'a fake Redis answers by its table, leaves the rest to the script and closes in mid-reply',
  async (t) => {
    const redis = await useFakeRedis(t, asMaster)
    const client = await RawClient.connect(redis.port)
    const connection = await redis.connection()

    t.equal(String(await client.command('ROLE')), '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n')
    const reply = t.rejects(client.command('GET', 'key'), { message: /ended \(fin\)/ })
    t.strictSame(await connection.request(), ['GET', 'key'])
    connection.send('$10\r\nhalf')
    connection.end()
    await reply
    t.equal(String(await client.bytesUntilQuiet(1)), '$10\r\nhalf')
  }
)

t.test('what a test registered last ends first', async (t) => {
  const ended: string[] = []
  await t.test('inner', (t) => {
    t.teardown(() => ended.push('rig'))
    t.teardown(() => ended.push('proxy'))
    t.end()
  })
  t.strictSame(ended, ['proxy', 'rig'])
})
