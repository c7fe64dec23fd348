// Settings from the command line. Not node:util parseArgs: names come in two spellings, flags may be repeated only where a
// setting is a list, and an unknown name is answered with the nearest known one.
import { isList, quote, refuse } from './kinds.ts'
import { configName, names, suggestion, type Given, type Name } from './names.ts'

export type ConfigFile = { readonly path: string; readonly where: string }

export type Read = { readonly given: readonly Given[]; readonly configFile?: ConfigFile }

/** Reads `--name value`, `--name=value` and, for true or false, `--name` alone. Throws USAGE. */
export function readFlags(argv: readonly string[]): Read {
  const given: Given[] = []
  let configFile: ConfigFile | undefined
  for (let index = 0; index < argv.length; index++) {
    const { written, inline } = split(argv[index] ?? '')
    const name = named(written)
    const taken = inline === undefined && takesNext(name, argv[index + 1])
    const text = inline ?? (taken ? argv[index + 1] : impliedBy(name))
    if (taken) index++
    if (text === undefined) refuse(`${written} needs a value, as in ${written}=VALUE`)
    if (name !== configName) given.push({ ...name, texts: textsOf(name, text), where: written })
    else if (configFile !== undefined) refuse('--config is given twice')
    else configFile = namedFile(text, written)
  }
  return { given, ...(configFile !== undefined && { configFile }) }
}

export function namedFile(path: string, where: string): ConfigFile {
  return path === '' ? refuse(`${where} is empty: name a file`) : { path, where }
}

function split(arg: string): { readonly written: string; readonly inline?: string } {
  if (/^-[^-]/.test(arg)) refuse(`unknown flag ${quote(arg)}: the names of settings have two dashes`)
  if (!/^--./.test(arg))
    refuse(`unexpected argument ${quote(arg)}: the command goes first, and settings are --name VALUE`)
  const equals = arg.indexOf('=')
  return equals < 0 ? { written: arg } : { written: arg.slice(0, equals), inline: arg.slice(equals + 1) }
}

/** Kebab-case is the same name: `--hold.max-requests`. */
function named(written: string): Name | typeof configName {
  const dotted = written.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
  if (dotted === configName) return configName
  const known = [configName, ...names.keys()]
  return (
    names.get(dotted) ??
    refuse(
      `unknown flag ${quote(written)}${suggestion(
        `--${dotted}`,
        known.map((name) => `--${name}`)
      )}`
    )
  )
}

/** The word behind is the value unless it looks like a flag; behind a true-or-false flag only if it is such a word. */
function takesNext(name: Name | typeof configName, next: string | undefined): boolean {
  if (next === undefined || next.startsWith('-')) return false
  return !isFlag(name) || /^(true|false|yes|no)$/.test(next)
}

function impliedBy(name: Name | typeof configName): string | undefined {
  return isFlag(name) ? 'true' : undefined
}

function isFlag(name: Name | typeof configName): boolean {
  return name !== configName && name.setting.kind === 'flag'
}

/** The items of a list written on one line, else the text itself. */
export function textsOf({ setting }: Pick<Name, 'setting'>, text: string): readonly string[] {
  return isList(setting) && text !== '' ? text.split(',').map((item) => item.trim()) : [text]
}
