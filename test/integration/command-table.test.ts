// Holds the command table against what a real server says of its own commands, names and flags alike.
import t from 'tap'
import { startRig } from '../../src/demo/redis-rig.ts'
import { builtinReads, builtinWrites } from '../../src/command/builtin.ts'
import { CommandTable, type Command, type LiveCommand } from '../../src/command/commands.ts'
import { exceptions } from '../../src/command/exceptions.ts'
import type { Reply } from '../../src/resp/decode.ts'

const words = (text: string): string[] => text.trim().split(/\s+/)

const rig = await startRig({ replicas: 0, sentinels: 0 })
const live = commandsOf((await rig.nodes[0]!.command('COMMAND')) as Reply[])
await rig.stop()

const table = new CommandTable(live)
const builtin = new CommandTable(undefined)
const containers = new Set(live.flatMap(({ name }) => (name.includes('|') ? [name.split('|')[0]!] : [])))

/** Of versions after 7.0 and of Valkey, where their names come from their own documentation. */
const newerNames = words(
  'waitaof arscan client|no-touch client|setinfo client|maint_notifications client|capa client|import-source'
)

/** No commands at all: Redis closes on them, for browsers can be made to send them. */
const crossProtocol = ['post', 'host:']

function commandsOf(reply: readonly Reply[]): LiveCommand[] {
  return reply.flatMap((entry) => {
    const fields = entry as Reply[]
    const own = { name: String(fields[0]), flags: (fields[2] as Reply[]).map(String) }
    return [own, ...commandsOf(fields[9] as Reply[])]
  })
}

/** The commands with this flag, and none of the others, that have no row among the exceptions. */
function flagged(flag: string, ...without: string[]): { name: string; row: Command }[] {
  return live
    .filter(
      ({ name, flags }) =>
        flags.includes(flag) && !without.some((other) => flags.includes(other)) && !(name in exceptions)
    )
    .map(({ name }) => ({ name, row: rowOf(name) }))
}

function rowOf(name: string): Command {
  const row = table.get(name)
  if (row === undefined) throw new Error(`no row for ${name}`)
  return row
}

const names = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name).sort()

t.test('the server was asked: it says hundreds of commands, and subcommands too', async (t) => {
  t.ok(live.length > 300)
  t.ok(containers.size > 10)
  for (const { name } of live) t.ok(table.get(name), name)
})

t.test('no command that writes may be answered by a replica [C1]', async (t) => {
  const writes = live.filter(({ flags }) => flags.includes('write'))
  t.ok(writes.length > 100)
  t.strictSame(names(writes.filter(({ name }) => rowOf(name).replica)), [])
})

t.test('no command that writes is sent again when its fate is unknown [F3]', async (t) => {
  const writes = live.filter(({ flags }) => flags.includes('write'))
  t.strictSame(names(writes.filter(({ name }) => rowOf(name).effect !== 'once')), [])
})

t.test(
  'only what the server itself calls a read goes to a replica or is read again unasked [C1] [F3]',
  async (t) => {
    const others = live.filter(({ name, flags }) => !flags.includes('readonly') && !containers.has(name))
    t.strictSame(names(others.filter(({ name }) => rowOf(name).replica)), [])
    const again = others.filter(({ name }) => rowOf(name).effect === 'again' && !(name in exceptions))
    t.strictSame(names(again), [])
  }
)

t.test(
  'what the server calls a read is shared and read again, unless an exception says otherwise [F2]',
  async (t) => {
    const reads = flagged('readonly', 'blocking')
    t.ok(reads.length > 60)
    t.strictSame(
      names(reads.filter(({ row }) => row.handling !== 'shared' || row.effect !== 'again' || !row.replica)),
      []
    )
  }
)

t.test('no command that waits for other clients travels on a lane that others use [R4]', async (t) => {
  const waiting = live
    .filter(({ name, flags }) => flags.includes('blocking') || name === 'wait')
    .map(({ name }) => rowOf(name))
  t.ok(waiting.length > 9)
  t.strictSame(names(waiting.filter((row) => (row.blockingForm ?? row).handling !== 'pinned')), [])
  t.strictSame(names(waiting.filter((row) => (row.blockingForm ?? row).pin !== 'blocking')), [])
  t.strictSame(names(waiting.filter((row) => row.blockingForm !== undefined)), ['xread', 'xreadgroup'])
  t.strictSame(names(waiting.filter((row) => row.blockingForm?.replica ?? row.replica)), [])
})

t.test('what administers the server is refused, unless an exception says otherwise', async (t) => {
  t.strictSame(names(flagged('admin').filter(({ row }) => row.handling !== 'refused')), [])
})

