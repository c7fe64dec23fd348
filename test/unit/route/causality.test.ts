// Which keys a replica must not be asked for yet: each rule by itself. All of them at once: causality-model.test.ts.
import t from 'tap'
import { ALL_KEYS } from '../../../src/command/keys.ts'
import { Causality } from '../../../src/route/causality.ts'

const [K, L] = [1, 2]
/** Another key with the mark of K. */
const LIKE_K = 2 ** 16

function written(marks: Causality, ...keys: readonly number[]): void {
  marks.begun(keys)
  marks.ended(keys)
}

function asked(marks: Causality, offset: number | undefined): void {
  marks.ask()
  marks.learn(offset)
}

t.test('where nothing was written nothing is needed, and nothing is asked', async (t) => {
  const marks = new Causality()
  t.strictSame([marks.needed([K]), marks.needed([]), marks.needed([ALL_KEYS])], [0, 0, 0])
  t.equal(marks.isAskDue, false)
  t.equal(marks.highest, 0)
})

t.test('a key is dirty while a write of it is under way, and until the master was asked [C3]', async (t) => {
  const marks = new Causality()
  marks.begun([K])
  t.equal(marks.needed([K]), Infinity)
  t.equal(marks.isAskDue, false, 'its offset would be too low')
  marks.ended([K])
  t.equal(marks.needed([K]), Infinity)
  t.equal(marks.isAskDue, true)
  marks.ask()
  t.equal(marks.isAskDue, false)
  t.equal(marks.needed([K]), Infinity)
  marks.learn(70)
  t.equal(marks.needed([K]), 70)
  t.equal(marks.highest, 70)
})

t.test('other keys stay clean, and of several keys the dirtiest counts [C3]', async (t) => {
  const marks = new Causality()
  written(marks, K)
  t.equal(marks.needed([L]), 0)
  t.equal(marks.needed([L, K]), Infinity)
  asked(marks, 10)
  written(marks, L)
  asked(marks, 20)
  t.strictSame([marks.needed([K]), marks.needed([L]), marks.needed([L, K])], [10, 20, 20])
})

t.test('one key among several is enough, and a collision only costs [C3]', async (t) => {
  const marks = new Causality()
  marks.begun([K, L, K])
  t.strictSame([marks.needed([K]), marks.needed([L])], [Infinity, Infinity])
  marks.ended([K, L, K])
  asked(marks, 10)
  t.strictSame([marks.needed([K]), marks.needed([L]), marks.needed([LIKE_K])], [10, 10, 10])
})

t.test('it stays dirty until every write of it that is under way was answered [C3]', async (t) => {
  const marks = new Causality()
  marks.begun([K])
  marks.begun([K])
  marks.ended([K])
  asked(marks, 10)
  t.equal(marks.needed([K]), Infinity)
  marks.ended([K])
  asked(marks, 20)
  t.equal(marks.needed([K]), 20)
})

t.test('a write that was answered behind the question waits for the next one [C3]', async (t) => {
  const marks = new Causality()
  written(marks, K)
  marks.ask()
  written(marks, K)
  written(marks, L)
  marks.learn(10)
  t.strictSame([marks.needed([K]), marks.needed([L])], [Infinity, Infinity])
  t.equal(marks.isAskDue, true)
  asked(marks, 20)
  t.strictSame([marks.needed([K]), marks.needed([L])], [20, 20])
})

t.test('a key that is written again is dirty again, also before anybody asks again [C3]', async (t) => {
  const marks = new Causality()
  written(marks, K)
  asked(marks, 10)
  written(marks, K)
  t.equal(marks.needed([K]), Infinity)
  t.equal(marks.isAskDue, true)
})

t.test('a question that got no answer is asked again, for the same keys [C3]', async (t) => {
  const marks = new Causality()
  written(marks, K)
  marks.ask()
  written(marks, L)
  marks.learn(undefined)
  t.strictSame([marks.needed([K]), marks.needed([L]), marks.highest], [Infinity, Infinity, 0])
  t.equal(marks.isAskDue, true)
  asked(marks, 10)
  t.strictSame([marks.needed([K]), marks.needed([L])], [10, 10])
  written(marks, K)
  asked(marks, undefined)
  t.equal(marks.isAskDue, true, 'also where nothing else was written')
})

t.test('a write of unknown keys makes every key dirty [C3]', async (t) => {
  const marks = new Causality()
  marks.begun([ALL_KEYS])
  t.strictSame(
    [marks.needed([K]), marks.needed([]), marks.needed([ALL_KEYS])],
    [Infinity, Infinity, Infinity]
  )
  marks.ended([ALL_KEYS])
  t.equal(marks.needed([K]), Infinity)
  asked(marks, 10)
  t.strictSame([marks.needed([K]), marks.needed([]), marks.needed([ALL_KEYS])], [10, 10, 10])
})

t.test('a read of unknown keys needs all that was written [C3]', async (t) => {
  const marks = new Causality()
  marks.begun([K])
  t.equal(marks.needed([ALL_KEYS]), Infinity, 'under way')
  marks.ended([K])
  t.equal(marks.needed([ALL_KEYS]), Infinity, 'answered')
  marks.ask()
  t.equal(marks.needed([ALL_KEYS]), Infinity, 'asked')
  marks.learn(10)
  t.equal(marks.needed([ALL_KEYS]), 10)
  written(marks, L)
  asked(marks, 8)
  t.equal(marks.needed([ALL_KEYS]), 10, 'the highest that is known')
})

t.test('another master: a replica must have what it has, whatever was written before [C3]', async (t) => {
  const marks = new Causality()
  written(marks, K)
  asked(marks, 1000)
  written(marks, L)
  marks.begun([L])
  marks.markEverything()
  t.equal(marks.highest, 0)
  t.strictSame(
    [marks.needed([K]), marks.needed([]), marks.needed([ALL_KEYS])],
    [Infinity, Infinity, Infinity]
  )
  t.equal(marks.isAskDue, true)
  asked(marks, 400)
  t.strictSame([marks.needed([K]), marks.needed([])], [400, 400])
  t.equal(marks.needed([L]), Infinity, 'it is still under way on a lane of the old one')
  marks.ended([L])
  asked(marks, 500)
  t.strictSame([marks.needed([K]), marks.needed([L]), marks.needed([ALL_KEYS])], [400, 500, 500])
})
