// Whether a history is one that the promises allow. Pure: no clock, no socket. What holds of single keys is said in
// judge-keys.ts; here is what holds of every request.
import { isAcknowledged, isError, isInDoubt, isWrite, waitOf, type Act, type History } from './history.ts'
import { keyFaults, lostWrites } from './judge-keys.ts'

/** What the data is when everything is over, read from the master itself. A key that is not there is left out. */
export type Data = {
  readonly strings: ReadonlyMap<string, string>
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>
  readonly lists: ReadonlyMap<string, readonly string[]>
}

export type Rules = {
  /** Longest wait of one request, in milliseconds. */
  readonly windowMs: number
  /** When a master was lost without warning: only what was in flight then may be in doubt. */
  readonly lossesMs?: readonly number[]
  /** How long after a loss requests may still be sent to the lost master. */
  readonly noticeMs?: number
  /**
   * nothing: every acknowledged write stays. uncarried: not what was acknowledged so shortly before a loss that
   * replication had not carried it, and then only the newest. everything: Redis itself lost all it had at a loss.
   */
  readonly mayLose?: 'nothing' | 'uncarried' | 'everything'
  /** Whether requests may be refused because no master was found: only once they have waited this long. */
  readonly refusedAfterMs?: number
  /** Every client must have got a reply that is no error to something it sent after this. */
  readonly healedMs?: number
}

export type Fault = { readonly rule: string; readonly what: string }

/** Replication on one machine is behind by less than this, also when the machine is busy. */
export const uncarriedMs = 250
const defaultNoticeMs = 1000

export type Facts = Required<Pick<Rules, 'lossesMs' | 'noticeMs' | 'mayLose'>>

export function judge(
  history: History,
  data: Data,
  rules: Rules
): { faults: readonly Fault[]; lost: number } {
  const { lossesMs = [], noticeMs = defaultNoticeMs, mayLose = 'nothing' } = rules
  const facts: Facts = { lossesMs, noticeMs, mayLose }
  const faults = [
    ...connectionFaults(history),
    ...waitFaults(history, rules),
    ...errorFaults(history, rules, facts),
    ...doubtFaults(history, facts),
    ...servingFaults(history, rules),
    ...keyFaults(history, data, facts)
  ]
  return { faults, lost: lostWrites(history, data).length }
}

export function describe({ client, connection, kind, key, value, reply, sentMs, endedMs }: Act): string {
  const shown = reply === undefined ? 'no reply' : JSON.stringify(reply.slice(0, 80))
  const ended = endedMs === undefined ? '' : `..${endedMs.toFixed(0)}`
  return `${client}#${connection} ${kind} ${key} ${value} -> ${shown} at ${sentMs.toFixed(0)}${ended}`
}

function connectionFaults({ disconnects, unasked }: History): Fault[] {
  return [
    ...disconnects.map(({ client, atMs, how }) => ({
      rule: 'no disconnect',
      what: `${client} ${how} at ${atMs.toFixed(0)}`
    })),
    ...unasked.map(({ client, atMs, how }) => ({
      rule: 'no reply without a request',
      what: `${client} got ${JSON.stringify(how)} at ${atMs.toFixed(0)}`
    }))
  ]
}

function waitFaults({ acts }: History, { windowMs }: Rules): Fault[] {
  return acts.flatMap((act) => {
    if (act.reply === undefined) return [{ rule: 'every request is answered', what: describe(act) }]
    return waitOf(act) > windowMs ? [{ rule: 'no wait beyond the window', what: describe(act) }] : []
  })
}

function errorFaults({ acts }: History, { refusedAfterMs }: Rules, { lossesMs, noticeMs }: Facts): Fault[] {
  const isAllowed = (act: Act): boolean => {
    if (act.reply?.startsWith('-MASTERDOWN '))
      return refusedAfterMs !== undefined && waitOf(act) >= refusedAfterMs
    if (!isInDoubt(act)) return false
    return lossesMs.some((lossMs) => act.sentMs <= lossMs + noticeMs && (act.endedMs ?? lossMs) >= lossMs)
  }
  return acts
    .filter((act) => isError(act) && !isAllowed(act))
    .map((act) => ({ rule: 'only the errors that are allowed', what: describe(act) }))
}

/** What is in doubt after one loss was in flight at one instant: of a client that sends one at a time, one request. */
function doubtFaults({ acts }: History, { lossesMs, noticeMs }: Facts): Fault[] {
  const byConnection = new Map<string, Act[]>()
  for (const act of acts) {
    if (!isInDoubt(act) || act.reply === undefined) continue
    const loss = lossesMs.findLastIndex(
      (lossMs) => (act.endedMs ?? 0) >= lossMs && act.sentMs <= lossMs + noticeMs
    )
    const name = `${act.client}#${act.connection} ${loss}`
    byConnection.set(name, [...(byConnection.get(name) ?? []), act])
  }
  return [...byConnection.values()].flatMap((doubtful) => {
    const lastSentMs = Math.max(...doubtful.map(({ sentMs }) => sentMs))
    return doubtful
      .filter(({ endedMs }) => (endedMs ?? 0) < lastSentMs)
      .map((act) => ({ rule: 'in doubt only what was in flight', what: describe(act) }))
  })
}

function servingFaults({ acts }: History, { healedMs }: Rules): Fault[] {
  if (healedMs === undefined) return []
  const served = new Set<string>()
  const all = new Set<string>()
  for (const act of acts) {
    all.add(act.client)
    if (act.sentMs >= healedMs && isAcknowledged(act)) served.add(act.client)
  }
  const hasWrites = acts.some((act) => isWrite(act) && act.sentMs >= healedMs && isAcknowledged(act))
  const unserved = [...all].filter((client) => !served.has(client))
  return [
    ...unserved.map((client) => ({ rule: 'ends in serving', what: client })),
    ...(hasWrites ? [] : [{ rule: 'ends in serving', what: 'no write was acknowledged any more' }])
  ]
}
