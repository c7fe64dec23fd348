// The tools of the other conformance tests: what they do not notice, nobody does.
import t from 'tap'
import { difference, type Program, type Target } from '../harness/differential.ts'
import { asMaster } from '../harness/fake-redis.ts'
import { useFakeRedis, useRig } from '../harness/with-rig.ts'
import { allowedDifferences, allowedNames } from './allowed-differences.ts'
import { reduced } from './reduce.ts'
import { programOf, readScript, scripts } from './script.ts'

function programFrom(text: string, protocol: 2 | 3 = 2): Program {
  return programOf(readScript('made', text), protocol)
}

t.test('every kind of difference is found, with the line where it is', async (t) => {
  const rig = await useRig(t, { replicas: 0, sentinels: 0 })
  const redisPort = rig.nodes[0]!.port
  const answers: Record<string, string> = { GET: '$1\r\nv\r\n', LLEN: ':1\r\n', DEL: ':0\r\n+EXTRA\r\n' }
  const fake = await useFakeRedis(t, ([name = '']) => answers[name] ?? asMaster([name]) ?? '+OK\r\n')
  const plain: Target = { name: 'redis', port: redisPort, redisPort, replicas: 0, longestWaitMs: 2000 }
  const other: Target = { name: 'another', port: fake.port, redisPort, replicas: 0, longestWaitMs: 2000 }
  const between = (text: string): Promise<string> => difference(programFrom(text), plain, other)

  t.equal(await difference(programFrom('SET k v\nGET k\nHGETALL k'), plain, plain), '')
  t.equal(await between('SET k v\nGET k'), '')
  t.match(
    await between('SET k v\nLLEN none'),
    /made:2: LLEN none\n {2}redis: ":0\\r\\n"\n {2}proxy: ":1\\r\\n"/
  )
  t.equal(await between('~number LLEN none'), '')
  t.match(await between('DEL none'), /after the last step\n.*nothing\n.*EXTRA/)
  t.match(await between('QUIT\nended a'), /ended a\n {2}redis: fin\n {2}proxy: open/)
  await t.rejects(between('GET k => 2'), { message: /redis does not answer as the program says/ })
  await t.rejects(between('GET none => 0'), { message: /leaves replies of redis unread/ })
})

t.test('a script that cannot be understood says its line', async (t) => {
  t.throws(() => programFrom('SET k v\n~nothing GET k'), { message: /under the name nothing: made:2/ })
  t.throws(() => programFrom('end'), { message: /nothing to end/ })
  t.throws(() => programFrom('together\na: PING\nb: PING\nend'), { message: /another connection: made:3/ })
  const [step] = programFrom('raw "\\x00\\r\\n{b.id}"').steps
  const bytes = step?.kind === 'send' ? step.requests[0]?.bytes : undefined
  t.strictSame(
    typeof bytes === 'function' && String(bytes(new Map([['b.id', Buffer.from('7')]]))),
    '\x00\r\n7'
  )
})

t.test('every allowed difference is used by a script, and none hides another reply', async (t) => {
  const used = new Set(
    [...scripts(), ...scripts('acl/')].flatMap(({ text }) =>
      [...text.matchAll(/~([\w-]+) /g)].map(([, name]) => name)
    )
  )
  t.strictSame(
    allowedNames.filter((name) => !used.has(name)),
    []
  )
  const same = (name: string, reply: string): string =>
    String(allowedDifferences(name, '')(Buffer.from(reply), Buffer.from('')))
  t.equal(same('unordered', '*2\r\n$1\r\nb\r\n$1\r\na\r\n'), '*2\r\n$1\r\na\r\n$1\r\nb\r\n')
  t.equal(
    same('pairs-unordered', '*4\r\n$1\r\nb\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n2\r\n'),
    '*4\r\n$1\r\na\r\n$1\r\n2\r\n$1\r\nb\r\n$1\r\n1\r\n'
  )
  t.equal(same('id', ':12\r\n'), same('id', ':7\r\n'))
  for (const name of allowedNames)
    t.not(same(name, '-ERR no\r\n'), same(name, '+OK\r\n'), `${name} does not hide an error`)
})

t.test('a failing program is reduced to the commands that make it fail', async (t) => {
  const program = programFrom('SET a 1\nSET b 2\ntogether\nGET a\nINCR n\nGET b\nend\nGET c\nDECR n')
  const fails = async ({ steps }: Program): Promise<boolean> => {
    const sent = steps
      .map((step) => (step.kind === 'send' ? step.requests.map(({ bytes }) => String(bytes)).join('') : ''))
      .join('')
    return sent.includes('INCR') && sent.includes('GET\r\n$1\r\nc')
  }
  t.equal((await reduced(program, fails, 5000)).steps.length, 2)
})
