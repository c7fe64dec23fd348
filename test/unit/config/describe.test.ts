import t from 'tap'
import { settingsHelp, settingsMarkdown, settingsYaml, wrapped } from '../../../src/config/describe.ts'
import { settingsTable } from '../../../src/config/settings.ts'
import { variableOf } from '../../../src/config/names.ts'

t.test('the help shows flag, default and variable of every setting, within 80 columns', async (t) => {
  const lines = settingsHelp().split('\n')
  t.strictSame(
    lines.filter((line) => line.length > 80),
    []
  )
  for (const { key, short = key, default: text } of settingsTable) {
    const line = lines.find((line) => line.startsWith(`  --${short} `))
    t.strictSame(
      line?.split(/\s+/),
      ['', `--${short}`, ...(text === '' ? [] : [text]), variableOf(short)],
      key
    )
  }
  t.match(settingsHelp(), 'One of causal, session, eventual, master.')
  t.match(settingsHelp(), 'Written a:1=b:2, repeated or separated by commas.')
})

t.test('every setting is one sentence', async (t) => {
  for (const { key, means } of settingsTable) t.match(means, /^[A-Z][^.]*\.$/, key)
})

t.test('neighbours in the table are of one group, so that each group has one heading', async (t) => {
  const headings = settingsYaml().match(/^\w+:$/gm) ?? []
  t.ok(headings.length > 5)
  t.equal(new Set(headings).size, headings.length)
})

t.test('the Markdown table says what each setting takes', async (t) => {
  const rowOf = (key: string): string | undefined => {
    const row = settingsMarkdown()
      .split('\n')
      .find((line) => line.startsWith(`| \`${key}\` |`))
    return row?.split('|')[3]?.trim()
  }
  const expected: Readonly<Record<string, string>> = {
    listen: '`host:port`',
    'sentinel.addresses': 'list of `host:port`',
    natMap: 'map of `host:port` to `host:port`',
    'redis.password': 'secret',
    master: 'text',
    'reads.consistency': '`causal`, `session`, `eventual`, `master`',
    'failover.refuseEmptyMaster': '`true` or `false`',
    'commands.allow': 'list of commands',
    'client.maxClients': 'count, 1 to 1000000',
    'client.replyBuffer': 'size, at least 1kb',
    'lane.warmSpares': 'count, at most 1000',
    'hold.budget': 'duration',
    'hold.window': 'duration, or `auto`',
    'heartbeat.deadline': 'duration, 20ms to 1m, or `auto`'
  }
  for (const [key, value] of Object.entries(expected)) t.equal(rowOf(key), value, key)
})

t.test('text is broken between words, and a word that is too long stays whole', async (t) => {
  t.strictSame(wrapped('one two three', 7), ['one two', 'three'])
  t.strictSame(wrapped('a incomprehensible b', 5), ['a', 'incomprehensible', 'b'])
})
