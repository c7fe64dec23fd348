// Replies as Redis 7.0 gave them.
import t from 'tap'
import { questions, readAnswer, readMasterNames, type Reply } from '../../../src/topology/sentinel-replies.ts'

class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

const sentinel = '127.0.0.1:26379'

function flat(fields: Readonly<Record<string, string>>): string[] {
  return Object.entries(fields).flat()
}

const masterFields = {
  name: 'mymaster',
  ip: '127.0.0.1',
  port: '14447',
  flags: 'master,failover_in_progress',
  'down-after-milliseconds': '1000',
  'config-epoch': '7',
  'num-slaves': '2',
  'num-other-sentinels': '2',
  quorum: '2',
  'failover-timeout': '5000',
  'parallel-syncs': '1'
}
const replicaFields = {
  name: '127.0.0.1:28662',
  ip: '127.0.0.1',
  port: '28662',
  flags: 'slave',
  'master-link-status': 'ok',
  'master-host': '127.0.0.1',
  'master-port': '14447',
  'slave-priority': '100',
  'slave-repl-offset': '1234'
}
const peerFields = { name: 'b', ip: '127.0.0.1', port: '25709', runid: 'b', flags: 'sentinel' }
const info = '# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\nsentinel_tilt_since_seconds:-1\r\n'

type Changes = Partial<Record<'named' | 'master' | 'quorum' | 'replicas' | 'info' | 'peers', Reply>>

function answer(changes: Changes = {}, natMap = {}): ReturnType<typeof readAnswer> {
  const replies: Record<string, Reply> = {
    named: [null, ['127.0.0.1', '21394']],
    master: [null, flat(masterFields)],
    quorum: [null, 'OK 3 usable Sentinels. Quorum and failover authorization can be reached'],
    replicas: [null, [flat(replicaFields)]],
    info: [null, info],
    ...changes
  }
  return readAnswer(sentinel, Object.values(replies), natMap)
}

const refused = (text: string): Reply => [new ReplyError(text)]

t.test('the address is that of GET-MASTER-ADDR-BY-NAME, though MASTER still names the old one', async (t) => {
  t.strictSame(answer(), {
    vote: {
      sentinel,
      address: { host: '127.0.0.1', port: 21394 },
      knownMasters: [],
      epoch: 7,
      usable: true,
      tilt: false,
      downAfterMs: 1000,
      failoverTimeoutMs: 5000,
      quorum: 2,
      knownSentinels: 3,
      masterFlags: ['master', 'failover_in_progress'],
      replicas: [
        {
          address: { host: '127.0.0.1', port: 28662 },
          usable: true,
          flags: ['slave'],
          linkUp: true,
          follows: { host: '127.0.0.1', port: 14447 },
          priority: 100,
          replOffset: 1234
        }
      ]
    }
  })
})

t.test('without a quorum the vote is not usable, and any other refusal is a failure', async (t) => {
  const none = refused('NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the majority')
  t.match(answer({ quorum: none }), { vote: { usable: false, epoch: 7 } })
  t.match(answer({ quorum: refused('NOPERM this user has no permissions') }), {
    kind: 'denied',
    sentinel,
    reason: /NOPERM/
  })
  t.match(answer({ named: refused("ERR unknown command 'SENTINEL', with args") }), { kind: 'not-sentinel' })
  t.match(answer({ master: refused('ERR No such master with that name') }), { kind: 'denied' })
  t.match(answer({ replicas: refused('NOAUTH Authentication required.') }), { kind: 'auth' })
})

t.test('a Sentinel that does not know the name votes for nobody, whatever else it answers', async (t) => {
  const unknown = refused('ERR No such master with that name')
  t.match(answer({ named: [null, null], master: unknown, quorum: unknown, replicas: unknown }), {
    vote: { address: null, usable: false, epoch: 0, knownSentinels: 0, replicas: [], knownMasters: [] }
  })
})

