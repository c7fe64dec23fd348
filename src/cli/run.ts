// From arguments to an exit code: finds the command, and turns everything thrown into one line. 0 ok, 1 running failed,
// 2 usage. Knows no command by name but the default.
import type { Environment } from '../config/environment.ts'
import { quote, refuse } from '../config/kinds.ts'
import type { ReadFile } from '../config/load.ts'
import { suggestion } from '../config/names.ts'
import { ProxyError, messageOf } from '../errors.ts'
import { commands, defaultCommand, type Command, type Invocation } from './commands.ts'
import { commandHelp, programHelp } from './help.ts'
import { printable } from './printable.ts'
import { version } from './version.ts'

export type Surroundings = {
  readonly env: Environment
  readonly readFile: ReadFile
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
}

/** Runs one command line, without the program's own name, to its exit code. Never rejects. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    return await dispatch(argv, surroundings)
  } catch (thrown) {
    surroundings.complain(printable(`holdfast: ${messageOf(thrown)}`))
    return thrown instanceof ProxyError && thrown.code === 'USAGE' ? 2 : 1
  }
}

async function dispatch(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { print } = surroundings
  const [first] = argv
  const isNamed = first !== undefined && !first.startsWith('-')
  const args = isNamed ? argv.slice(1) : argv
  if (first === 'help') return help(args, print)
  const command = isNamed ? commandNamed(first) : commandNamed(defaultCommand)
  if (args.includes('--help') || args.includes('-h')) return help(isNamed ? [command.name] : [], print)
  if (args.includes('--version')) {
    print(`holdfast ${version()}`)
    return 0
  }
  return command.run(invocationOf(command, args, surroundings))
}

function invocationOf(
  command: Command,
  argv: readonly string[],
  { env, readFile, print }: Surroundings
): Invocation {
  const args = argv.filter((arg) => !Object.hasOwn(command.flags, arg))
  const load: Invocation['load'] = async () => {
    const { loadSettings } = await import('../config/load.ts')
    return loadSettings({ argv: args, env, readFile })
  }
  return { args, flags: new Set(argv.filter((arg) => Object.hasOwn(command.flags, arg))), load, print }
}

function help([topic, ...more]: readonly string[], print: (line: string) => void): number {
  if (more.length > 0) refuse(`unexpected argument ${quote(more.join(' '))}: help takes one command`)
  print(topic === undefined || topic.startsWith('-') ? programHelp() : commandHelp(commandNamed(topic)))
  return 0
}

function commandNamed(name: string): Command {
  const known = commands.map((command) => command.name)
  return (
    commands.find((command) => command.name === name) ??
    refuse(`unknown command ${quote(name)}${suggestion(name, [...known, 'help'])}`)
  )
}
