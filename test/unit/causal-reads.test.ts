// When the master and the replicas are asked, and what a read needs meanwhile.
import t, { type Test } from 'tap'
import { CausalReads, type CausalReadsOptions } from '../../src/causal-reads.ts'
import { CommandTable, type Command } from '../../src/command/commands.ts'
import { ALL_KEYS, keySpecsOf } from '../../src/command/keys.ts'
import { encode } from '../../src/resp/decode.ts'
import { RequestFramer } from '../../src/resp/request-framer.ts'
import type { Consistency } from '../../src/route/read-policy.ts'
import { ManualClock } from './topology/manual-clock.ts'

const rows = {
  get: ['get', 2, ['readonly', 'fast'], 1, 1, 1],
  mget: ['mget', -2, ['readonly', 'fast'], 1, -1, 1],
  keys: ['keys', 2, ['readonly'], 0, 0, 0],
  scan: ['scan', -2, ['readonly'], 0, 0, 0],
  set: ['set', -3, ['write', 'denyoom'], 1, 1, 1],
  mset: ['mset', -3, ['write', 'denyoom'], 1, -1, 2],
  flushall: ['flushall', -1, ['write'], 0, 0, 0],
  eval: ['eval', -3, ['noscript'], 0, 0, 0]
} as const

const table = new CommandTable(
  Object.values(rows).map((row) => ({ name: row[0], flags: row[2], keys: keySpecsOf(row) }))
)

function request(...words: readonly string[]): readonly [Command, RequestFramer] {
  const framer = new RequestFramer(1e9)
  framer.push(encode(...words))
  const command = table.get((words[0] as string).toLowerCase())
  if (framer.next() !== 'request' || command === undefined) throw new Error('no request')
  return [command, framer]
}

class Scene {
  readonly clock = new ManualClock()
  readonly policy: { consistency: Consistency } = { consistency: 'causal' }
  /** Questions to the master, in order. */
  readonly questions: Parameters<CausalReadsOptions['askMaster']>[0][] = []
  /** What replicas were asked to have applied, and when. */
  readonly beats: { readonly atMs: number; readonly history: string; readonly offset: number }[] = []
  readonly reads: CausalReads

  constructor(t: Test, consistency: Consistency = 'causal') {
    this.policy.consistency = consistency
    this.reads = new CausalReads({
      clock: this.clock,
      policy: this.policy,
      askMaster: (done) => this.questions.push(done),
      askReplicas: (history, offset) => this.beats.push({ atMs: this.clock.now(), history, offset })
    })
    t.teardown(() => this.reads.close())
  }

  needed(...words: readonly string[]): number {
    return this.reads.neededBy(...request(...words))
  }

  written(...words: readonly string[]): number[] | undefined {
    return this.reads.writtenBy(...request(...words))
  }

  /** A write that leaves and is answered. */
  write(...words: readonly string[]): void {
    const keys = this.written(...words) ?? []
    this.reads.begun(keys)
    this.reads.ended(keys)
  }

  answer(offset: number | undefined, replicationId = 'one', isMaster = true): void {
    this.questions.at(-1)?.(offset === undefined ? undefined : { isMaster, replicationId, offset })
  }
}

/** One in which everything that was written before it began is known, and nothing more is asked. */
async function settled(t: Test): Promise<Scene> {
  const scene = new Scene(t)
  await scene.clock.turn(100)
  // Its history was not known before: asked again, so that the answer counts for what was written meanwhile.
  scene.answer(1)
  scene.answer(1)
  scene.questions.length = 0
  scene.beats.length = 0
  return scene
}

t.test('what a write and a read concern is told by their keys [C3]', async (t) => {
  const scene = await settled(t)
  const set = scene.written('SET', 'k', 'v') ?? []
  t.equal(set.length, 1)
  t.strictSame(scene.written('MSET', 'k', '1', 'l', '2')?.[0], set[0])
  t.strictSame(scene.written('FLUSHALL'), [ALL_KEYS])
  t.strictSame(scene.written('EVAL', 'return 1', '0'), [ALL_KEYS])
  t.equal(scene.written('GET', 'k'), undefined)
  scene.reads.begun(set)
  t.equal(scene.needed('GET', 'k'), Infinity)
  t.equal(scene.needed('MGET', 'l', 'k'), Infinity)
  t.equal(scene.needed('KEYS', '*'), Infinity)
  t.equal(scene.needed('GET', 'l'), 1)
  t.equal(scene.needed('SET', 'k', 'v'), -Infinity, 'it goes to no replica')
  t.equal(scene.needed('SCAN', '0'), -Infinity, 'nor does this')
})

