// Every command that the proxy knows by name, and that the server here has, is in some script.
import t from 'tap'
import { builtinReads, builtinWrites } from '../../src/command/builtin.ts'
import { exceptions } from '../../src/command/exceptions.ts'
import { useRig } from '../harness/with-rig.ts'
import { scripts } from './script.ts'

function namesIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  return lines.flatMap((line) => {
    const [, name = '', second = ''] =
      /^(?:\w+: )?(?:~[\w-]+ )?(?:raw ")?([\w:-]+)(?: ([\w-]+))?/.exec(line) ?? []
    return [name.toLowerCase(), `${name}|${second}`.toLowerCase()]
  })
}

t.test('no command that the proxy treats in its own way is left out [C2]', async (t) => {
  const rig = await useRig(t, { replicas: 0, sentinels: 0 })
  const listed = (await rig.nodes[0]!.command('COMMAND', 'LIST')) as string[]
  const known = [...Object.keys(exceptions), ...`${builtinReads} ${builtinWrites}`.trim().split(/\s+/)]
  const used = new Set([...scripts(), ...scripts('acl/')].flatMap(({ text }) => namesIn(text)))
  const here = new Set(listed)
  t.ok(known.filter((name) => here.has(name)).length > 200)
  t.strictSame(known.filter((name) => here.has(name) && !used.has(name)).sort(), [])
})
