// The README's tables of commands and of the proxy's own replies are those of the sources. UPDATE_DOCS=1 rewrites them.
import t from 'tap'
import { exceptions, type Exception } from '../../src/command/exceptions.ts'
import * as replies from '../../src/resp/replies.ts'
import { commandGroups } from './command-groups.ts'
import { checkGenerated, tableOf } from './generated.ts'
import { ownErrors, wordedAsRedis } from './own-replies.ts'

const groups = commandGroups.map(({ names, why }) => ({ names: names.trim().split(/\s+/), why }))

function placeOf({ handling, effect, masterOnly }: Exception): string {
  switch (handling) {
    case 'here':
      return 'answered by the proxy'
    case 'refused':
      return 'refused'
    case 'pinned':
      return "the master, on a lane of the client's own"
    case 'leased':
      return 'the master, on a lane of its own for the call'
    case 'shared':
      if (!masterOnly) return 'a replica'
      return effect === 'again' ? 'the master; read again if its fate is unknown' : 'the master'
    default:
      return handling satisfies never
  }
}

/** `CLIENT`, `CLIENT ID, LIST` for `client`, `client|id` and `client|list`. */
function spelled(names: readonly string[]): string {
  const subcommands = new Map<string, string[]>()
  const spelling: string[] = []
  for (const [container = '', subcommand] of names.map((name) => name.toUpperCase().split('|'))) {
    if (subcommand === undefined) spelling.push(container)
    else subcommands.set(container, [...(subcommands.get(container) ?? []), subcommand])
  }
  for (const [container, of] of subcommands) spelling.push(`${container} ${of.join(', ')}`)
  return spelling.map((text) => `\`${text}\``).join(', ')
}

function placesOf(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => exceptions[name] ?? []).map(placeOf))]
}

function textOfReply(reply: Buffer): string {
  return `\`${reply.toString('utf8').trimEnd()}\``
}

t.test('the README says of every exception where it goes and why', async (t) => {
  const rows = groups.map(({ names, why }) => [spelled(names), placesOf(names).join(', '), why])
  checkGenerated(t, 'README.md', 'commands', tableOf(['command', 'goes to', 'because'], rows))
})

t.test('every exception is in one group, whose commands all go to the same place', async (t) => {
  const named = groups.flatMap(({ names }) => names)
  t.strictSame([...named].sort(), Object.keys(exceptions).sort())
  for (const { names } of groups) t.equal(placesOf(names).length, 1, names.join(' '))
})

t.test("the README has every error of the proxy's own, with its text", async (t) => {
  const rows = ownErrors.map(({ reply, when }) => [textOfReply(reply), when])
  checkGenerated(t, 'README.md', 'errors', tableOf(['reply', 'when'], rows))
})

t.test("the README has every error that the proxy gives in Redis' place", async (t) => {
  const rows = wordedAsRedis.map(({ reply, when }) => [textOfReply(reply), when])
  checkGenerated(t, 'README.md', 'answers', tableOf(['reply', 'when'], rows))
})

t.test('no error reply is left out of the README', async (t) => {
  const shown = [...ownErrors, ...wordedAsRedis].map(({ reply }) => reply)
  const left = Object.entries(replies).filter(
    ([, reply]) => Buffer.isBuffer(reply) && reply[0] === 45 && !shown.some((it) => it.equals(reply))
  )
  t.strictSame(
    left.map(([name]) => name),
    []
  )
})
