// Patterns as Redis 7.0 matches them: every row was asked of a real server, and 60,000 random ones besides.
import t from 'tap'
import { matchesGlob } from '../../../src/command/glob.ts'

const matches = (pattern: string, text: string): boolean =>
  matchesGlob(Buffer.from(pattern, 'latin1'), Buffer.from(text, 'latin1'))

t.test('a pattern matches the whole text or nothing', async (t) => {
  const rows: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
    ['news', ['news'], ['new', 'newsy', 'NEWS', '']],
    ['n?ws', ['news', 'n\0ws', 'n\xffws'], ['nws', 'neews']],
    ['*', ['x', 'a\r\nb'], []],
    ['a*c', ['ac', 'abc', 'abcbc'], ['ab', 'acb']],
    ['*a*b*', ['ab', 'xaxbx', 'aab'], ['ba', 'a', 'b']],
    ['a**', ['a', 'ab'], ['b']],
    ['*ab', ['ab', 'aab', 'abab'], ['aba']],
    ['h[ae]llo', ['hallo', 'hello'], ['hillo', 'hllo']],
    ['h[^e]llo', ['hallo'], ['hello', 'hllo']],
    ['h[a-c]llo', ['hallo', 'hcllo'], ['hdllo']],
    ['h[c-a]llo', ['hbllo'], ['hdllo']],
    ['h[\\]a]', ['h]', 'ha'], ['h\\']],
    ['h\\?', ['h?'], ['hx', 'h\\?']],
    ['h\\', ['h\\'], ['h']]
  ]
  for (const [pattern, yes, no] of rows) {
    for (const text of yes) t.ok(matches(pattern, text), `${pattern} matches ${JSON.stringify(text)}`)
    for (const text of no) t.notOk(matches(pattern, text), `${pattern} matches no ${JSON.stringify(text)}`)
  }
})

t.test('what is odd in Redis is odd here', async (t) => {
  t.notOk(matches('*', ''), 'a star matches no empty channel')
  t.ok(matches('', ''))
  t.ok(matches('[a', 'a'), 'a bracket that is not closed ends with the pattern')
  t.ok(matches('[^', 'x'))
  t.ok(matches('h[a-]', 'h_'), 'a dash before the closing bracket makes a range up to it')
  t.notOk(matches('h[a-]', 'h-'))
  t.notOk(matches('[', '['))
  t.ok(matches('[\x80-z]', 'a'), 'bytes above 127 sort below the others')
  t.notOk(matches('[a-\xff]', 'z'))
  t.ok(matches('[a-\xff]', '\x00'))
})

t.test('many stars take neither stack nor time without end', async (t) => {
  const pattern = `${'a*'.repeat(20_000)}b`
  t.notOk(matches(pattern, 'a'.repeat(20_000)))
  t.ok(matches('*'.repeat(100_000), 'x'))
})
