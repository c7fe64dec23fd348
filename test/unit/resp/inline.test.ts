// The cases stand here so that they fail without a server too; test/integration/protocol-errors compares with one.
import t from 'tap'
import { ArgumentRanges } from '../../../src/resp/argument-ranges.ts'
import { encodeWords, isCrossProtocol, splitInline } from '../../../src/resp/inline.ts'

const split = (line: string): string[] | undefined =>
  splitInline(Buffer.from(line, 'latin1'))?.map((word) => word.toString('latin1'))

t.test('a line is split as sdssplitargs splits it', async (t) => {
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['', []],
    [' \t\v\f\r ', []],
    ['get  a\tb', ['get', 'a', 'b']],
    ['a\rb', ['a', 'b']],
    ['a\vb\fc', ['a\vb\fc']],
    ['caf\xc3\xa0 \xa0', ['caf\xc3\xa0', '\xa0']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['pre"a b" post', ['prea b', 'post']],
    ['"" \'\'', ['', '']],
    ['"a"\vb', ['a', 'b']],
    ['"\\x41\\xZZ\\x4"', ['AxZZx4']],
    ['"\\n\\r\\t\\b\\a\\q\\\\\\""', ['\n\r\t\b\x07q\\"']],
    ["'\\n\\' \\x'", ["\\n' \\x"]],
    ["'\\\\'", undefined],
    ['a\\n', ['a\\n']],
    ['a\0b', ['a']],
    ['"a', undefined],
    ["'a", undefined],
    ['"a\\"', undefined],
    ['"a\\', undefined],
    ["'a\\'", undefined],
    ['"a"b', undefined],
    ["'a''b'", undefined],
    ['"a\0"', undefined]
  ]
  for (const [line, words] of cases) t.strictSame(split(line), words, JSON.stringify(line))
})

t.test('the words become an array whose ranges point at them', async (t) => {
  const words = ['set', '', 'x'.repeat(1000)].map((word) => Buffer.from(word))
  const ranges = new ArgumentRanges()
  const bytes = encodeWords(words, ranges)
  t.equal(bytes.toString(), `*3\r\n$3\r\nset\r\n$0\r\n\r\n$1000\r\n${'x'.repeat(1000)}\r\n`)
  t.strictSame(
    words.map((_, index) => bytes.subarray(ranges.start(index), ranges.end(index))),
    words
  )
})

t.test('what a browser can be made to send is known by its first word, in any case', async (t) => {
  for (const name of ['POST', 'post', 'Host:', 'HOST:']) t.ok(isCrossProtocol(Buffer.from(name)), name)
  for (const name of ['posts', 'host', 'host:x', 'get', '']) t.notOk(isCrossProtocol(Buffer.from(name)), name)
})
