// What the connection to a Sentinel rests on, for peers that are older, laxer or stranger than the one at hand.
import dns from 'node:dns'
import t from 'tap'
import { useFakeRedis, useRig } from '../harness/with-rig.ts'
import { useWatcher } from './sentinels-watcher.ts'

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`
const array = (...items: readonly string[]): string => `*${items.length}\r\n${items.join('')}`
const texts = (...items: readonly string[]): string => array(...items.map(bulk))

// An old Sentinel: no HELLO, no MYID, and once subscribed nothing else may be asked.
function oldSentinel([name = '', subcommand = '']: readonly string[]): string {
  switch (`${name} ${subcommand}`.trim().toUpperCase()) {
    case 'PSUBSCRIBE *':
      return array(bulk('psubscribe'), bulk('*'), ':1\r\n')
    case 'PUNSUBSCRIBE *':
      return array(bulk('punsubscribe'), bulk('*'), ':0\r\n')
    case 'SENTINEL GET-MASTER-ADDR-BY-NAME':
      return texts('10.0.0.1', '6379')
    case 'SENTINEL MASTER':
      return texts('config-epoch', '3', 'num-other-sentinels', '0', 'quorum', '1')
    case 'SENTINEL CKQUORUM':
      return '+OK 1 usable Sentinels\r\n'
    case 'SENTINEL REPLICAS':
    case 'SENTINEL SENTINELS':
      return '*0\r\n'
    default:
      return `-ERR unknown command '${name}'\r\n`
  }
}

t.test('a Sentinel without RESP3 is polled, because a connection that listens could not ask', async (t) => {
  const old = await useFakeRedis(t, oldSentinel)
  const watcher = useWatcher(t, [{ host: '127.0.0.1', port: old.port }])

  await watcher.until(
    'several votes',
    () => watcher.observations.filter(({ votes }) => votes.length === 1).length > 3
  )
  t.match(watcher.verdict, {
    kind: 'believe',
    topology: { master: { host: '10.0.0.1', port: 6379 }, epoch: 3 }
  })
  t.match(watcher.sentinels.states(), [{ connected: true, subscribed: false, lastError: null }])
  t.strictSame(watcher.warnings, ['no events from this Sentinel: it is only polled'])
  t.equal(old.connections.length, 1)
})

t.test('a password that a Sentinel does not want is no trouble', async (t) => {
  const rig = await useRig(t, { sentinels: 1, quorum: 1, replicas: 0 })
  const watcher = useWatcher(t, rig.sentinels, { password: 'not-wanted' })

  await watcher.until('a look', () => watcher.observations.length > 0)
  t.match(watcher.verdict, { kind: 'believe' })
})

t.test('a look is five questions, with a sixth when it is time to ask for the peers', async (t) => {
  const requests: string[] = []
  const fake = await useFakeRedis(t, (words) => {
    requests.push(words.slice(0, 2).join(' '))
    if (words[0] === 'hello') return '%0\r\n'
    return words[0] === 'psubscribe' ? `>3\r\n${bulk('psubscribe')}${bulk('*')}:1\r\n` : oldSentinel(words)
  })
  const seed = { host: '127.0.0.1', port: fake.port }
  const watcher = useWatcher(t, [seed], { pollIntervalMs: 60_000, peersIntervalMs: 60_000 })
  await watcher.until('the first look and that of the connection', () => watcher.observations.length === 2)
  t.ok(requests.includes('sentinel SENTINELS'))
  requests.length = 0
  await watcher.sentinels.ask('mine')
  t.strictSame(requests, [
    'sentinel GET-MASTER-ADDR-BY-NAME',
    'sentinel MASTER',
    'sentinel CKQUORUM',
    'sentinel REPLICAS',
    'info sentinel'
  ])
  t.match(watcher.sentinels.states(), [{ subscribed: true }])
  t.equal(fake.connections.length, 1)
})

t.test('a name is looked up anew at every dial', async (t) => {
  const rig = await useRig(t, { sentinels: 1, quorum: 1, replicas: 0 })
  const { port = 0 } = rig.sentinels[0] ?? {}
  let address = '127.0.0.9'
  const asked: string[] = []
  t.intercept(dns, 'lookup', {
    value: (host: string, _options: unknown, done: (error: null, found: readonly unknown[]) => void) => {
      asked.push(host)
      process.nextTick(done, null, [{ address, family: 4 }])
    }
  })
  const watcher = useWatcher(t, [{ host: 'moving.test', port }])

  await watcher.until('a look', () => watcher.observations.length > 0)
  t.match(watcher.last?.failures, [{ kind: 'unreachable', reason: /moving\.test.*127\.0\.0\.9/ }])
  address = '127.0.0.1'
  await watcher.until('a vote', () => watcher.last?.votes.length === 1)
  t.ok(asked.length >= 2)
  t.ok(asked.every((host) => host === 'moving.test'))
})
