// What --help prints. The commands come from their table and the settings from theirs.
import { settingsHelp, wrapped } from '../config/describe.ts'
import { commands, type Command } from './commands.ts'

const width = 80

const usage = `Usage: holdfast [COMMAND] [--SETTING VALUE]...

One stable host:port in front of Redis Sentinel that no client notices failing
over.`

const settingsHeading = `Settings, each with its default and its environment variable. A flag comes
before the environment, that before the file, that before the default. A
password or token can also be read from a file: --redis.passwordFile PATH or
HOLDFAST_REDIS_PASSWORD_FILE. Durations are 250ms, 5s, 2m, 1h; sizes are 64kb,
4mb, 1gb.

  --config FILE                                                  HOLDFAST_CONFIG
      YAML file of settings.`

export function programHelp(): string {
  const summaries = commands.map(({ name, summary }) => entry(name, summary))
  const version = entry('--version', 'Print the version.')
  const help = entry('--help', 'Print this; help COMMAND or COMMAND --help says more of one command.')
  return [usage, ['Commands:', ...summaries, help, version].join('\n'), settingsHeading, settingsHelp()].join(
    '\n\n'
  )
}

export function commandHelp({ name, summary, details, flags, takesSettings }: Command): string {
  const optional = Object.keys(flags).map((flag) => ` [${flag}]`)
  const settings = takesSettings ? ' [--SETTING VALUE]...' : ''
  const parts = [
    `Usage: holdfast ${name}${optional.join('')}${settings}`,
    wrapped(`${summary} ${details}`, width).join('\n'),
    Object.entries(flags)
      .map(([flag, means]) => entry(flag, means))
      .join('\n'),
    takesSettings ? 'The settings are listed by holdfast --help.' : ''
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

/** A name in its column with its sentence beside it. */
function entry(name: string, sentence: string): string {
  const [first = '', ...rest] = wrapped(sentence, width - 14)
  return [`  ${name.padEnd(12)}${first}`, ...rest.map((line) => `${' '.repeat(14)}${line}`)].join('\n')
}
