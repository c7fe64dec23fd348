// What must hold between settings; each rule is shown as a sentence with both values. Knows only checked settings.
import { formatDuration, formatSize, refuse } from './kinds.ts'
import type { SettingKey, Settings } from './settings.ts'

type Amount = number | 'auto'

type Comparison = {
  readonly low: SettingKey
  readonly is: 'at most' | 'less than'
  readonly high: SettingKey
  readonly of: (settings: Settings) => readonly [low: Amount, high: Amount]
  readonly show: (value: number) => string
}

// prettier-ignore
const comparisons: readonly Comparison[] = [
  { low: 'hold.window', is: 'at most', high: 'hold.budget',
    of: ({ hold }) => [hold.windowMs, hold.budgetMs], show: formatDuration },
  { low: 'client.outputSoftLimit', is: 'at most', high: 'client.outputHardLimit',
    of: ({ client }) => [client.outputSoftLimitBytes, client.outputHardLimitBytes], show: formatSize },
  { low: 'client.replyBuffer', is: 'at most', high: 'client.outputSoftLimit',
    of: ({ client }) => [client.replyBufferBytes, client.outputSoftLimitBytes], show: formatSize },
  { low: 'heartbeat.interval', is: 'less than', high: 'heartbeat.deadline',
    of: ({ heartbeat }) => [heartbeat.intervalMs, heartbeat.deadlineMs], show: formatDuration },
  { low: 'lane.connectTimeout', is: 'at most', high: 'lane.timeout',
    of: ({ lane }) => [lane.connectTimeoutMs, lane.timeoutMs], show: formatDuration },
  { low: 'lane.warmSpares', is: 'at most', high: 'lane.pinnedMax',
    of: ({ lane }) => [lane.warmSpares, lane.pinnedMax], show: String }
]

/** These turn a connection into a stream without end: what comes on a lane must be replies to what was sent. */
const ENDLESS = new Set(['sync', 'psync', 'replconf'])

/** Throws USAGE on the first rule that does not hold. A value that is still 'auto' is not compared. */
export function checkRules(settings: Settings): void {
  for (const { low, is, high, of, show } of comparisons) {
    const [least, most] = of(settings)
    if (least === 'auto' || most === 'auto' || least < most || (least === most && is === 'at most')) continue
    refuse(`${low} (${show(least)}) must be ${is} ${high} (${show(most)})`)
  }
  const endless = settings.commands.allow.find((name) => ENDLESS.has(name))
  if (endless !== undefined) refuse(`commands.allow cannot name ${endless}: its replies have no end`)
  checkUser('redis', settings.redis)
  checkUser('sentinel', settings.sentinel)
  const { listen, admin } = settings
  if (listen.port !== 0 && listen.port === admin.listen.port && listen.host === admin.listen.host) {
    refuse('listen and admin.listen must be two addresses')
  }
}

function checkUser(
  section: 'redis' | 'sentinel',
  user: { readonly username: string; readonly password: string }
): void {
  if (user.username !== '' && user.password === '') refuse(`${section}.username needs ${section}.password`)
}