t.test('what administers the server and is let through all the same is named here', async (t) => {
  const admitted = live.filter(
    ({ name, flags }) => flags.includes('admin') && !['refused', 'here'].includes(rowOf(name).handling)
  )
  t.strictSame(
    names(admitted),
    words(`acl|dryrun acl|getuser acl|list acl|log acl|users config|get latency|doctor latency|graph
      latency|histogram latency|history latency|latest module|list slowlog|get slowlog|len`)
  )
})

t.test(
  'nothing that the server calls neither read nor write is shared, but for what is named here',
  async (t) => {
    const neither = live.filter(
      ({ name, flags }) =>
        !['readonly', 'write', 'admin'].some((flag) => flags.includes(flag)) &&
        rowOf(name).handling === 'shared'
    )
    const plain = neither.filter(({ name }) => !name.endsWith('|help'))
    t.strictSame(
      names(plain),
      words(`acl|cat acl|genpass acl|whoami asking cluster command command|count command|docs command|getkeys
        command|getkeysandflags command|info command|list eval evalsha fcall function|dump function|list
        function|stats info lastsave memory|doctor memory|malloc-stats memory|purge memory|stats publish pubsub|channels pubsub|numpat
      pubsub|numsub pubsub|shardchannels pubsub|shardnumsub readonly
        readwrite role script|exists script|flush script|load spublish time`)
    )
  }
)

t.test('a script or a message is never taken for a read, whatever its flags say [C1] [F3]', async (t) => {
  for (const name of ['eval', 'evalsha', 'fcall', 'publish', 'spublish', 'script|flush'])
    t.match(rowOf(name), { handling: 'shared', effect: 'once', replica: false }, name)
  for (const name of ['eval_ro', 'evalsha_ro', 'fcall_ro', 'scan', 'hscan', 'sscan', 'zscan'])
    t.match(rowOf(name), { handling: 'shared', effect: 'again', replica: false }, name)
})

t.test(
  'every exception names a command that exists, and every newer name is one that 7.0 lacks',
  async (t) => {
    const known = new Set([...names(live), ...crossProtocol])
    t.strictSame(
      Object.keys(exceptions).filter((name) => !known.has(name) && !newerNames.includes(name)),
      []
    )
    t.strictSame(
      newerNames.filter((name) => known.has(name) || !(name in exceptions)),
      []
    )
  }
)

t.test('an exception that only repeats what the flags say is none', async (t) => {
  const plain = new CommandTable(live.filter(({ name }) => !(name in exceptions)))
  t.equal(plain.get('get')?.handling, 'shared')
  const redundant = live.filter(({ name, flags }) => {
    const exception = exceptions[name]
    if (exception === undefined) return false
    const isRead = flags.includes('readonly')
    const isPlain = isRead || flags.includes('write')
    const handling = isPlain
      ? flags.includes('blocking')
        ? 'pinned'
        : 'shared'
      : flags.includes('admin')
        ? 'refused'
        : 'leased'
    return (
      exception.handling === handling &&
      exception.effect === (isRead ? 'again' : 'once') &&
      exception.masterOnly === !isRead
    )
  })
  // The blocking ones stand there for servers before 7.0, which have no flag for it; the refused for a hidden COMMAND.
  t.strictSame(
    names(redundant.filter(({ name }) => !['pinned', 'refused'].includes(rowOf(name).handling))),
    []
  )
})

t.test('the built-in table says of each command what the server says', async (t) => {
  const flagsOf = new Map(live.map(({ name, flags }) => [name, flags]))
  const wrong = (listed: string, flag: string): string[] =>
    words(listed).filter((name) => flagsOf.has(name) && flagsOf.get(name)?.includes(flag) !== true)
  t.strictSame(wrong(builtinReads, 'readonly'), [])
  t.strictSame(wrong(builtinWrites, 'write'), [])
  const missing = live.filter(
    ({ name, flags }) =>
      !name.includes('|') && (flags.includes('readonly') || flags.includes('write')) && !builtin.get(name)
  )
  t.strictSame(names(missing), [])
})

t.test('with COMMAND hidden every plain command is handled as with it [C1]', async (t) => {
  const plain = live.filter(
    ({ name }) => !name.includes('|') && !containers.has(name) && !(name in exceptions)
  )
  const different = plain.filter(({ name, flags }) => {
    const [known, hidden] = [rowOf(name), builtin.get(name)]
    if (hidden === undefined) return flags.includes('readonly') || flags.includes('write')
    return (
      known.handling !== hidden.handling || known.effect !== hidden.effect || known.replica !== hidden.replica
    )
  })
  t.strictSame(names(different), [])
})
