// RESET, QUIT, HELLO, AUTH, SELECT, ECHO and PING, in every form, beside a plain Redis.
import t from 'tap'
import { useClient, useProxy } from '../harness/with-rig.ts'
import { askBoth, busy, pipeBoth, useBeside, type Same } from './beside-redis.ts'

// Ids are those of the proxy, and what stands between the brackets is the connection's own.
const sameId: Same = (reply) =>
  reply
    .replace(/(id\r\n:)\d+/, '$1?')
    .replace(/^([$=])\d\d+/, '$1N')
    .replace(
      /\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem)=\S*/g,
      '$1=?'
    )

const forms = [
  ...[
    'SELECT',
    'SELECT 99',
    'SELECT abc',
    'SELECT -1',
    'SELECT 1 2',
    'SELECT 99999999999',
    'SELECT 01',
    'SELECT +1'
  ],
  ...['SELECT 99999999999999999999', 'SELECT -99999999999', 'SELECT " 1"', 'SELECT ""', 'SELECT 2147483647'],
  ...[
    'SELECT 16',
    'SELECT 15',
    'SET in-15 1',
    'SELECT 99',
    'GET in-15',
    'SELECT 0',
    'GET in-15',
    'select 15',
    'GET in-15'
  ],
  ...['AUTH', 'AUTH x', 'AUTH a b', 'AUTH default x', 'AUTH a b c', 'AUTH a b c d', 'AUTH "" ""'],
  ...[
    'HELLO 4',
    'HELLO 1',
    'HELLO 0',
    'HELLO -3',
    'HELLO abc',
    'HELLO 03',
    'HELLO +3',
    'HELLO " 3"',
    'HELLO ""'
  ],
  ...[
    'HELLO 99999999999999999999',
    'HELLO 3.0',
    'HELLO 3 FOO',
    'HELLO 3 AUTH',
    'HELLO 3 AUTH a',
    'HELLO 3 AUTH a b'
  ],
  ...['HELLO 3 SETNAME', 'HELLO 3 SETNAME "a b"', 'HELLO 3 SETNAME "a b" FOO', 'HELLO 3 FOO SETNAME "a b"'],
  ...['HELLO 2 AUTH default x SETNAME yes', 'CLIENT GETNAME', 'HELLO 2 SETNAME ""', 'CLIENT GETNAME'],
  ...[
    'HELLO 2 SETNAME a SETNAME b',
    'CLIENT GETNAME',
    'HELLO',
    'hello 3 setname c',
    'CLIENT GETNAME',
    'HELLO'
  ],
  ...['GET missing', 'HGETALL missing', 'HELLO 4', 'GET missing', 'HELLO 2', 'GET missing'],
  ...['ECHO', 'ECHO a b', 'ECHO a', 'ECHO ""', 'PING a b', 'PING', 'PING a', 'PING ""', 'ping A'],
  ...['RESET x', 'CLIENT INFO', 'RESET', 'CLIENT INFO', 'CLIENT GETNAME', 'GET in-15', 'RESET', 'PING']
]

t.test('a server without a password', async (t) => {
  const beside = await useBeside(t)

  await t.test('every form has the reply of a plain Redis [C2]', async (t) => {
    await askBoth(t, beside, forms, sameId)
  })

  await t.test('QUIT answers, closes, and what stands behind it is not executed [C2]', async (t) => {
    const programs = [
      ['QUIT'],
      ['QUIT x y'],
      ['SET quitted 1', 'GET quitted', 'QUIT', 'SET quitted 2', 'PING']
    ]
    for (const program of programs) {
      const [expected, found] = await pipeBoth(beside, program, 20)
      t.equal(found, expected, program.join(' | '))
    }
    const client = await useClient(t, beside.proxy)
    t.equal(String(await client.command('GET', 'quitted')), '$1\r\n1\r\n')
    t.equal(String(await client.command('QUIT')), '+OK\r\n')
    t.equal(await client.closed, 'fin')
  })

  await t.test(
    'a pipeline changes database, protocol and name in the order of its requests [R4]',
    async (t) => {
      const program = [
        ...['SET where zero', 'SELECT 1', 'SET where one', 'GET where', 'HELLO 3 SETNAME x', 'GET missing'],
        ...[
          'CLIENT GETNAME',
          'SELECT 0',
          'GET where',
          'RESET',
          'GET missing',
          'CLIENT GETNAME',
          'SELECT 1',
          'GET where'
        ]
      ]
      const [expected, found] = await pipeBoth(beside, program, 50)
      t.equal(sameId(found ?? ''), sameId(expected ?? ''))
    }
  )

  await t.test('RESET leaves transaction, watch and subscriber mode as in Redis [C2]', async (t) => {
    const lines = [
      'MULTI',
      'SET in-multi 1',
      'RESET',
      'EXEC',
      'GET in-multi',
      'WATCH w',
      'RESET',
      'MULTI',
      'EXEC'
    ]
    await askBoth(t, beside, [...lines, 'SUBSCRIBE a', 'GET x', 'RESET', 'GET x'], sameId)
  })

  await t.test('with a client password no other one opens the door, whatever Redis would take', async (t) => {
    const guarded = await useProxy(t, beside.rig, { args: ['--client.password', 'open sesame'] })
    const client = await useClient(t, guarded)
    const wrong = '-WRONGPASS invalid username-password pair or user is disabled.\r\n'
    t.equal(String(await client.command('PING')), '-NOAUTH Authentication required.\r\n')
    for (const words of [
      ['AUTH', 'x'],
      ['AUTH', 'default', 'x'],
      ['HELLO', '3', 'AUTH', 'default', 'x']
    ]) {
      t.equal(String(await client.command(...words)), wrong, words.join(' '))
    }
    t.equal(String(await client.command('PING')), '-NOAUTH Authentication required.\r\n')
    t.equal(String(await client.command('AUTH', 'open sesame')), '+OK\r\n')
    t.equal(String(await client.command('PING')), '+PONG\r\n')
    t.equal(String(await client.command('AUTH', 'x')), wrong)
    t.equal(String(await client.command('PING')), '+PONG\r\n', 'a failed AUTH takes nothing away')
  })
})

