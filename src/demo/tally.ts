// What the clients of the demo went through: replies, errors, drops and waits. Judges each reply; knows no connection.
import { Ledger, type Write } from './ledger.ts'

export type DemoRequest = {
  readonly bytes: Buffer
  /** Whether this is the reply that the request has to get. */
  readonly isRight: (reply: string) => boolean
  /** Left out where the request only reads. */
  readonly write?: Write
}

/** A failover, from the moment it was made, or the time between two. */
export type Spell = {
  readonly name: string
  readonly begunAtMs: number
  /** The longest time in which no write of any client was acknowledged. */
  longestGapMs: number
  /** When the write that ended that time was acknowledged. */
  resumedAtMs: number
  /** The longest time that a client which never writes waited for its replies. */
  longestReadMs: number
  /** Writes answered with "in doubt", for each connection that got one. */
  readonly inDoubt: Map<string, number>
}

export type Tallied = {
  readonly client: string
  /** The client never writes. */
  readonly readsOnly: boolean
  readonly requests: readonly DemoRequest[]
  readonly sentAtMs: number
}

const inDoubtMark = '-UNCERTAIN '

export class Tally {
  readonly ledger = new Ledger()
  readonly spells: Spell[] = []
  /** Replies that were errors, by their text; writes in doubt are not among them. */
  readonly errors = new Map<string, number>()
  /** Replies that were neither errors nor right, the first few of them. */
  readonly wrong: string[] = []
  wrongCount = 0
  reads = 0
  disconnects = 0
  readonly #now: () => number
  #lastAckAtMs: number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#lastAckAtMs = now()
    this.beginSpell('no failover')
  }

  get spell(): Spell {
    return this.spells.at(-1) as Spell
  }

  get errorCount(): number {
    return sum(this.errors.values())
  }

  get inDoubtCount(): number {
    return sum(this.spells.flatMap(({ inDoubt }) => [...inDoubt.values()]))
  }

  get sinceLastAckMs(): number {
    return this.#now() - this.#lastAckAtMs
  }

  /** What comes from here on is told under this name. */
  beginSpell(name: string): Spell {
    const now = this.#now()
    const spell = {
      name,
      begunAtMs: now,
      longestGapMs: 0,
      resumedAtMs: now,
      longestReadMs: 0,
      inDoubt: new Map<string, number>()
    }
    this.spells.push(spell)
    return spell
  }

  /** No write comes any more; what has not been acknowledged by now never is. */
  end(): void {
    this.#endGap(this.#now())
  }

  answered({ client, readsOnly, requests, sentAtMs }: Tallied, replies: readonly string[]): void {
    requests.forEach((request, index) => this.#judge(client, request, replies[index] ?? ''))
    if (!readsOnly) return
    this.spell.longestReadMs = Math.max(this.spell.longestReadMs, this.#now() - sentAtMs)
  }

  /** The connection ended before the replies came: what they would have been, nobody knows. */
  dropped({ requests }: Tallied): void {
    this.disconnects += 1
    for (const { write } of requests) if (write !== undefined) this.ledger.doubt(write)
  }

  #judge(client: string, { write, isRight }: DemoRequest, reply: string): void {
    if (reply.startsWith(inDoubtMark) && write !== undefined) {
      this.ledger.doubt(write)
      this.spell.inDoubt.set(client, (this.spell.inDoubt.get(client) ?? 0) + 1)
    } else if (reply.startsWith('-')) {
      const text = reply.slice(1).trimEnd()
      this.errors.set(text, (this.errors.get(text) ?? 0) + 1)
    } else if (!isRight(reply)) {
      this.wrongCount += 1
      if (this.wrong.length < 3) this.wrong.push(`${client} got ${JSON.stringify(reply.slice(0, 80))}`)
    } else if (write === undefined) {
      this.reads += 1
    } else {
      this.ledger.acknowledge(write)
      this.#endGap(this.#now())
    }
  }

  #endGap(now: number): void {
    const gapMs = now - this.#lastAckAtMs
    this.#lastAckAtMs = now
    if (gapMs <= this.spell.longestGapMs) return
    this.spell.longestGapMs = gapMs
    this.spell.resumedAtMs = now
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