t.test('TILT is told by INFO, and unknown where INFO is refused', async (t) => {
  t.match(answer({ info: [null, info.replace('tilt:0', 'tilt:1')] }), { vote: { tilt: true } })
  for (const silent of [refused('NOPERM'), [null, 'nothing'], [null, 7]] as const) {
    const read = answer({ info: silent })
    t.notOk('vote' in read && 'tilt' in read.vote)
  }
})

t.test('a replica is usable only without s_down, o_down and disconnected', async (t) => {
  const flags = ['slave', 's_down,slave', 'o_down,slave', 'slave,disconnected', 'slave,promoted', '']
  const replicas = flags.map((text) => flat({ ...replicaFields, flags: text }))
  const read = answer({ replicas: [null, replicas] })
  t.strictSame('vote' in read && read.vote.replicas.map(({ usable }) => usable), [
    true,
    false,
    false,
    false,
    true,
    true
  ])
})

t.test(
  'what a Sentinel has not heard of a replica is null or zero, and one without an address is left out',
  async (t) => {
    const heard = {
      ip: '10.0.0.1',
      port: '1',
      flags: 'slave',
      'master-link-status': 'err',
      'master-host': '?',
      'master-port': '0'
    }
    const read = answer({ replicas: [null, [flat(heard), flat({ ip: '?', port: '0' }), 'garbage']] })
    t.match(read, { vote: { replicas: [{ linkUp: false, follows: null, priority: 0, replOffset: 0 }] } })
    t.equal('vote' in read && read.vote.replicas.length, 1)
  }
)

t.test('peers are read when they were asked for, without those that have no id or no address', async (t) => {
  const peers: Reply = [
    null,
    [
      flat(peerFields),
      flat({ ...peerFields, runid: 'c', flags: 's_down,sentinel' }),
      flat({ ...peerFields, runid: '' }),
      flat({ ...peerFields, port: '0' })
    ]
  ]
  const address = { host: '127.0.0.1', port: 25709 }
  t.match(answer({ peers }), {
    peers: [
      { id: 'b', address, down: false },
      { id: 'c', address, down: true }
    ]
  })
  t.notOk('peers' in answer({ peers: refused('NOPERM') }), 'refused is unknown, not none')
  t.notOk('peers' in answer())
})

t.test('announced addresses of the master, the replicas and the peers are translated', async (t) => {
  const outside = (port: number): { host: string; port: number } => ({ host: 'outside', port })
  const natMap = {
    '127.0.0.1:21394': outside(1),
    '127.0.0.1:28662': outside(2),
    '127.0.0.1:14447': outside(3),
    '127.0.0.1:25709': outside(4)
  }
  t.match(answer({ peers: [null, [flat(peerFields)]] }, natMap), {
    vote: { address: outside(1), replicas: [{ address: outside(2), follows: outside(3) }] },
    peers: [{ address: outside(4) }]
  })
})

t.test('an answer that no Sentinel would give is garbage', async (t) => {
  const shapes: readonly Changes[] = [
    { named: [null, 'OK'] },
    { named: [null, ['127.0.0.1', 'x']] },
    { named: [null, []] },
    { master: [null, 'OK'] },
    { master: [null, ['config-epoch', 'x']] },
    { master: [null, ['config-epoch']] }
  ]
  for (const shape of shapes) t.match(answer(shape), { kind: 'garbage', sentinel }, JSON.stringify(shape))
  t.match(readAnswer(sentinel, [], {}), { kind: 'garbage' })
})

t.test('the names of all masters are read, and of anything else none', async (t) => {
  t.strictSame(readMasterNames([flat(masterFields), ['name', 'other']]), ['mymaster', 'other'])
  t.strictSame(readMasterNames(undefined), [])
  t.strictSame(readMasterNames([['ip', 'x']]), [])
})

t.test('the peers are the last question, asked only when wanted', async (t) => {
  t.strictSame(questions('m', true).slice(0, -1), questions('m', false))
  t.strictSame(questions('m', true).at(-1), ['sentinel', 'SENTINELS', 'm'])
})
