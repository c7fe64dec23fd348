// What the clients were told of their writes, held against what Redis has in the end. Pure: knows no connection.

/** One write: a member of its own that nobody else adds, or one more on the counter that all share. */
export type Write = { readonly set: string; readonly member: string } | 'increment'

/** What Redis has, asked once nothing is written any more. */
export type Stored = {
  readonly members: ReadonlyMap<string, ReadonlySet<string>>
  readonly counter: number
}

export class Ledger {
  readonly #members = new Map<string, string[]>()
  #acknowledged = 0
  #increments = 0
  #incrementsInDoubt = 0

  /** Writes that were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  get sets(): readonly string[] {
    return [...this.#members.keys()]
  }

  acknowledge(write: Write): void {
    this.#acknowledged += 1
    if (write === 'increment') {
      this.#increments += 1
      return
    }
    const members = this.#members.get(write.set)
    if (members === undefined) this.#members.set(write.set, [write.member])
    else members.push(write.member)
  }

  /** Nobody can tell whether it was executed. A member in doubt may be there or not, so only the counter minds. */
  doubt(write: Write): void {
    if (write === 'increment') this.#incrementsInDoubt += 1
  }

  /** Acknowledged writes that are not there. */
  lost({ members, counter }: Stored): number {
    let missing = Math.max(0, this.#increments - counter)
    for (const [set, acknowledged] of this.#members) {
      const there = members.get(set)
      missing += acknowledged.filter((member) => there?.has(member) !== true).length
    }
    return missing
  }

  /** Increments that nobody was told of in any way: something was executed twice, or in spite of an error. */
  surplus({ counter }: Stored): number {
    return Math.max(0, counter - this.#increments - this.#incrementsInDoubt)
  }
}
