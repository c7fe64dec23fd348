// Texts as Redis 7.0 published them in a manual failover, a kill, a reset and a freeze.
import fc from 'fast-check'
import t from 'tap'
import { lookAfter, parseEvent, sentinelEventNames } from '../../../src/topology/sentinel-events.ts'

const old = { host: '127.0.0.1', port: 14447 }
const replica = { host: '127.0.0.1', port: 21394 }
const id = '854938f63545208de85af6419eb3bf82a9fb3f38'
const ofReplica = 'slave 127.0.0.1:21394 127.0.0.1 21394 @ mymaster 127.0.0.1 14447'

const seen: readonly (readonly [channel: string, text: string, parsed: unknown])[] = [
  ['+new-epoch', '1', { name: '+new-epoch', epoch: 1 }],
  ['+vote-for-leader', `${id} 2`, { name: '+vote-for-leader', epoch: 2 }],
  ['+try-failover', 'master mymaster 127.0.0.1 14447', { name: '+try-failover', address: old, master: old }],
  [
    '+elected-leader',
    'master mymaster 127.0.0.1 14447',
    { name: '+elected-leader', address: old, master: old }
  ],
  [
    '+failover-state-select-slave',
    'master mymaster 127.0.0.1 14447',
    { name: '+failover-state-select-slave', address: old, master: old }
  ],
  [
    '+selected-slave',
    ofReplica,
    { name: '+selected-slave', address: replica, master: old, candidate: replica }
  ],
  [
    '+failover-state-send-slaveof-noone',
    ofReplica,
    { name: '+failover-state-send-slaveof-noone', address: replica, master: old, candidate: replica }
  ],
  [
    '+failover-state-wait-promotion',
    ofReplica,
    { name: '+failover-state-wait-promotion', address: replica, master: old, candidate: replica }
  ],
  [
    '-role-change',
    `${ofReplica} new reported role is master`,
    { name: '-role-change', address: replica, master: old, role: 'master' }
  ],
  [
    '+role-change',
    `${ofReplica} new reported role is slave`,
    { name: '+role-change', address: replica, master: old, role: 'replica' }
  ],
  [
    '+promoted-slave',
    ofReplica,
    { name: '+promoted-slave', address: replica, master: old, candidate: replica }
  ],
  ['+slave-reconf-sent', ofReplica, { name: '+slave-reconf-sent', address: replica, master: old }],
  [
    '+config-update-from',
    `sentinel ${id} 127.0.0.1 20866 @ mymaster 127.0.0.1 14447`,
    { name: '+config-update-from', address: { host: '127.0.0.1', port: 20866 }, master: old }
  ],
  [
    '+switch-master',
    'mymaster 127.0.0.1 14447 127.0.0.1 21394',
    { name: '+switch-master', address: old, master: old, candidate: replica }
  ],
  ['+odown', 'master mymaster 127.0.0.1 14447 #quorum 2/2', { name: '+odown', address: old, master: old }],
  ['+set', 'master mymaster 127.0.0.1 14447 quorum 2', { name: '+set', address: old, master: old }],
  ['+monitor', 'master mymaster 127.0.0.1 14447 quorum 2', { name: '+monitor', address: old, master: old }],
  ['+reboot', 'master mymaster 127.0.0.1 14447', { name: '+reboot', address: old, master: old }],
  ['+tilt', '#tilt mode entered', { name: '+tilt' }],
  ['-tilt', '#tilt mode exited', { name: '-tilt' }],
  [
    '-failover-abort-no-good-slave',
    'master mymaster 127.0.0.1 14447',
    { name: '-failover-abort-no-good-slave', address: old, master: old }
  ]
]

t.test('each event is read with its instance, its master and its candidate', async (t) => {
  for (const [channel, text, parsed] of seen)
    t.strictSame(parseEvent(channel, text, 'mymaster'), parsed, channel)
})

