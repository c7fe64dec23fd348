import t from 'tap'
import * as replies from '../../../src/resp/replies.ts'

const proves = (text: string): boolean => replies.provesUnexecuted(Buffer.from(`${text}\r\n`))

t.test('what Redis says before it executes anything proves a request unexecuted [F2]', async (t) => {
  for (const text of [
    "-READONLY You can't write against a read only replica.",
    "-READONLY You can't write against a read only slave.",
    '-LOADING Redis is loading the dataset in memory',
    '-LOADING Valkey is loading the dataset in memory',
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    '-UNBLOCKED client unblocked via CLIENT UNBLOCK',
    '-REDIRECT 10.0.0.1:6379'
  ])
    t.ok(proves(text), text)
})

t.test('an error that a script may have caused or made proves nothing [F3]', async (t) => {
  for (const text of [
    "-READONLY You can't write against a read only replica. script: 67ed14c1, on @user_script:1.",
    "-ERR Error running script (call to f_67ed14c1): @user_script:1: -READONLY You can't write against a read only replica.",
    '-READONLY mine',
    '-LOADING the cache',
    '-MASTERDOWN no'
  ])
    t.notOk(proves(text), text)
})

t.test('no other reply proves anything, whatever it quotes [F3]', async (t) => {
  for (const text of [
    '-ERR wrong number of arguments',
    '-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    '-NOREPLICAS Not enough good replicas to write.',
    "+READONLY You can't write against a read only replica.",
    "$46\r\n-READONLY You can't write against a read only ",
    '-READ',
    '-'
  ])
    t.notOk(proves(text), text)
})

t.test('an error stays on one line, whatever is put in it', async (t) => {
  t.equal(replies.error('ERR a\r\nb\nc\rd').toString(), '-ERR a  b c d\r\n')
  t.equal(
    replies.protocolError("expected '$', got '\r'").toString(),
    "-ERR Protocol error: expected '$', got ' '\r\n"
  )
  t.equal(
    replies.protocolError('got \xe9').length,
    '-ERR Protocol error: got x\r\n'.length,
    'one byte for a byte'
  )
  t.equal(
    replies.unknownSubcommand('client', 'x'.repeat(200)).toString(),
    `-ERR unknown subcommand '${'x'.repeat(128)}'. Try CLIENT HELP.\r\n`
  )
})

t.test('an aggregate and a null are written for the protocol that is spoken [C2]', async (t) => {
  const entries = [['a', replies.integer(1)]] as const
  t.equal(replies.map(2, entries).toString(), '*2\r\n$1\r\na\r\n:1\r\n')
  t.equal(replies.map(3, entries).toString(), '%1\r\n$1\r\na\r\n:1\r\n')
  t.equal(replies.nullBulk(2).toString(), '$-1\r\n')
  t.equal(replies.nullBulk(3).toString(), '_\r\n')
  t.equal(replies.nullArray(2).toString(), '*-1\r\n')
  t.equal(replies.nullArray(3).toString(), '_\r\n')
  t.equal(replies.array([replies.bulk('é'), replies.ok]).toString(), '*2\r\n$2\r\né\r\n+OK\r\n')
})

t.test(
  'the errors that the proxy makes up are none that client libraries retry unasked, but one [F3] [F4]',
  async (t) => {
    // The first words on which go-redis, redis-py and others send a command again by themselves.
    const retried = [
      'LOADING',
      'READONLY',
      'CLUSTERDOWN',
      'TRYAGAIN',
      'MASTERDOWN',
      'NOREPLICAS',
      'MOVED',
      'ASK'
    ]
    const firstWord = (reply: Buffer): string => /^-(\S+) /.exec(reply.toString())?.[1] ?? ''
    t.equal(firstWord(replies.inDoubt), 'UNCERTAIN')
    t.notOk(retried.includes(firstWord(replies.inDoubt)))
    t.ok(retried.includes(firstWord(replies.noMaster)), 'nothing was executed: to try again is safe')
    t.notOk(
      replies.provesUnexecuted(replies.noMaster),
      'a proxy in front of a proxy must not hold for the other one'
    )
  }
)
