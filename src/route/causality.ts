// Which keys a replica must not be asked for yet. Pure. A key is dirty from the moment that a write of it leaves for
// the master; once that is answered, until the replica has applied the master's offset behind it. Keys share marks by
// their hash: a collision only sends a read to the master [C3].
import { ALL_KEYS } from '../command/keys.ts'

const MARKS = 64 * 1024
/** The mark of writes whose keys are not known. */
const EVERYTHING = MARKS

/** Hashes of keys, or ALL_KEYS: see command/keys.ts. */
export type Keys = readonly number[]

export class Causality {
  /** Writes that have left and are not answered. */
  readonly #underWay = new Int32Array(MARKS + 1)
  /** The offset that a replica must have applied; Infinity as long as none is known to be behind the write. */
  #barriers = new Float64Array(MARKS + 1)
  /** The round that brings the mark's barrier. */
  #rounds = new Float64Array(MARKS + 1)
  #writes = 0
  /** Marks whose writes were answered since the last question, and those that the question is about. */
  #answered: number[] = []
  #asked: readonly number[] = []
  #round = 1
  #highest = 0

  /** The highest barrier that is known: a replica that has applied it lacks nothing that was asked for. */
  get highest(): number {
    return this.#highest
  }

  /** Whether writes were answered of which no barrier is known. */
  get isAskDue(): boolean {
    return this.#answered.length > 0
  }

  /** A write has left. */
  begun(keys: Keys): void {
    this.#writes++
    for (const key of keys) this.#add(markOf(key), 1)
  }

  /** It was answered, or never will be; before the last of its replies leaves. */
  ended(keys: Keys): void {
    this.#writes--
    for (const key of keys) {
      const mark = markOf(key)
      this.#add(mark, -1)
      this.#await(mark)
    }
  }

  /** The offset that a replica must have applied to be asked for these keys; Infinity: only the master knows. */
  needed(keys: Keys): number {
    let needed = this.#neededFor(EVERYTHING)
    for (const key of keys) {
      needed = Math.max(needed, key === ALL_KEYS ? this.#neededForAll() : this.#neededFor(markOf(key)))
    }
    return needed
  }

  /** The master is asked for its offset now: that is a barrier for every write that was answered before. */
  ask(): void {
    this.#asked = this.#answered
    this.#answered = []
    this.#round++
  }

  /** What it said; undefined: nothing, so that it has to be asked again. */
  learn(offset: number | undefined): void {
    const asked = this.#asked
    this.#asked = []
    for (const mark of asked) {
      // Written again since: the barrier of that write is still to come.
      if (this.#rounds[mark] !== this.#round - 1) continue
      if (offset === undefined) this.#await(mark)
      else this.#barriers[mark] = offset
    }
    if (offset !== undefined) this.#highest = Math.max(this.#highest, offset)
  }

  /** Whatever was written, on this master or another one: a replica must first have what the master has now. */
  markEverything(): void {
    // New ones rather than filled ones: what is never marked then never takes memory.
    this.#barriers = new Float64Array(MARKS + 1)
    this.#rounds = new Float64Array(MARKS + 1)
    this.#highest = 0
    this.#asked = []
    this.#answered = []
    this.#await(EVERYTHING)
  }

  #add(mark: number, writes: number): void {
    this.#underWay[mark] = (this.#underWay[mark] as number) + writes
  }

  #await(mark: number): void {
    if (this.#rounds[mark] === this.#round) return
    this.#rounds[mark] = this.#round
    this.#barriers[mark] = Infinity
    this.#answered.push(mark)
  }

  #neededFor(mark: number): number {
    return (this.#underWay[mark] as number) > 0 ? Infinity : (this.#barriers[mark] as number)
  }

  #neededForAll(): number {
    const isAwaited = this.#answered.length > 0 || this.#asked.length > 0
    return this.#writes > 0 || isAwaited ? Infinity : this.#highest
  }
}

function markOf(hash: number): number {
  return hash === ALL_KEYS ? EVERYTHING : (hash ^ (hash >>> 16)) & (MARKS - 1)
}
