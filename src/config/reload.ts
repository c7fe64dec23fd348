// Which settings may change while the proxy runs, and what a reload changes. Pure: who holds the settings sees the new
// values, because the sections of a live copy stay the same objects.
import { isDeepStrictEqual } from 'node:util'
import type { Loaded } from './load.ts'
import { checkRules } from './rules.ts'
import { propertyOf, settingsTable, type Setting, type SettingKey, type Settings } from './settings.ts'

/** The rest needs a restart: addresses, users and whatever connections that are open were made with. */
const changeable: ReadonlySet<SettingKey> = new Set([
  'client.maxClients',
  'client.queryBufferLimit',
  'client.outputSoftLimit',
  'client.outputHardLimit',
  'client.stallTimeout',
  'client.idleTimeout',
  'reads.consistency',
  'reads.afterWrite',
  'reads.maxLag',
  'reads.staleWindow',
  'reads.prefer',
  'hold.window',
  'hold.budget',
  'hold.maxRequests',
  'hold.maxBytes',
  'failover.fence',
  'failover.inDoubt',
  'failover.earlyHold',
  'failover.confirmTimeout',
  'failover.refuseEmptyMaster',
  'commands.allow',
  'log.level',
  'shutdown.delay',
  'shutdown.drainTimeout'
])

export type ReloadPlan = {
  /** What is in force afterwards. */
  readonly loaded: Loaded
  readonly applied: readonly SettingKey[]
  /** Differ from what is in force, and will be when the proxy is started anew. */
  readonly needRestart: readonly SettingKey[]
}

/** Throws USAGE when what is changed and what must stay do not go together. */
export function planReload(current: Loaded, next: Loaded): ReloadPlan {
  const isChanged = (setting: Setting): boolean =>
    !isDeepStrictEqual(valueAt(current.settings, setting), valueAt(next.settings, setting))
  const changed = settingsTable.filter(isChanged).map(({ key }) => key as SettingKey)
  const applied = changed.filter((key) => changeable.has(key))
  const settings = liveCopy(current.settings)
  adopt(settings, next.settings, applied)
  checkRules(settings)
  const sources = { ...current.sources }
  for (const key of changeable) sources[key] = next.sources[key]
  const needRestart = changed.filter((key) => !changeable.has(key))
  return { loaded: { settings, sources }, applied, needRestart }
}

/** A copy that `adopt` may change; its sections stay the same objects. */
export function liveCopy(settings: Settings): Settings {
  return structuredClone(settings)
}

/** Puts the named settings of `next` into a live copy. */
export function adopt(live: Settings, next: Settings, keys: readonly SettingKey[]): void {
  for (const setting of settingsTable) {
    if (!keys.some((key) => key === setting.key)) continue
    const { branch, name } = placeOf(live, setting)
    branch[name] = valueAt(next, setting)
  }
}

function valueAt(settings: Settings, setting: Setting): unknown {
  const { branch, name } = placeOf(settings, setting)
  return branch[name]
}

function placeOf(settings: Settings, setting: Setting): { branch: Record<string, unknown>; name: string } {
  const path = [...propertyOf(setting)]
  const name = path.pop() ?? ''
  const branch = path.reduce<unknown>((tree, word) => (tree as Record<string, unknown>)[word], settings)
  return { branch: branch as Record<string, unknown>, name }
}
