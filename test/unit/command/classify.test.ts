import t from 'tap'
import { classify, word } from '../../../src/command/classify.ts'
import { CommandTable, unknownCommand, type Command } from '../../../src/command/commands.ts'
import { encode } from '../../../src/resp/decode.ts'
import { RequestFramer } from '../../../src/resp/request-framer.ts'

const table = new CommandTable([
  { name: 'get', flags: ['readonly', 'fast'] },
  { name: 'set', flags: ['write'] },
  { name: 'xread', flags: ['readonly', 'blocking'] },
  { name: 'xreadgroup', flags: ['write', 'blocking'] },
  { name: 'blnew', flags: ['write', 'blocking'] },
  { name: 'newadmin', flags: ['admin'] },
  { name: 'module.call', flags: [] },
  { name: 'xgroup', flags: [] },
  { name: 'xgroup|create', flags: ['write'] },
  { name: 'xinfo|stream', flags: ['readonly'] }
])

function framed(pieces: readonly Buffer[]): RequestFramer {
  const framer = new RequestFramer(1e9)
  for (const piece of pieces) framer.push(piece)
  if (framer.next() !== 'request') throw new Error('no request')
  return framer
}

const of = (...words: string[]): Command => classify(framed([encode(...words)]), table)

/** The same in chunks of 16 KB, so that a large request is not joined. */
function inPieces(...words: string[]): Command {
  const bytes = encode(...words)
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 16_384) pieces.push(bytes.subarray(at, at + 16_384))
  return classify(framed(pieces), table)
}

t.test('a name is found in any case, and by all of its letters', async (t) => {
  for (const name of ['get', 'GET', 'gEt']) t.equal(of(name, 'k').name, 'get')
  for (const name of ['ge', 'gett', 'g', '', 'get ', 'g\x05t', 'GET\0', 'gE4'])
    t.equal(of(name, 'k'), unknownCommand, JSON.stringify(name))
})

t.test('letters that differ from others by one bit are not folded into them', async (t) => {
  const odd = new CommandTable([{ name: 'a[b', flags: ['readonly'] }])
  t.equal(classify(framed([encode('a[b')]), odd).name, 'a[b')
  t.equal(classify(framed([encode('A[B')]), odd).name, 'a[b')
  t.equal(classify(framed([encode('a{b')]), odd), unknownCommand)
})

t.test('what no table knows is sent once, to the master, on a lane of its own [C1] [F3]', async (t) => {
  t.match(of('nosuch', 'k'), { handling: 'leased', effect: 'once', replica: false })
  t.match(of('module.call', 'k'), { handling: 'leased', effect: 'once', replica: false })
})

t.test('flags decide: reads again, writes once, waiting pinned, administration refused', async (t) => {
  t.match(of('get', 'k'), { handling: 'shared', effect: 'again', replica: true })
  t.match(of('set', 'k', 'v'), { handling: 'shared', effect: 'once', replica: false })
  t.match(of('blnew', 'k', '0'), { handling: 'pinned', effect: 'once', pin: 'blocking', replica: false })
  t.match(of('newadmin'), { handling: 'refused' })
})

t.test('the second word decides for a container, in any case', async (t) => {
  t.match(of('XGROUP', 'CREATE', 's', 'g', '$'), {
    name: 'xgroup|create',
    handling: 'shared',
    effect: 'once'
  })
  t.match(of('xinfo', 'Stream', 's'), { name: 'xinfo|stream', effect: 'again', replica: true })
  t.match(of('script', 'LOAD', 'return 1'), { name: 'script|load', handling: 'shared' })
  t.match(of('client', 'ID'), { name: 'client|id', handling: 'here' })
  t.match(of('config', 'SET', 'a', 'b'), { name: 'config|set', handling: 'refused' })
})

t.test('a container with an unknown second word, or with none, is its own row', async (t) => {
  t.match(of('xgroup', 'nosuch'), { name: 'xgroup', handling: 'leased', effect: 'once' })
  t.match(of('xgroup'), { name: 'xgroup', handling: 'leased' })
  t.match(of('cluster', 'nosuch'), { name: 'cluster', handling: 'shared' })
})

