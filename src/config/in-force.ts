// The loaded settings as an operator would write them, for the status page and the log. The place that knows which of
// them are secrets.
import { formatDuration, formatSize, oneSpelling, type Address, type AddressMap } from './kinds.ts'
import type { Loaded, Source } from './load.ts'
import { propertyOf, settingsTable, type Setting } from './settings.ts'

export type SettingInForce = { readonly name: string; readonly value: string; readonly source: Source }

/** One entry per row of the table; a secret reads `(set)`, and what is not set at all is ''. */
export function settingsInForce({ settings, sources }: Loaded): readonly SettingInForce[] {
  const sourceOf = new Map<string, Source>(Object.entries(sources))
  return settingsTable.map((setting) => ({
    name: setting.key,
    value: written(setting, valueAt(settings, propertyOf(setting))),
    source: sourceOf.get(setting.key) ?? 'default'
  }))
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce((branch, word) => (branch as Readonly<Record<string, unknown>>)[word], tree)
}

function written(setting: Setting, value: unknown): string {
  switch (setting.kind) {
    case 'address':
      return oneSpelling(value as Address)
    case 'addresses':
      return (value as readonly Address[]).map(oneSpelling).join(',')
    case 'addressMap':
      return Object.entries(value as AddressMap)
        .map(([announced, reachable]) => `${announced}=${oneSpelling(reachable)}`)
        .join(',')
    case 'names':
      return (value as readonly string[]).join(',')
    case 'duration':
      return value === 'auto' ? value : formatDuration(value as number)
    case 'size':
      return formatSize(value as number)
    case 'secret':
      return value === '' ? '' : '(set)'
    default:
      return String(value)
  }
}
