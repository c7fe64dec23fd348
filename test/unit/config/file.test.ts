import t, { type Test } from 'tap'
import { readSettingsFile } from '../../../src/config/file.ts'

/** Name as written and texts of everything that the file gives. */
function read(text: string): unknown {
  return readSettingsFile('a.yaml', text).map(({ where, texts }) => [where, texts])
}

function refused(t: Test, text: string, message: string): void {
  t.throws(() => readSettingsFile('a.yaml', text), { code: 'USAGE', message }, message)
}

t.test('an empty file, or one of comments, gives nothing', async (t) => {
  for (const text of ['', '# nothing\n', '---\n', '~', '{}'])
    t.strictSame(read(text), [], JSON.stringify(text))
})

t.test('groups nest, and a dotted name is the same', async (t) => {
  t.strictSame(read('hold:\n  window: 5s\nhold.budget: 10s'), [
    ['a.yaml:2:11: hold.window', ['5s']],
    ['a.yaml:3:14: hold.budget', ['10s']]
  ])
})

t.test('JSON is YAML', async (t) => {
  t.strictSame(read('{"hold": {"maxRequests": 5}, "failover": {"refuseEmptyMaster": true}}'), [
    ['a.yaml:1:26: hold.maxRequests', ['5']],
    ['a.yaml:1:64: failover.refuseEmptyMaster', ['true']]
  ])
})

t.test('a value is what is written, whatever YAML would make of it', async (t) => {
  const passwords = [
    ['007', '007'],
    ['0x1F', '0x1F'],
    ['1e3', '1e3'],
    ['true', 'true'],
    ['2024-01-01', '2024-01-01'],
    ['"null"', 'null'],
    ["'it''s'", "it's"],
    ['"a\\tb"', 'a\tb']
  ]
  for (const [written, meant] of passwords)
    t.strictSame(read(`redis.password: ${written}`), [['a.yaml:1:17: redis.password', [meant]]])
})

t.test('a setting without a value is empty, and a group without one is only a heading', async (t) => {
  t.strictSame(read('redis:\n  # password:\nmaster:'), [['a.yaml:3:1: master', ['']]])
  t.strictSame(read('sentinel:\n'), [])
})

t.test('the Sentinels are a list, one text, or a group with their addresses', async (t) => {
  t.strictSame(read('sentinel: a:1, b:2'), [['a.yaml:1:11: sentinel', ['a:1', 'b:2']]])
  t.strictSame(read('sentinel:\n  - a:1\n  - b:2'), [
    ['a.yaml:2:5: sentinel', ['a:1']],
    ['a.yaml:3:5: sentinel', ['b:2']]
  ])
  t.strictSame(read('sentinel:\n  addresses: [a:1]\n  pollInterval: 2s'), [
    ['a.yaml:2:15: sentinel.addresses', ['a:1']],
    ['a.yaml:3:17: sentinel.pollInterval', ['2s']]
  ])
  t.strictSame(read('admin: 0.0.0.0:9379'), [['a.yaml:1:8: admin', ['0.0.0.0:9379']]])
})

t.test('an empty list or map is given, and empty', async (t) => {
  t.strictSame(read('sentinel: []'), [['a.yaml:1:11: sentinel', []]])
  t.strictSame(read('natMap: {}\ncommands: {allow: []}'), [
    ['a.yaml:1:9: natMap', []],
    ['a.yaml:2:19: commands.allow', []]
  ])
})

t.test('announced addresses are a map, or one text', async (t) => {
  t.strictSame(read('natMap:\n  10.0.0.1:6379: 127.0.0.1:7001\n  "[::1]:1": b:2\n  c:3:'), [
    ['a.yaml:2:3: natMap', ['10.0.0.1:6379=127.0.0.1:7001']],
    ['a.yaml:3:3: natMap', ['[::1]:1=b:2']],
    ['a.yaml:4:3: natMap', ['c:3=']]
  ])
  t.strictSame(read('natMap: a:1=b:2,c:3=d:4'), [['a.yaml:1:9: natMap', ['a:1=b:2', 'c:3=d:4']]])
})

t.test('an alias stands for what it names', async (t) => {
  const text = 'redis: {password: &p hunter2}\nsentinel: {password: *p, addresses: &a [a:1]}'
  t.strictSame(read(text), [
    ['a.yaml:1:22: redis.password', ['hunter2']],
    ['a.yaml:1:22: sentinel.password', ['hunter2']],
    ['a.yaml:2:41: sentinel.addresses', ['a:1']]
  ])
  refused(t, 'master: *nobody', "a.yaml:1:1: '*nobody' is an alias of nothing")
})

t.test('an unknown name is told with its place and the nearest known one', async (t) => {
  refused(t, 'hold:\n  windwo: 5s', "a.yaml:2:3: unknown setting 'hold.windwo': did you mean hold.window?")
  refused(
    t,
    'reads:\n  max_lag: 5s',
    "a.yaml:2:3: unknown setting 'reads.max_lag': did you mean reads.maxLag?"
  )
  refused(t, 'holds: {}', "a.yaml:1:1: unknown setting 'holds': did you mean hold?")
  refused(t, '\n\n  something_else: 1', "a.yaml:3:3: unknown setting 'something_else'")
  refused(t, 'hold: {hold: {}}', "a.yaml:1:8: unknown setting 'hold.hold': did you mean hold?")
})

t.test('a value of the wrong shape is told with its place', async (t) => {
  refused(t, '- a', 'a.yaml:1:1: a map of settings is expected here')
  refused(t, 'just text', 'a.yaml:1:1: a map of settings is expected here')
  refused(t, 'hold: 5', 'a.yaml:1:7: hold is a group of settings and takes no value of its own')
  refused(t, 'hold: [5]', 'a.yaml:1:7: hold is a group of settings and takes no value of its own')
  refused(t, 'master: [a]', 'a.yaml:1:9: master takes one value')
  refused(t, 'master: {a: b}', 'a.yaml:1:9: master takes one value')
  refused(t, 'admin: [a:1]', 'a.yaml:1:8: admin takes one value')
  refused(t, 'natMap: [a]', 'a.yaml:1:9: natMap takes a map')
  refused(t, 'commands: {allow: {a: b}}', 'a.yaml:1:19: commands.allow takes a list')
  refused(t, 'sentinel: [[a:1]]', 'a.yaml:1:12: one value is expected here')
  refused(t, '? [a]\n: b', 'a.yaml:1:3: the name of a setting is expected here')
})

t.test('what is no YAML is told with its place, on one line', async (t) => {
  refused(t, 'master: a\nmaster: b', 'a.yaml:2:1: Map keys must be unique')
  refused(t, 'hold:\n\twindow: 5s', 'a.yaml:2:1: Tabs are not allowed as indentation')
  refused(t, 'master: "a', 'a.yaml:1:11: Missing closing "quote')
  refused(t, 'master: !vault a', 'a.yaml:1:9: Unresolved tag: !vault')
  refused(
    t,
    'master: a\n---\nmaster: b',
    'a.yaml:2:1: Source contains multiple documents; please use YAML.parseAllDocuments()'
  )
})