t.test('XREAD blocks only when it says so before STREAMS [R4]', async (t) => {
  t.match(of('XREAD', 'COUNT', '1', 'STREAMS', 's', '0'), {
    handling: 'shared',
    replica: true,
    effect: 'again'
  })
  t.match(of('XREAD', 'STREAMS', 'block', '0'), { handling: 'shared' })
  t.match(of('XREAD', 'streams', 'a', 'BLOCK', '0', '0'), { handling: 'shared' })
  for (const call of [
    ['XREAD', 'BLOCK', '0', 'STREAMS', 's', '$'],
    ['xread', 'count', '1', 'block', '0', 'streams', 's', '$'],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 's', '>'],
    ['XREADGROUP', 'BLOCK', '0', 'GROUP', 'g', 'c', 'STREAMS', 's', '>']
  ])
    t.match(
      of(...call),
      { handling: 'pinned', pin: 'blocking', replica: false, effect: 'once' },
      call.join(' ')
    )
  t.match(of('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>'), {
    handling: 'shared',
    effect: 'once',
    replica: false
  })
})

t.test('a name list from the settings gets a lane of its own for each call', async (t) => {
  const allowing = new CommandTable([{ name: 'debug', flags: ['admin'] }], ['debug', 'mine'])
  t.match(allowing.get('debug'), { handling: 'leased', effect: 'once', replica: false })
  t.match(allowing.get('mine'), { handling: 'leased', effect: 'once' })
})

t.test('a word that is not at hand is empty, one that is comes in lower case', async (t) => {
  const request = framed([encode('GET', 'KeY')])
  t.equal(word(request, 1), 'key')
  t.equal(word(request, 2), '')
})

t.test('a very long name, in pieces, is no command', async (t) => {
  t.equal(inPieces('x'.repeat(100_000), 'k'), unknownCommand)
  t.match(inPieces('SET', 'k', 'x'.repeat(100_000)), { name: 'set' })
  t.match(inPieces('XGROUP', 'x'.repeat(100_000)), { name: 'xgroup' })
})

t.test(
  'with no COMMAND of a server the built-in table says what is a read and what a write [C1]',
  async (t) => {
    const builtin = new CommandTable(undefined)
    t.match(builtin.get('get'), { handling: 'shared', replica: true, effect: 'again' })
    t.match(builtin.get('set'), { handling: 'shared', replica: false, effect: 'once' })
    t.match(builtin.get('blpop'), { handling: 'pinned', pin: 'blocking' })
    t.match(builtin.get('xreadgroup')?.blockingForm, { handling: 'pinned' })
    t.equal(builtin.get('nosuch'), undefined)
    t.ok(builtin.size > 300)
  }
)

t.test("a subcommand's row is not found by one word [C2]", async (t) => {
  for (const name of ['client|id', 'CONFIG|GET', 'xgroup|create'])
    t.equal(of(name, 'k'), unknownCommand, name)
})

t.test('a group that is named streams or block does not hide whether the call waits [R4]', async (t) => {
  t.match(of('XREADGROUP', 'GROUP', 'streams', 'c', 'BLOCK', '0', 'STREAMS', 's', '>'), {
    handling: 'pinned'
  })
  t.match(of('XREADGROUP', 'GROUP', 'g', 'streams', 'BLOCK', '0', 'STREAMS', 's', '>'), {
    handling: 'pinned'
  })
  t.match(of('XREADGROUP', 'GROUP', 'block', 'block', 'STREAMS', 's', '>'), { handling: 'shared' })
})

t.test('a call that may wait and cannot be read to its STREAMS gets a lane of its own [R4]', async (t) => {
  t.match(inPieces('XREADGROUP', 'GROUP', 'g'.repeat(100_000), 'c', 'BLOCK', '0', 'STREAMS', 's', '>'), {
    handling: 'pinned'
  })
  const counts = Array.from({ length: 2500 }, () => ['COUNT', '1']).flat()
  t.match(of('XREAD', ...counts, 'BLOCK', '0', 'STREAMS', 's', '$'), { handling: 'pinned' })
})