t.test('before the master was asked for the first time everything is dirty [C3]', async (t) => {
  const scene = new Scene(t)
  t.equal(scene.needed('GET', 'k'), Infinity)
  await scene.clock.turn(100)
  t.equal(scene.questions.length, 1)
  t.equal(scene.needed('GET', 'k'), Infinity)
  scene.answer(7)
  t.equal(scene.questions.length, 2)
  t.equal(scene.needed('GET', 'k'), Infinity)
  scene.answer(8)
  t.equal(scene.needed('GET', 'k'), 8)
})

t.test('offsets of another history mean nothing [C3]', async (t) => {
  const scene = await settled(t)
  scene.write('SET', 'k', 'v')
  scene.reads.missed()
  scene.beats.length = 0
  scene.answer(500, 'two')
  t.strictSame([scene.needed('GET', 'k'), scene.needed('GET', 'l')], [Infinity, Infinity])
  t.strictSame(
    scene.beats.at(-1),
    { atMs: scene.clock.now(), history: 'two', offset: 0 },
    'known before any barrier'
  )
  scene.write('SET', 'm', 'v')
  scene.answer(7, 'two')
  t.strictSame([scene.needed('GET', 'k'), scene.needed('GET', 'm')], [7, Infinity])
})

t.test('who is no master, or does not say where it is, has not answered [C3]', async (t) => {
  const scene = await settled(t)
  scene.write('SET', 'k', 'v')
  scene.reads.missed()
  scene.answer(9, 'one', false)
  t.equal(scene.needed('GET', 'k'), Infinity)
  await scene.clock.turn(3)
  scene.answer(NaN)
  t.equal(scene.needed('GET', 'k'), Infinity)
  await scene.clock.turn(3)
  scene.answer(9)
  t.equal(scene.needed('GET', 'k'), 9)
})

t.test('the master is asked one question at a time, for all that was written before it [C3]', async (t) => {
  const scene = await settled(t)
  await scene.clock.turn(1000)
  t.equal(scene.questions.length, 0, 'nothing was written')
  scene.write('SET', 'k', 'v')
  scene.write('SET', 'l', 'v')
  scene.reads.missed()
  t.equal(scene.questions.length, 1)
  scene.write('SET', 'm', 'v')
  await scene.clock.turn(1000)
  scene.reads.missed()
  t.equal(scene.questions.length, 1, 'as long as it has not answered')
  scene.answer(10)
  t.strictSame([scene.needed('GET', 'k'), scene.needed('GET', 'l')], [10, 10])
  t.equal(scene.needed('GET', 'm'), Infinity)
  await scene.clock.turn(3)
  t.equal(scene.questions.length, 2)
  scene.answer(20)
  t.equal(scene.needed('GET', 'm'), 20)
  await scene.clock.turn(1000)
  t.equal(scene.questions.length, 2)
})

t.test('what got no answer is asked again, and not at once [C3]', async (t) => {
  const scene = await settled(t)
  scene.write('SET', 'k', 'v')
  scene.reads.missed()
  for (const question of [1, 2, 3]) {
    t.equal(scene.questions.length, question)
    scene.answer(undefined)
    t.equal(scene.needed('GET', 'k'), Infinity)
    t.equal(scene.questions.length, question, 'a master that refuses is not asked without end')
    await scene.clock.turn(3)
  }
  scene.answer(10)
  t.equal(scene.needed('GET', 'k'), 10)
})

