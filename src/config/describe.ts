// The settings table in words: for --help, for the README and as config/holdfast.yaml. Knows no value that is in force.
import { variableOf } from './names.ts'
import { settingsTable, type Setting } from './settings.ts'

const helpWidth = 80
const fileWidth = 100

/** Every setting with its flag, default, variable and sentence; no line is longer than 80 columns. */
export function settingsHelp(): string {
  return grouped()
    .map(({ settings }) => settings.map(helpOf).join('\n'))
    .join('\n\n')
}

function helpOf(setting: Setting): string {
  const name = setting.short ?? setting.key
  const flag = `  --${name} ${setting.default}`.trimEnd()
  const variable = variableOf(name)
  const gap = ' '.repeat(Math.max(2, helpWidth - flag.length - variable.length))
  const sentence = wrapped(`${setting.means}${choicesOf(setting)}${listsOf(setting)}`, helpWidth - 6).map(
    (line) => `      ${line}`
  )
  return [`${flag}${gap}${variable}`, ...sentence].join('\n')
}

function choicesOf(setting: Setting): string {
  if (setting.kind === 'choice') return ` One of ${setting.values.join(', ')}.`
  return ''
}

function listsOf({ kind }: Setting): string {
  if (kind === 'addressMap') return ' Written a:1=b:2, repeated or separated by commas.'
  return kind === 'addresses' || kind === 'names' ? ' Repeated or separated by commas.' : ''
}

/** A Markdown table, one row per setting. */
export function settingsMarkdown(): string {
  const rows = settingsTable.map((setting) => {
    const shown = setting.default === '' ? '' : `\`${setting.default}\``
    return `| \`${setting.key}\` | ${shown} | ${allowedOf(setting)} | ${setting.means} |`
  })
  return ['| setting | default | value | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

const allowedWords = {
  address: '`host:port`',
  addresses: 'list of `host:port`',
  addressMap: 'map of `host:port` to `host:port`',
  flag: '`true` or `false`',
  names: 'list of commands',
  secret: 'secret',
  string: 'text'
} as const

function allowedOf(setting: Setting): string {
  switch (setting.kind) {
    case 'choice':
      return setting.values.map((value) => `\`${value}\``).join(', ')
    case 'count':
    case 'size':
      return `${setting.kind}${boundsOf(setting)}`
    case 'duration':
      return `duration${boundsOf(setting)}${setting.auto === true ? ', or `auto`' : ''}`
    default:
      return allowedWords[setting.kind]
  }
}

function boundsOf({ min, max }: { readonly min?: string; readonly max?: string }): string {
  if (min !== undefined && max !== undefined) return `, ${min} to ${max}`
  if (min !== undefined) return `, at least ${min}`
  return max === undefined ? '' : `, at most ${max}`
}

const fileHeading = `Every setting of Holdfast at its default. Copy what you change: a setting that is left out has its default.
Durations are 250ms, 5s, 2m, 1h; sizes are 64kb, 4mb, 1gb (a kb is 1024 bytes). A flag (--hold.window 5s) comes before an
environment variable (HOLDFAST_HOLD_WINDOW=5s), and that before this file (--config FILE or HOLDFAST_CONFIG=FILE).
A password or token can be read from a file: write passwordFile or tokenFile with its path.`

/** The settings file with every setting at its default; one without a default is commented out. */
export function settingsYaml(): string {
  const groups = grouped().map(({ section, settings }) => {
    const indent = section === '' ? '' : '  '
    const entries = settings.map((setting) => fileEntry(setting, indent)).join('\n\n')
    return section === '' ? entries : `${section}:\n${entries}`
  })
  return `${comment(fileHeading.replaceAll('\n', ' '), '')}\n\n${groups.join('\n\n')}\n`
}

function fileEntry(setting: Setting, indent: string): string {
  const name = setting.key.slice(setting.key.indexOf('.') + 1)
  return `${comment(`${setting.means}${choicesOf(setting)}`, indent)}\n${indent}${fileValue(setting, name, indent)}`
}

function fileValue(setting: Setting, name: string, indent: string): string {
  if (setting.kind === 'addressMap') return `${name}: {}`
  if (setting.kind === 'names') return `${name}: []`
  if (setting.kind === 'addresses')
    return `${name}:\n${indent}  - ${setting.default.replaceAll(',', `\n${indent}  - `)}`
  return setting.default === '' ? `# ${name}:` : `${name}: ${setting.default}`
}

function comment(text: string, indent: string): string {
  return wrapped(text, fileWidth - indent.length - 2)
    .map((line) => `${indent}# ${line}`)
    .join('\n')
}

type Group = { readonly section: string; readonly settings: readonly Setting[] }

/** Neighbours of one section; settings without a section stand each in a group of their own neighbours. */
function grouped(): readonly Group[] {
  const groups: { section: string; settings: Setting[] }[] = []
  for (const setting of settingsTable) {
    const section = setting.key.includes('.') ? setting.key.slice(0, setting.key.indexOf('.')) : ''
    const last = groups.at(-1)
    if (last?.section === section) last.settings.push(setting)
    else groups.push({ section, settings: [setting] })
  }
  return groups
}

/** Lines of at most `width` columns, broken between words. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
