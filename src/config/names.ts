// Every name under which a setting can be written, and the nearest of them to a name that is not one. Knows no values.
import { settingsTable, type Setting } from './settings.ts'

/** One way to write a setting; `isFile` when what is written is the path of a file that holds the secret. */
export type Name = { readonly name: string; readonly setting: Setting; readonly isFile: boolean }

/** What somebody wrote for a setting, and where: the beginning of every error about it. */
export type Given = Pick<Name, 'setting' | 'isFile'> & {
  readonly texts: readonly string[]
  readonly where: string
}

/** The flag, variable and file key that name the settings file itself; not a setting, since it is read first. */
export const configName = 'config'

function namesOf(setting: Setting): readonly Name[] {
  const names: Name[] = [{ name: setting.key, setting, isFile: false }]
  if (setting.short !== undefined) names.push({ name: setting.short, setting, isFile: false })
  if (setting.kind === 'secret') names.push({ name: `${setting.key}File`, setting, isFile: true })
  return names
}

const everyName = settingsTable.flatMap(namesOf)

/** By dotted name, as flags and the settings file write it. */
export const names: ReadonlyMap<string, Name> = new Map(everyName.map((name) => [name.name, name]))

/** By the name of the environment variable. */
export const variables: ReadonlyMap<string, Name> = new Map(
  everyName.map((name) => [variableOf(name.name), name])
)

/** Names of groups: what stands before the dot. */
export const sections: ReadonlySet<string> = new Set(
  settingsTable.flatMap(({ key }) => (key.includes('.') ? [key.slice(0, key.indexOf('.'))] : []))
)

/** `hold.maxRequests` is `HOLDFAST_HOLD_MAX_REQUESTS`. */
export function variableOf(name: string): string {
  return `HOLDFAST_${name.replace(/[A-Z]/g, (capital) => `_${capital}`).replaceAll('.', '_')}`.toUpperCase()
}

/** `: did you mean a or b?`, or nothing when no known name is near. */
export function suggestion(unknown: string, known: Iterable<string>): string {
  const far = Math.max(2, Math.floor(unknown.length / 3))
  const ranked = [...known].map((name) => ({ name, steps: distance(unknown, name) }))
  const nearest = Math.min(...ranked.map(({ steps }) => steps))
  if (nearest > far) return ''
  const best = ranked.filter(({ steps }) => steps === nearest).map(({ name }) => name)
  return `: did you mean ${best.slice(0, 3).join(' or ')}?`
}

/** One step when only the section is missing or wrong: `--maxRequests` for `--hold.maxRequests`. */
function distance(a: string, b: string): number {
  return lastWord(a) === lastWord(b) ? 1 : editDistance(a.toLowerCase(), b.toLowerCase())
}

function lastWord(name: string): string {
  return name.replace(/^--/, '').replace(/^.*\./, '')
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let index = 0; index < a.length; index++) {
    const next = [index + 1]
    for (let column = 0; column < b.length; column++) {
      const change = (row[column] ?? 0) + (a[index] === b[column] ? 0 : 1)
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