t.test('what an earlier master answers late says nothing of this one [C3]', async (t) => {
  const scene = await settled(t)
  scene.write('SET', 'k', 'v')
  scene.reads.missed()
  scene.reads.markEverything()
  await scene.clock.turn(3)
  t.equal(scene.questions.length, 2, 'the new one is asked without waiting for the old one')
  const [early, late] = scene.questions
  const beats = scene.beats.length
  early?.({ isMaster: true, replicationId: 'one', offset: 5 })
  t.equal(scene.needed('GET', 'k'), Infinity)
  t.equal(scene.needed('GET', 'other'), Infinity, 'whatever the key')
  t.equal(scene.beats.length, beats)
  scene.write('SET', 'l', 'v')
  await scene.clock.turn(3)
  t.equal(scene.questions.length, 2, 'the question to the new one still stands')
  late?.({ isMaster: true, replicationId: 'one', offset: 4 })
  t.strictSame([scene.needed('GET', 'k'), scene.needed('GET', 'other')], [4, 4])
})

t.test('as long as reads are missed they look every 3 ms, and every 100 ms otherwise [C3]', async (t) => {
  const scene = await settled(t)
  await scene.clock.turn(1000)
  t.strictSame(
    scene.beats.map(({ atMs }) => atMs),
    Array.from({ length: 10 }, (_, at) => 200 + 100 * at)
  )
  scene.beats.length = 0
  await scene.clock.turn(50)
  scene.reads.missed()
  t.strictSame(scene.beats, [{ atMs: 1150, history: 'one', offset: 1 }], 'the first one at once')
  scene.reads.missed()
  t.equal(scene.beats.length, 1, 'the others with the next look')
  await scene.clock.turn(30)
  t.equal(scene.beats.length, 11)
  scene.reads.missed()
  await scene.clock.turn(99)
  t.equal(scene.beats.length, 44, 'for 100 ms since the last one')
  scene.beats.length = 0
  await scene.clock.turn(1000)
  t.strictSame(
    scene.beats.map(({ atMs }) => atMs - 1150),
    [132, ...Array.from({ length: 9 }, (_, at) => 232 + 100 * at)]
  )
  t.equal(scene.clock.waiting, 1)
})

t.test(
  'replicas are asked for the highest offset that is known, at once while it is waited for',
  async (t) => {
    const scene = await settled(t)
    scene.write('SET', 'k', 'v')
    await scene.clock.turn(100)
    scene.beats.length = 0
    scene.answer(10)
    t.strictSame(scene.beats, [], 'nobody waits')
    scene.write('SET', 'k', 'v')
    scene.reads.missed()
    scene.beats.length = 0
    scene.answer(20)
    t.match(scene.beats, [{ offset: 20 }])
    t.equal(scene.beats.length, 1)
    scene.write('SET', 'k', 'v')
    await scene.clock.turn(3)
    scene.beats.length = 0
    scene.answer(undefined)
    t.strictSame(scene.beats, [], 'it said none')
    await scene.clock.turn(3)
    t.match(scene.beats, [{ offset: 20 }])
  }
)

t.test('with another consistency nothing is needed, marked or asked', async (t) => {
  for (const consistency of ['session', 'eventual', 'master'] as const) {
    const scene = new Scene(t, consistency)
    t.equal(scene.needed('GET', 'k'), -Infinity, consistency)
    t.equal(scene.written('SET', 'k', 'v'), undefined, consistency)
    scene.reads.markEverything()
    scene.reads.missed()
    await scene.clock.turn(1000)
    t.equal(scene.questions.length, 0, consistency)
    t.equal(scene.beats.length, 0, consistency)
  }
})

t.test(
  'when what was written before is not known, everything is dirty until the master is asked [C3]',
  async (t) => {
    const scene = await settled(t)
    t.equal(scene.needed('GET', 'k'), 1)
    scene.policy.consistency = 'eventual'
    await scene.clock.turn(100)
    scene.write('SET', 'k', 'v')
    scene.policy.consistency = 'causal'
    scene.reads.markEverything()
    t.strictSame([scene.needed('GET', 'k'), scene.needed('GET', 'l')], [Infinity, Infinity])
    await scene.clock.turn(100)
    t.equal(scene.questions.length, 1)
    t.equal(scene.needed('GET', 'l'), Infinity)
    scene.answer(10)
    t.strictSame([scene.needed('GET', 'k'), scene.needed('GET', 'l')], [10, 10])
  }
)

t.test('once it is closed nothing is asked', async (t) => {
  const scene = await settled(t)
  scene.write('SET', 'k', 'v')
  scene.reads.close()
  await scene.clock.turn(1000)
  t.strictSame([scene.questions.length, scene.beats.length, scene.clock.waiting], [0, 0, 0])
})