const users = [
  ...'--user alice on >wonder ~* +@all -@dangerous --user open on nopass ~* +@all'.split(' '),
  ...'--user carol on >sings ~* +@all -script|kill -function|kill --busy-reply-threshold 50'.split(' ')
]

const withoutPassword = [
  ...[
    'PING',
    'GET k',
    'GET',
    'SELECT 1',
    'SELECT',
    'ECHO',
    'CLIENT ID',
    'CLIENT',
    'HELLO 3',
    'HELLO',
    'HELLO 4'
  ],
  ...[
    'HELLO abc',
    'HELLO 3 FOO',
    'HELLO 3 SETNAME "a b"',
    'HELLO 3 AUTH default wrong',
    'HELLO 3 AUTH alice wrong'
  ],
  ...[
    'AUTH',
    'AUTH a b c',
    'AUTH wrong',
    'AUTH default wrong',
    'AUTH nobody secret',
    'AUTH alice wrong',
    'PING',
    'RESET'
  ]
]

const withPassword = [
  ...[
    'AUTH open anything',
    'ACL WHOAMI',
    'RESET',
    'PING',
    'AUTH secret',
    'PING',
    'SELECT 3',
    'AUTH wrong',
    'CLIENT INFO'
  ],
  ...[
    'HELLO 3 AUTH alice wonder SETNAME bob',
    'CLIENT INFO',
    'CLIENT GETNAME',
    'ACL WHOAMI',
    'SELECT 2',
    'PING'
  ],
  ...[
    'AUTH default secret',
    'ACL WHOAMI',
    'HELLO',
    'RESET',
    'GET k',
    'HELLO 2 AUTH default secret',
    'GET k',
    'QUIT'
  ]
]

const forbidden = [
  ...[
    'CLIENT LIST',
    'CLIENT KILL ID 987654',
    'CLIENT KILL TYPE normal',
    'CLIENT KILL 1.2.3.4:5',
    'CLIENT PAUSE 60000'
  ],
  ...[
    'CLIENT UNPAUSE',
    'CLIENT UNBLOCK 987654',
    'CLIENT NO-EVICT on',
    'CLIENT KILL',
    'CLIENT PAUSE',
    'CLIENT LIST x'
  ],
  ...[
    'CLIENT INFO',
    'CLIENT GETNAME',
    'CLIENT REPLY ON',
    'CLIENT SETNAME x',
    'CLIENT HELP',
    'FLUSHALL',
    'GET k'
  ]
]

t.test('a server with a password and users', async (t) => {
  const args = ['--redis.password', 'secret', '--client.password', 'secret']
  const beside = await useBeside(t, { password: 'secret', redisArgs: users }, args)

  await t.test('every form has the reply of a plain Redis [C2]', async (t) => {
    await askBoth(t, beside, withoutPassword, sameId)
    await askBoth(t, beside, withPassword, sameId)
  })

  await t.test('what its ACL forbids a user, the proxy does not do for that user [C2]', async (t) => {
    const bystander = await useClient(t, beside.proxy)
    await bystander.command('AUTH', 'secret')
    await askBoth(t, beside, ['AUTH alice wonder', ...forbidden], sameId)
    t.equal(String(await bystander.command('SET', 'k', 'v')), '+OK\r\n', 'neither closed nor paused')
  })

  await t.test(
    'a running script is killed by whom the ACL lets kill it, and by nobody else [C2]',
    async (t) => {
      const runner = await useClient(t, beside.proxy)
      await runner.command('AUTH', 'open', 'x')
      await askBoth(t, beside, ['AUTH open x', 'SCRIPT KILL', 'FUNCTION KILL'], sameId)
      await askBoth(t, beside, ['AUTH carol sings', 'SCRIPT KILL', 'FUNCTION KILL'], sameId)
      for (const words of [
        ['AUTH', 'secret'],
        ['AUTH', 'open', 'x']
      ]) {
        const [killer, stranger] = [await useClient(t, beside.proxy), await useClient(t, beside.proxy)]
        await killer.command(...words)
        await stranger.command('AUTH', 'carol', 'sings')
        runner.send("EVAL 'while true do end' 0\r\n")
        await busy(beside)
        t.match(String(await stranger.command('SCRIPT', 'KILL')), /^-NOPERM /)
        t.equal(String(await killer.command('SCRIPT', 'KILL')), '+OK\r\n')
        t.match(String((await runner.replies(1))[0]), /^-ERR .*Script killed by user/)
      }
    }
  )

  await t.test('a user to whom its ACL permits it kills sessions', async (t) => {
    const [killer, victim] = [await useClient(t, beside.proxy), await useClient(t, beside.proxy)]
    await victim.command('AUTH', 'alice', 'wonder')
    await killer.command('AUTH', 'open', 'x')
    t.equal(String(await killer.command('CLIENT', 'KILL', 'USER', 'alice')), ':1\r\n')
    t.equal(await victim.closed, 'fin')
    killer.send('CLIENT KILL USER alice\r\nPING\r\nCLIENT GETNAME\r\n')
    t.strictSame((await killer.replies(3)).map(String), [':0\r\n', '+PONG\r\n', '$-1\r\n'])
  })
})