t.test('the same events of another master are foreign', async (t) => {
  for (const [channel, text] of seen) {
    if (!text.includes('mymaster')) continue
    t.equal(parseEvent(channel, text, 'my'), 'foreign', channel)
    t.equal(parseEvent(channel, text.replace('mymaster', 'mymaster2'), 'mymaster'), 'foreign', channel)
  }
})

t.test('a master that is named like a replica of another one is not taken for it', async (t) => {
  const text = 'slave mymaster 127.0.0.1 21394 @ other 127.0.0.1 14447'
  t.equal(parseEvent('+selected-slave', text, 'mymaster'), 'foreign')
})

t.test('IPv6 addresses and names come through', async (t) => {
  t.strictSame(parseEvent('+switch-master', 'm 2001:db8::1 6379 redis-1.redis 6380', 'm'), {
    name: '+switch-master',
    address: { host: '2001:db8::1', port: 6379 },
    master: { host: '2001:db8::1', port: 6379 },
    candidate: { host: 'redis-1.redis', port: 6380 }
  })
  const text = 'slave [::1]:6380 ::1 6380 @ m redis-0 6379'
  t.strictSame(parseEvent('+selected-slave', text, 'm'), {
    name: '+selected-slave',
    address: { host: '::1', port: 6380 },
    master: { host: 'redis-0', port: 6379 },
    candidate: { host: '::1', port: 6380 }
  })
})

t.test('what is not known or cannot be read is other', async (t) => {
  t.equal(parseEvent('+something-else', 'master mymaster 127.0.0.1 1', 'mymaster'), 'other')
  t.equal(parseEvent('+script-child', 'whatever', 'mymaster'), 'other')
  t.equal(parseEvent('+switch-master', 'mymaster 127.0.0.1 14447', 'mymaster'), 'other')
  t.equal(parseEvent('+switch-master', 'mymaster 127.0.0.1 1 127.0.0.1 0', 'mymaster'), 'other')
  t.equal(parseEvent('+sdown', 'slave x 127.0.0.1 1', 'mymaster'), 'other')
  t.equal(parseEvent('+sdown', 'master mymaster 127.0.0.1 0', 'mymaster'), 'other')
  t.equal(parseEvent('+new-epoch', '', 'mymaster'), 'other')
  t.equal(parseEvent('+new-epoch', 'x', 'mymaster'), 'other')
  t.equal(parseEvent('toString', 'master mymaster 127.0.0.1 1', 'mymaster'), 'other')
  t.strictSame(parseEvent('+sdown', 'slave x 127.0.0.1 1 @ mymaster ? 0', 'mymaster'), {
    name: '+sdown',
    address: { host: '127.0.0.1', port: 1 }
  })
})

t.test(
  'no text makes it throw, and no event of ours names an address without a host and a port',
  async (t) => {
    const word = fc.constantFrom(...'master slave sentinel m @ 127.0.0.1 ::1 6379 0 ? #x'.split(' '), '')
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 9 }).map((words) => words.join(' '))
    )
    const channel = fc.oneof(fc.constantFrom(...sentinelEventNames), fc.string())
    t.doesNotThrow(() => {
      fc.assert(
        fc.property(channel, text, (name, payload) => {
          const event = parseEvent(name, payload, 'm')
          if (typeof event === 'string') return true
          return [event.address, event.master, event.candidate].every(
            (address) =>
              address === undefined || (address.host.length > 0 && address.port >= 1 && address.port <= 65535)
          )
        })
      )
    })
  }
)

t.test(
  "what changes the Sentinels' answers is followed by a look, and the steps of an election are not",
  async (t) => {
    t.equal(lookAfter('+switch-master'), 'look')
    t.equal(lookAfter('+promoted-slave'), 'look')
    t.equal(lookAfter('+sentinel'), 'peers')
    t.equal(lookAfter('+selected-slave'), 'none')
    t.equal(new Set(sentinelEventNames).size, sentinelEventNames.length)
    t.ok(sentinelEventNames.includes('other'))
  }
)
