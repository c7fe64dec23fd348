// What a history may say of each key. Every key has one writer, so the replies and the data at the end tell which of
// its writes took effect, in which order, and how often. Pure.
import { isAcknowledged, isError, isInDoubt, type Act, type ActKind, type History } from './history.ts'
import { describe, uncarriedMs, type Data, type Facts, type Fault } from './judge.ts'

export function keyFaults(history: History, data: Data, facts: Facts): Fault[] {
  return [...byKey(history)].flatMap(([key, acts]) => faultsOfKey(key, acts, { data, facts }))
}

type Judged = { readonly data: Data; readonly facts: Facts }

function faultsOfKey(key: string, acts: readonly Act[], { data, facts }: Judged): Fault[] {
  switch (acts[0]?.kind) {
    case 'add':
    case 'member':
      return setFaults(acts, data.sets.get(key) ?? noMembers, facts)
    case 'count':
    case 'exec':
      return countFaults(acts, data.strings.get(key), facts)
    case 'push':
      return listFaults(acts, data.lists.get(key) ?? [], facts)
    case 'swap':
      return swapFaults(acts, data.strings.get(key), facts)
    case 'put':
    case 'own':
      return ownFaults(acts, facts)
    default:
      return acts.flatMap((act) => wrongReply(act, fixedReplies[act.kind] ?? bulk(act.value)))
  }
}

const noMembers: ReadonlySet<string> = new Set()

/** What is always answered alike. */
const fixedReplies: Readonly<Partial<Record<ActKind, string>>> = { multi: '+OK\r\n', queue: '+QUEUED\r\n' }

/** Acknowledged writes of unique values that are not in the data. */
export function lostWrites({ acts }: History, data: Data): Act[] {
  const lists = new Map([...data.lists].map(([key, values]) => [key, new Set(values)]))
  return acts.filter((act) => {
    if (!isAcknowledged(act)) return false
    if (act.kind === 'add') return data.sets.get(act.key)?.has(act.value) !== true
    return act.kind === 'push' && lists.get(act.key)?.has(act.value) !== true
  })
}

function byKey({ acts }: History): Map<string, Act[]> {
  const keys = new Map<string, Act[]>()
  for (const act of acts) {
    const name = act.key === '' ? `${act.kind} ${act.client}` : act.key
    const known = keys.get(name)
    if (known === undefined) keys.set(name, [act])
    else known.push(act)
  }
  return keys
}

// ---- sets -----------------------------------------------------------------------------------------------------------

function setFaults(acts: readonly Act[], members: ReadonlySet<string>, facts: Facts): Fault[] {
  const adds = new Map(acts.filter(({ kind }) => kind === 'add').map((act) => [act.value, act]))
  const present = (act: Act): boolean => members.has(act.value)
  return [
    ...[...adds.values()].flatMap((act) => {
      if (act.reply === ':0\r\n') return [{ rule: 'nothing is applied twice', what: describe(act) }]
      return wrongReply(act, ':1\r\n')
    }),
    ...acts
      .filter(({ kind }) => kind === 'member')
      .flatMap((act) => memberFaults(act, adds.get(act.value), facts)),
    ...presenceFaults([...adds.values()], present, facts),
    ...foreign(members, adds)
  ]
}

/** A read of its own write behind it: the write is there, unless it may have been lost. */
function memberFaults(act: Act, add: Act | undefined, facts: Facts): Fault[] {
  if (add === undefined || isError(act) || act.reply === undefined) return []
  if (act.reply === ':1\r\n')
    return isRefused(add) ? [{ rule: 'a refused write is not executed', what: describe(act) }] : []
  if (act.reply !== ':0\r\n') return wrongReply(act, ':1\r\n')
  const mayMiss = !isAcknowledged(add) || mayBeLost(add, facts)
  return mayMiss ? [] : [{ rule: 'a client reads its own write', what: describe(act) }]
}

// ---- presence -------------------------------------------------------------------------------------------------------

