// What every client of a chaos run sent and got, with times: the record, and the numbers that can be read from it.
// Knows neither the proxy nor Redis; whether the record is acceptable is for judge.ts to say.

/**
 * add: SADD of a unique value. count: INCR. swap: SET of a unique value with GET, so that each reply names the write
 * before it. push: RPUSH of a unique value. put: SET. own: GET of a key that only this client writes. echo: ECHO.
 * member: SISMEMBER of a value whose add was acknowledged. multi, queue, exec: a transaction with one INCR, of which
 * exec names the key. Of every key only one client is the writer.
 */
export type ActKind =
  'add' | 'count' | 'swap' | 'push' | 'put' | 'exec' | 'own' | 'echo' | 'member' | 'multi' | 'queue'

const writes: ReadonlySet<ActKind> = new Set(['add', 'count', 'swap', 'push', 'put', 'exec'])

/** One request of one client. Times are in milliseconds of performance.now(). */
export type Act = {
  readonly client: string
  /** Counts from 1; a client that was disconnected goes on with the next. */
  readonly connection: number
  readonly kind: ActKind
  readonly key: string
  /** What is written, or what a read has to give. */
  readonly value: string
  readonly sentMs: number
  endedMs: number | undefined
  /** The reply as it came; undefined: none came before the connection or the run ended. */
  reply: string | undefined
}

export type Ended = { readonly client: string; readonly atMs: number; readonly how: string }

export class History {
  /** In the order of sending, and so in order within each client. */
  readonly acts: Act[] = []
  /** Connections that ended before the run did. */
  readonly disconnects: Ended[] = []
  /** Replies that came when none was awaited. */
  readonly unasked: Ended[] = []

  sent(client: string, connection: number, what: Pick<Act, 'kind' | 'key' | 'value'>): Act {
    const act = {
      client,
      connection,
      ...what,
      sentMs: performance.now(),
      endedMs: undefined,
      reply: undefined
    }
    this.acts.push(act)
    return act
  }

  replied(act: Act, reply: string): void {
    act.endedMs = performance.now()
    act.reply = reply
  }

  disconnected(client: string, how: string): void {
    this.disconnects.push({ client, atMs: performance.now(), how })
  }

  unaskedReply(client: string, reply: string): void {
    this.unasked.push({ client, atMs: performance.now(), how: reply })
  }
}

export function isWrite({ kind }: Act): boolean {
  return writes.has(kind)
}

export function isError(act: Act): boolean {
  return act.reply?.startsWith('-') === true
}

export function isAcknowledged(act: Act): boolean {
  return act.reply !== undefined && !isError(act)
}

/** A write that may or may not have been executed: unanswered, or answered that nobody knows. */
export function isInDoubt(act: Act): boolean {
  return isWrite(act) && (act.reply === undefined || act.reply.startsWith('-UNCERTAIN '))
}

export type Numbers = {
  readonly requests: number
  readonly acknowledgedWrites: number
  /** By the first word of the reply. */
  readonly errors: Readonly<Record<string, number>>
  readonly disconnects: number
  readonly longestWaitMs: number
  /** Longest time without any acknowledged write, and when it began. */
  readonly gapMs: number
  readonly gapFromMs: number
}

/** `sinceMs`: for the gap, what was before does not count. */
export function numbersOf(history: History, sinceMs = 0): Numbers {
  const acknowledged = history.acts.filter((act) => isWrite(act) && isAcknowledged(act))
  const errors: Record<string, number> = {}
  for (const act of history.acts) {
    if (!isError(act)) continue
    const word = /^-(\S+)/.exec(act.reply ?? '')?.[1] ?? '-'
    errors[word] = (errors[word] ?? 0) + 1
  }
  return {
    requests: history.acts.length,
    acknowledgedWrites: acknowledged.length,
    errors,
    disconnects: history.disconnects.length,
    longestWaitMs: Math.round(history.acts.reduce((most, act) => Math.max(most, waitOf(act)), 0)),
    ...longestGap(acknowledged, sinceMs)
  }
}

/** 0 for an act without a reply. */
export function waitOf({ sentMs, endedMs }: Act): number {
  return endedMs === undefined ? 0 : endedMs - sentMs
}

function longestGap(acknowledged: readonly Act[], sinceMs: number): { gapMs: number; gapFromMs: number } {
  const times = acknowledged.map(({ endedMs }) => endedMs ?? 0).sort((a, b) => a - b)
  let gap = { gapMs: 0, gapFromMs: 0 }
  let before: number | undefined
  for (const time of times) {
    if (before !== undefined && time > sinceMs && time - before > gap.gapMs) {
      gap = { gapMs: time - before, gapFromMs: before }
    }
    before = time
  }
  return { gapMs: Math.round(gap.gapMs), gapFromMs: gap.gapFromMs }
}
