// Flags, environment, file and defaults into one frozen Settings, or one readable error. The only reader of all four.
import { ProxyError, messageOf } from '../errors.ts'
import { readEnvironment, type Environment } from './environment.ts'
import { readSettingsFile } from './file.ts'
import { readFlags } from './flags.ts'
import { isList, parseValue, quote, refuse } from './kinds.ts'
import type { Given } from './names.ts'
import { checkRules } from './rules.ts'
import { propertyOf, settingsTable, type Setting, type SettingKey, type Settings } from './settings.ts'

/** The text of a file; throws when it cannot be read. */
export type ReadFile = (path: string) => string

export type Source = 'flag' | 'environment' | 'file' | 'default'

/** Where each value came from. */
export type Sources = Readonly<Record<SettingKey, Source>>

export type Loaded = { readonly settings: Settings; readonly sources: Sources }

export type Origins = {
  /** What stands behind the command. */
  readonly argv: readonly string[]
  readonly env: Environment
  readonly readFile: ReadFile
}

type Layer = { readonly source: Source; readonly values: ReadonlyMap<string, unknown> }

/**
 * Flag before environment before file before default. What a higher layer overrides is checked all the same: a mistake in
 * the file must not wait for the day on which a flag is left out. Throws USAGE, one line.
 */
export function loadSettings({ argv, env, readFile }: Origins): Loaded {
  const flags = readFlags(argv)
  const environment = readEnvironment(env)
  const named = flags.configFile ?? environment.configFile
  const file =
    named === undefined
      ? []
      : readSettingsFile(
          named.path,
          at(named.where, () => readText(named.path, readFile))
        )
  const layers: readonly Layer[] = [
    { source: 'flag', values: valuesOf(flags.given, readFile) },
    { source: 'environment', values: valuesOf(environment.given, readFile) },
    { source: 'file', values: valuesOf(file, readFile) }
  ]
  return assemble(layers)
}

function assemble(layers: readonly Layer[]): Loaded {
  const sources: Record<string, Source> = {}
  const tree: Record<string, unknown> = {}
  for (const setting of settingsTable) {
    const layer = layers.find(({ values }) => values.has(setting.key))
    sources[setting.key] = layer?.source ?? 'default'
    plant(tree, propertyOf(setting), layer ? layer.values.get(setting.key) : defaultOf(setting))
  }
  // The table is the type's own source, and every row of it has just been planted at the property the type names.
  const settings = freeze(tree) as Settings
  checkRules(settings)
  return { settings, sources: Object.freeze(sources) }
}

/** A default of nothing is an empty list for a list and '' for a text. */
function defaultOf(setting: Setting): unknown {
  if (setting.default !== '') return parseValue(setting, setting.default.split(','))
  return isList(setting) ? parseValue(setting, []) : ''
}

function plant(tree: Record<string, unknown>, [word = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    tree[word] = value
    return
  }
  const branch = (tree[word] ??= {}) as Record<string, unknown>
  plant(branch, rest, value)
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

/** The values of one layer by key. A list is checked again with each further item, so that a fault is told where it stands. */
function valuesOf(layer: readonly Given[], readFile: ReadFile): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>()
  const seen = new Map<string, { readonly texts: readonly string[]; readonly where: string }>()
  for (const given of layer) {
    const { setting, where } = given
    const before = seen.get(setting.key)
    if (before && !isList(setting)) refuse(twice(given, before.where))
    const texts = [...(before?.texts ?? []), ...at(where, () => textsOf(given, readFile))]
    const value = at(where, () => parseValue(setting, texts))
    seen.set(setting.key, { texts, where })
    values.set(setting.key, value)
  }
  return values
}

function twice({ where, setting }: Given, before: string): string {
  return where === before ? `${where} is given twice` : `${where} sets ${setting.key} again, after ${before}`
}

/** A secret's file holds the secret and, as editors leave it, perhaps one line end behind it. */
function textsOf({ isFile, texts }: Given, readFile: ReadFile): readonly string[] {
  const [path = ''] = texts
  if (!isFile || path === '') return texts
  const secret = readText(path, readFile).replace(/\r?\n$/, '')
  return secret === '' ? refuse(`names ${quote(path)}, which is empty`) : [secret]
}

function readText(path: string, readFile: ReadFile): string {
  try {
    return readFile(path)
  } catch (cause) {
    const [reason] = messageOf(cause).split(', ')
    return refuse(`names ${quote(path)}, which cannot be read: ${reason}`)
  }
}

/** Puts the place in front of the reason for which a value is refused. */
function at<T>(where: string, parse: () => T): T {
  try {
    return parse()
  } catch (thrown) {
    if (thrown instanceof ProxyError) throw new ProxyError(thrown.code, `${where} ${thrown.message}`)
    throw thrown
  }
}