function presenceFaults(writes: readonly Act[], present: (act: Act) => boolean, facts: Facts): Fault[] {
  const missing = writes.filter((act) => isAcknowledged(act) && !present(act))
  return [
    ...missing
      .filter((act) => !mayBeLost(act, facts) || isLostBeforeKept(act, writes, { present, facts }))
      .map((act) => ({ rule: 'an acknowledged write stays', what: describe(act) })),
    ...writes
      .filter((act) => isRefused(act) && present(act))
      .map((act) => ({ rule: 'a refused write is not executed', what: describe(act) }))
  ]
}

type Kept = { readonly present: (act: Act) => boolean; readonly facts: Facts }

/** Replication loses the newest only: nothing that the same master acknowledged later may be there. */
function isLostBeforeKept(lost: Act, writes: readonly Act[], { present, facts }: Kept): boolean {
  const lossMs = lossOf(lost, facts)
  if (lossMs === undefined || facts.mayLose !== 'uncarried') return false
  return writes.some(
    (act) =>
      isAcknowledged(act) && act.sentMs > (lost.endedMs ?? 0) && (act.endedMs ?? 0) < lossMs && present(act)
  )
}

/** The loss in which this acknowledged write may have gone. */
function lossOf({ endedMs = 0 }: Act, { lossesMs, noticeMs, mayLose }: Facts): number | undefined {
  if (mayLose === 'nothing') return undefined
  const reachMs = mayLose === 'everything' ? Infinity : uncarriedMs
  return lossesMs.find((lossMs) => endedMs >= lossMs - reachMs && endedMs <= lossMs + noticeMs)
}

function mayBeLost(act: Act, facts: Facts): boolean {
  return lossOf(act, facts) !== undefined
}

function isRefused(act: Act): boolean {
  return isError(act) && !isInDoubt(act)
}

function foreign(values: Iterable<string>, known: ReadonlyMap<string, Act>): Fault[] {
  return [...values]
    .filter((value) => !known.has(value))
    .map((value) => ({ rule: 'a write reaches the key it names', what: value }))
}

// ---- lists ----------------------------------------------------------------------------------------------------------

function listFaults(pushes: readonly Act[], values: readonly string[], facts: Facts): Fault[] {
  const sent = new Map(pushes.map((act, index) => [act.value, index]))
  const known = new Map(pushes.map((act) => [act.value, act]))
  const present = new Set(values)
  const places = values.map((value) => sent.get(value) ?? -1)
  return [
    ...(present.size === values.length
      ? []
      : [{ rule: 'nothing is applied twice', what: firstTwice(values) }]),
    ...values
      .filter((_, at) => at > 0 && (places[at] ?? 0) < (places[at - 1] ?? 0))
      .map((value) => ({ rule: 'writes take effect in the order sent', what: value })),
    ...presenceFaults(pushes, (act) => present.has(act.value), facts),
    ...foreign(values, known),
    ...lengthFaults(pushes, values.length, facts)
  ]
}

function firstTwice(values: readonly string[]): string {
  return values.find((value, at) => values.indexOf(value) < at) ?? ''
}

// ---- counters -------------------------------------------------------------------------------------------------------

function countFaults(acts: readonly Act[], total: string | undefined, facts: Facts): Fault[] {
  return lengthFaults(acts, Number(total ?? 0), facts)
}

/** INCR, EXEC of an INCR, and RPUSH tell how many writes are in effect: each is one more than before, and more only after a doubt. */
function lengthFaults(acts: readonly Act[], total: number, facts: Facts): Fault[] {
  const losses = new Rollback(acts, facts)
  const faults: Fault[] = []
  let low = 0
  let high = 0
  const expect = (
    value: number | undefined,
    [least, most]: readonly [number, number],
    what: string
  ): void => {
    if (value !== undefined && value >= least && value <= most) return
    faults.push({ rule: countRule(value, most), what: `${what}, not ${least}..${most}` })
  }
  for (const act of acts) {
    low = Math.max(0, low - losses.upTo(act.endedMs ?? Infinity).length)
    if (isInDoubt(act)) high += 1
    if (!isAcknowledged(act)) continue
    const value = integerOf(act)
    expect(value, [low + 1, high + 1], describe(act))
    low = value ?? low
    high = value ?? high
  }
  low = Math.max(0, low - losses.upTo(Infinity).length)
  expect(total, [low, high], `${acts[0]?.key ?? ''} is ${total}`)
  return faults
}

