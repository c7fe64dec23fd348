import t from 'tap'
import { settingsInForce } from '../../../src/config/in-force.ts'
import { loadSettings } from '../../../src/config/load.ts'

function inForce(...argv: readonly string[]): ReadonlyMap<string, readonly [value: string, source: string]> {
  const loaded = loadSettings({ argv, env: {}, readFile: () => '' })
  return new Map(settingsInForce(loaded).map(({ name, value, source }) => [name, [value, source]]))
}

const changed = [
  '--listen=[::1]:7000',
  '--sentinel=a:1,b:2',
  '--natMap=a:1=b:2,[::1]:1=c:3',
  '--commands.allow=debug,config|set',
  '--hold.window=1500ms',
  '--client.replyBuffer=1025',
  '--lane.maxPerNode=5',
  '--failover.refuseEmptyMaster=true',
  '--reads.prefer=10.0.'
]

t.test('each setting is shown as it could be written, with where it came from', async (t) => {
  const shown = inForce(...changed)
  for (const flag of changed) {
    const key = flag.slice(2, flag.indexOf('='))
    const value = flag.slice(flag.indexOf('=') + 1)
    t.strictSame(shown.get(key === 'sentinel' ? 'sentinel.addresses' : key), [value, 'flag'], flag)
  }
  t.strictSame(shown.get('hold.budget'), ['1m', 'default'])
  t.strictSame(shown.get('heartbeat.deadline'), ['auto', 'default'])
  t.strictSame(shown.get('natMap')?.[1], 'flag')
  t.strictSame(inForce().get('natMap'), ['', 'default'])
})

t.test('a secret is never shown, only that there is one', async (t) => {
  const shown = inForce('--redis.password=hunter2', '--admin.token=hunter2')
  t.strictSame(shown.get('redis.password'), ['(set)', 'flag'])
  t.strictSame(shown.get('admin.token'), ['(set)', 'flag'])
  t.strictSame(shown.get('client.password'), ['', 'default'])
  t.notMatch(JSON.stringify([...shown]), 'hunter2')
})
