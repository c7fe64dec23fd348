// Which keys a replica must not be asked for yet, against a master that counts what it has executed.
import fc from 'fast-check'
import t from 'tap'
import { ALL_KEYS } from '../../../src/command/keys.ts'
import { Causality, type Keys } from '../../../src/route/causality.ts'

const [K, L] = [1, 2]
/** Another key with the mark of K. */
const LIKE_K = 2 ** 16
const READS: readonly Keys[] = [[K], [L], [K, L], [LIKE_K], [], [ALL_KEYS]]

type Write = { readonly keys: Keys; readonly at: number | undefined }

/** A master, replicas behind it, and lanes on which writes are sent, executed and answered at their own pace. */
class World {
  readonly marks = new Causality()
  #offset = 0
  #applied = [0, 0]
  #sent: Keys[] = []
  #executed: { readonly keys: Keys; readonly at: number }[] = []
  #answered: { readonly keys: Keys; readonly at: number }[] = []
  /** What the master says, as soon as it has read the question. */
  #question: { offset: number | undefined } | undefined
  replicaReads = 0

  send(keys: Keys): void {
    this.marks.begun(keys)
    this.#sent.push(keys)
  }

  execute(choice: number): void {
    const [keys] = this.#sent.splice(choice % (this.#sent.length || 1), 1)
    if (keys !== undefined) this.#executed.push({ keys, at: ++this.#offset })
  }

  answer(choice: number): void {
    const [write] = this.#executed.splice(choice % (this.#executed.length || 1), 1)
    if (write === undefined) return
    this.marks.ended(write.keys)
    this.#answered.push(write)
  }

  write(keys: Keys): void {
    this.send(keys)
    this.execute(this.#sent.length - 1)
    this.answer(this.#executed.length - 1)
  }

  /** A lane is cut: nobody hears of it, and the master may have executed it. */
  lose(choice: number): void {
    const write: Write | undefined =
      this.#executed.splice(choice, 1)[0] ??
      this.#sent.splice(choice, 1).map((keys) => ({ keys, at: undefined }))[0]
    if (write !== undefined) this.marks.ended(write.keys)
  }

  ask(isHeard: boolean): void {
    if (this.#question !== undefined || !this.marks.isAskDue) return
    this.marks.ask()
    this.#question = { offset: undefined }
    if (isHeard) this.hear()
  }

  hear(): void {
    if (this.#question !== undefined) this.#question.offset ??= this.#offset
  }

  reply(isLost: boolean): void {
    if (this.#question === undefined) return
    this.hear()
    this.marks.learn(isLost ? undefined : this.#question.offset)
    this.#question = undefined
  }

  apply(replica: number, by: number): void {
    this.#applied[replica] = Math.min(this.#offset, (this.#applied[replica] as number) + by)
  }

  /** A replica is master, and what it had not applied is lost. Its lanes are told before those of the old one end. */
  rebind(replica: number): void {
    const offset = this.#applied[replica] as number
    this.#offset = offset
    this.#applied = this.#applied.map((applied) => Math.min(applied, offset))
    this.#answered = this.#answered.filter(({ at }) => at <= offset)
    this.marks.markEverything()
    this.#question = undefined
    for (const keys of this.#sent.splice(0)) this.marks.ended(keys)
    for (const { keys } of this.#executed.splice(0)) this.marks.ended(keys)
  }

  /** Whether every replica that may be read from has all that was answered of what is read. */
  isFresh(): boolean {
    return READS.every((keys) => this.#isFresh(keys))
  }

  #isFresh(keys: Keys): boolean {
    const needed = this.marks.needed(keys)
    const wanted = this.#answered.filter((write) => touches(write.keys, keys)).map(({ at }) => at)
    const readable = this.#applied.filter((applied) => applied >= needed)
    this.replicaReads += readable.length
    return readable.every((applied) => wanted.every((at) => at <= applied))
  }

  /** Whether replicas that have everything are read from as soon as all is answered. */
  settles(): boolean {
    while (this.#sent.length > 0) this.execute(0)
    while (this.#executed.length > 0) this.answer(0)
    this.reply(false)
    this.ask(true)
    this.reply(false)
    return !this.marks.isAskDue && READS.every((keys) => this.marks.needed(keys) <= this.#offset)
  }
}

function touches(write: Keys, read: Keys): boolean {
  return write.includes(ALL_KEYS) || read.includes(ALL_KEYS) || read.some((key) => write.includes(key))
}

type Step = (world: World) => void

const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(K, L, LIKE_K, -3) },
  { weight: 1, arbitrary: fc.constant(ALL_KEYS) }
)
const keys = fc.array(key, { minLength: 1, maxLength: 2 })
const choice = fc.nat(3)
const replica = fc.nat(1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: keys.map(
      (keys): Step =>
        (world) =>
          world.send(keys)
    )
  },
  {
    weight: 4,
    arbitrary: choice.map(
      (at): Step =>
        (world) =>
          world.execute(at)
    )
  },
  {
    weight: 4,
    arbitrary: choice.map(
      (at): Step =>
        (world) =>
          world.answer(at)
    )
  },
  {
    weight: 1,
    arbitrary: choice.map(
      (at): Step =>
        (world) =>
          world.lose(at)
    )
  },
  {
    weight: 4,
    arbitrary: fc.boolean().map(
      (isHeard): Step =>
        (world) =>
          world.ask(isHeard)
    )
  },
  { weight: 2, arbitrary: fc.constant<Step>((world) => world.hear()) },
  {
    weight: 4,
    arbitrary: fc.nat(7).map(
      (luck): Step =>
        (world) =>
          world.reply(luck === 0)
    )
  },
  {
    weight: 4,
    arbitrary: fc.tuple(replica, choice).map(
      ([at, by]): Step =>
        (world) =>
          world.apply(at, by)
    )
  },
  {
    weight: 1,
    arbitrary: replica.map(
      (at): Step =>
        (world) =>
          world.rebind(at)
    )
  }
)

t.test('a replica that may be read from has every write that was answered before [C3]', async (t) => {
  let replicaReads = 0
  const run = fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
    const world = new World()
    for (const take of steps) {
      take(world)
      if (!world.isFresh()) return false
    }
    replicaReads += world.replicaReads
    return world.settles()
  })
  fc.assert(run, { numRuns: 1000 })
  t.ok(replicaReads > 20_000, `${replicaReads} reads may go to a replica`)
})