function integerOf({ reply = '' }: Act): number | undefined {
  const digits = /^(?:\*1\r\n)?:(\d+)\r\n$/.exec(reply)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function countRule(value: number | undefined, most: number): string {
  if (value === undefined) return 'each reply belongs to its request'
  return value > most ? 'nothing is applied twice' : 'an acknowledged write stays'
}

/** The acknowledged writes that may be gone, each handed out once: when the last reply of a lost master can be there. */
class Rollback {
  readonly #lossesMs: readonly number[]
  readonly #acts: readonly Act[]
  readonly #facts: Facts
  #next = 0

  constructor(acts: readonly Act[], facts: Facts) {
    this.#acts = acts
    this.#facts = facts
    this.#lossesMs = facts.mayLose === 'nothing' ? [] : [...facts.lossesMs].sort((a, b) => a - b)
  }

  /** Of the losses that are over by then. */
  upTo(timeMs: number): Act[] {
    const gone: Act[] = []
    for (; this.#next < this.#lossesMs.length; this.#next += 1) {
      const lossMs = this.#lossesMs[this.#next] ?? Infinity
      if (lossMs + this.#facts.noticeMs >= timeMs) break
      gone.push(...this.#acts.filter((act) => isAcknowledged(act) && lossOf(act, this.#facts) === lossMs))
    }
    return gone
  }
}

// ---- single values --------------------------------------------------------------------------------------------------

/** Each reply of SET ... GET is the value before it: the last acknowledged one, or one in doubt behind it. */
function swapFaults(acts: readonly Act[], last: string | undefined, facts: Facts): Fault[] {
  const losses = new Rollback(acts, facts)
  const faults: Fault[] = []
  let possible = new Set<string | undefined>([undefined])
  const before = new Map<Act, readonly (string | undefined)[]>()
  const rollBack = (gone: readonly Act[]): void => {
    for (const act of gone) for (const value of before.get(act) ?? []) possible.add(value)
    if (gone.length > 0 && facts.mayLose === 'everything') possible.add(undefined)
  }
  for (const act of acts) {
    rollBack(losses.upTo(act.endedMs ?? Infinity))
    if (isAcknowledged(act)) {
      const old = bulkValue(act.reply ?? '')
      if (!possible.has(old))
        faults.push({ rule: swapRule(old, act), what: `${describe(act)}, not ${shown(possible)}` })
      before.set(act, [...possible])
      possible = new Set([act.value])
    } else if (isInDoubt(act)) {
      possible.add(act.value)
    }
  }
  rollBack(losses.upTo(Infinity))
  if (!possible.has(last)) {
    faults.push({
      rule: 'an acknowledged write stays',
      what: `${acts[0]?.key ?? ''} is ${last ?? 'nil'}, not ${shown(possible)}`
    })
  }
  return faults
}

function swapRule(old: string | undefined, { value, client }: Act): string {
  if (old === value) return 'nothing is applied twice'
  return old === undefined || old.startsWith(`${client}:`)
    ? 'an acknowledged write stays'
    : 'each reply belongs to its request'
}

function shown(possible: ReadonlySet<string | undefined>): string {
  return [...possible].map((value) => value ?? 'nil').join(' or ')
}

function ownFaults(acts: readonly Act[], { mayLose }: Facts): Fault[] {
  return acts.flatMap((act) => {
    if (act.kind === 'put') return wrongReply(act, '+OK\r\n')
    if (mayLose === 'everything' && act.reply === '$-1\r\n') return []
    return wrongReply(act, bulk(act.value))
  })
}

function wrongReply(act: Act, right: string): Fault[] {
  if (act.reply === undefined || act.reply === right || isError(act)) return []
  return [{ rule: 'each reply belongs to its request', what: describe(act) }]
}

function bulk(value: string): string {
  return `$${Buffer.byteLength(value)}\r\n${value}\r\n`
}

/** Undefined is nil; a reply of another type gives a value that nobody wrote. */
function bulkValue(reply: string): string | undefined {
  if (reply === '$-1\r\n') return undefined
  return /^\$\d+\r\n(.*)\r\n$/.exec(reply)?.[1] ?? reply
}
