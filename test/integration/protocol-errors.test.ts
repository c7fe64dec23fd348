// Holds the request framer against a real server: the same bytes must be the same requests, or the same error.
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { encode } from '../../src/resp/decode.ts'
import { protocolError } from '../../src/resp/replies.ts'
import { RequestFramer } from '../../src/resp/request-framer.ts'
import type { RawClient } from '../harness/raw-client.ts'
import { useClient, useRig } from '../harness/with-rig.ts'

const proto = (text: string): string => `-ERR Protocol error: ${text}\r\n`
const ping = '*1\r\n$4\r\nPING\r\n'
const pong = '+PONG\r\n'
const long = (bytes: number): string => '1'.repeat(bytes)

/** What is sent, and all that a server says to it. */
type Case = readonly [sent: string, said: string]

const closing: readonly Case[] = [
  ...['*x', '*', '*-', '*+1', '*01', '* 1', '*1 ', '*1x', '*--1', '*-0', '*-01', '*2147483648'].map(
    (line): Case => [`${line}\r\n`, proto('invalid multibulk length')]
  ),
  ['*99999999999999999999\r\n', proto('invalid multibulk length')],
  ['*1\r\n:4\r\n', proto("expected '$', got ':'")],
  ['*1\r\n*1\r\n', proto("expected '$', got '*'")],
  ['*2\r\n$4\r\nPING\r\nhello\r\n', proto("expected '$', got 'h'")],
  ['*1\r\n\r\n', proto("expected '$', got ' '")],
  ['*1\r\n\n\r\n', proto("expected '$', got ' '")],
  ['*1\r\n\xe9\r\n', proto("expected '$', got '\xe9'")],
  ...['$', '$x', '$-1', '$-0', '$+4', '$ 4', '$4 ', '$04', '$00', '$4x', '$536870913', '$1e3'].map(
    (line): Case => [`*1\r\n${line}\r\nPING`, proto('invalid bulk length')]
  ),
  ['*1\r\n$99999999999999999999\r\n', proto('invalid bulk length')],
  [long(65_537), proto('too big inline request')],
  [`*${long(65_536)}`, proto('too big mbulk count string')],
  [`*1\r\n$${long(65_536)}`, proto('too big bulk count string')],
  ...[
    'PING "a',
    "PING 'a",
    'PING "a"b',
    "PING 'a'b",
    'PING a"b',
    "'",
    'PING "\\"',
    'PING "\\',
    "PING '\\'"
  ].map((line): Case => [`${line}\r\n`, proto('unbalanced quotes in request')]),
  ...['POST / HTTP/1.1', 'post', 'Host: example', 'HOST:', '"POST"'].map((line): Case => [`${line}\r\n`, '']),
  [`${ping}PING\r\n*x\r\n${ping}`, `${pong}${pong}${proto('invalid multibulk length')}`]
]

const going: readonly Case[] = [
  ['*0\r\n*-1\r\n*-5\r\n', ''],
  [`*-${'9'.repeat(18)}\r\n`, ''],
  ['\r\n\n   \r\n\t\v\f\r\n\r\r\n', ''],
  [`${ping}\r\n${ping}`, `${pong}${pong}`],
  ['PING\nping\r\n  PiNg  \r\n\vPING\r\n', pong.repeat(4)],
  ['PING a\xa0b\r\n', '$3\r\na\xa0b\r\n'],
  ['PING a\vb\fc\r\n', '$5\r\na\vb\fc\r\n'],
  ['PING "a"\vx\r\n', "-ERR wrong number of arguments for 'ping' command\r\n"],
  ['PING "\\x41\\n\\r\\t\\b\\a\\q\\"\\\\\\x4"\r\n', '$11\r\nA\n\r\t\b\x07q"\\x4\r\n'],
  ["PING 'a\\'b\\n'\r\n", "$5\r\na'b\\n\r\n"],
  ['PING ab"c d"\r\n', '$5\r\nabc d\r\n'],
  ['PING ""\r\n', '$0\r\n\r\n'],
  // The bytes that close a bulk string and the one behind a CR are skipped unseen.
  ['*1\r\n$4\r\nPINGxy', pong],
  ['*1\rx$4\rxPINGxx', pong],
  ['*2\r\n$4\r\nPING\r\n$0\r\n\r\n', '$0\r\n\r\n'],
  ['*2\r\n$4\r\nPING\r\n$2\r\n\r\n\r\n', '$2\r\n\r\n\r\n']
]

const restricted: readonly Case[] = [
  ['*11\r\n', proto('unauthenticated multibulk length')],
  ['*1\r\n$16385\r\n', proto('unauthenticated bulk length')],
  ['*11\r\n$16385\r\n', proto('unauthenticated multibulk length')]
]

const stillRestricted: readonly Case[] = [
  [`*10\r\n$3\r\nDEL\r\n${'$1\r\na\r\n'.repeat(9)}`, '-NOAUTH Authentication required.\r\n'],
  [`*2\r\n$3\r\nGET\r\n$16384\r\n${long(16_384)}\r\n`, '-NOAUTH Authentication required.\r\n']
]

const latin = (text: string): Buffer => Buffer.from(text, 'latin1')

/** What is said to `sent` before the connection ends, or until as much has come as `said` is long. */
async function ask(client: RawClient, sent: Buffer, said: string): Promise<string> {
  let heard = ''
  client.send(sent)
  while (heard.length < said.length) heard += (await client.reply()).toString('latin1')
  return heard
}

/** The requests that the framer finds, as it hands them on, and the error that it ends with, if any. */
function frame(sent: Buffer, isRestricted: boolean): { requests: Buffer[]; error: Buffer | undefined } {
  const framer = new RequestFramer(512 * 1024 * 1024, { isAuthenticated: !isRestricted })
  framer.push(sent)
  const requests: Buffer[] = []
  for (;;) {
    const framed = framer.next()
    if (framed === 'more') return { requests, error: undefined }
    if (framed === 'error')
      return { requests, error: framer.error === '' ? Buffer.alloc(0) : protocolError(framer.error) }
    requests.push(Buffer.from(framer.bytes.subarray(framer.start, framer.end)))
  }
}

async function holdAgainst(
  t: Test,
  port: number,
  [sent, said]: Case,
  rules: { closes: boolean; restricted: boolean }
): Promise<void> {
  const bytes = latin(sent)
  const title = JSON.stringify(sent.length > 60 ? `${sent.slice(0, 60)}...` : sent)
  const server = await useClient(t, { port })
  const marker = rules.restricted ? '-NOAUTH Authentication required.\r\n' : '$3\r\nend\r\n'
  if (rules.closes) {
    t.equal(await ask(server, bytes, said), said, `the server to ${title}`)
    t.equal(await server.closed, 'fin', `the server closes after ${title}`)
    t.equal(server.bytesRead, said.length, `the server says nothing more to ${title}`)
  } else {
    const all = said + marker
    t.equal(
      await ask(server, Buffer.concat([bytes, encode('ECHO', 'end')]), all),
      all,
      `the server to ${title}`
    )
  }

  const { requests, error } = frame(bytes, rules.restricted)
  const plain = await useClient(t, { port })
  let heard = ''
  for (const request of requests) heard += await ask(plain, request, ' ')
  t.equal(heard + (error?.toString('latin1') ?? ''), said, `the framer to ${title}`)
  t.equal(
    error !== undefined,
    rules.closes,
    `the framer ${rules.closes ? 'stops' : 'goes on'} after ${title}`
  )
}

t.test('what Redis refuses the framer refuses, in the same words, and both close [C2]', async (t) => {
  const { port } = (await useRig(t, { replicas: 0, sentinels: 0 })).nodes[0]!
  for (const one of closing) await holdAgainst(t, port, one, { closes: true, restricted: false })
})

t.test('what Redis skips or takes the framer skips or takes, byte for byte [C2]', async (t) => {
  const { port } = (await useRig(t, { replicas: 0, sentinels: 0 })).nodes[0]!
  for (const one of going) await holdAgainst(t, port, one, { closes: false, restricted: false })
})

t.test('a client that has not authenticated is held to the limits of Redis [R3] [C2]', async (t) => {
  const { port } = (await useRig(t, { replicas: 0, sentinels: 0, password: 'secret' })).nodes[0]!
  for (const one of restricted) await holdAgainst(t, port, one, { closes: true, restricted: true })
  for (const one of stillRestricted) await holdAgainst(t, port, one, { closes: false, restricted: true })
})

t.test('no inline line is split into other arguments than Redis splits it into', async (t) => {
  const { port } = (await useRig(t, { replicas: 0, sentinels: 0 })).nodes[0]!
  const mark = fc.constantFrom(...Array.from('aax4fF01nrtbq  \t\r\v\f\x01\xa0\xff"""\'\'\'\\\\\\'))
  const line = fc.array(mark, { maxLength: 24 }).map((marks) => marks.join(''))
  let client = await useClient(t, { port })
  const differing: string[] = []
  let refused = 0
  for (const text of fc.sample(line, { numRuns: 3000, seed: 7 })) {
    const sent = latin(`EVAL "return ARGV" 0 ${text}\n`)
    const { requests, error } = frame(sent, false)
    const words = requests[0] && argumentsOf(requests[0]).slice(3)
    client.send(sent)
    const reply = await client.reply()
    const isSame = error === undefined ? reply.equals(arrayOf(words ?? [])) : reply.equals(error)
    if (!isSame) differing.push(text)
    if (reply[0] !== '-'.charCodeAt(0)) continue
    refused++
    await client.closed
    client = await useClient(t, { port })
  }
  t.strictSame(differing, [])
  t.ok(refused > 100 && refused < 2900, 'lines of both kinds were tried')
})

t.test('a NUL in a line makes Redis 7.0 wait for ever, and ends the line for the framer', async (t) => {
  t.strictSame(frame(latin('PING a\0b\r\n'), false).requests, [encode('PING', 'a')])
  t.strictSame(frame(latin('PING "a\0b"\r\n'), false).error, protocolError('unbalanced quotes in request'))
})

function argumentsOf(request: Buffer): Buffer[] {
  const framer = new RequestFramer(request.length)
  framer.push(request)
  framer.next()
  return Array.from({ length: framer.argumentCount }, (_, index) => framer.argument(index)!)
}

function arrayOf(words: readonly Buffer[]): Buffer {
  return words.length === 0 ? Buffer.from('*0\r\n') : encode(...words)
}
