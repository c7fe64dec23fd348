import fc from 'fast-check'
import t from 'tap'
import { Chunks, headOf } from '../../../src/resp/chunks.ts'

const bytesOf = (size: number, fill: number): Buffer => Buffer.alloc(size, fill)

t.test(
  'what is pushed comes out whole and in order, however small its pieces and whatever is taken between',
  async (t) => {
    const push = fc.record({
      size: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 500, max: 600 }))
    })
    const many = fc.record({ times: fc.integer({ min: 1, max: 200 }) })
    const action = fc.oneof(push, many, fc.constantFrom('shift', 'take'))
    const isKept = fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const chunks = new Chunks()
      let fill = 0
      let [pushed, out] = ['', '']
      const add = (size: number): void => {
        const chunk = bytesOf(size, ++fill % 256)
        pushed += chunk.toString('latin1')
        chunks.push(chunk)
      }
      for (const one of actions) {
        if (one === 'shift') out += chunks.shift()?.toString('latin1') ?? ''
        else if (one === 'take') out += Buffer.concat(chunks.take()).toString('latin1')
        else if ('size' in one) add(one.size)
        else for (let time = 0; time < one.times; time++) add(1)
        if (chunks.bytes !== pushed.length - out.length) return false
        if (chunks.isEmpty !== (chunks.bytes === 0)) return false
      }
      return out + Buffer.concat(chunks.take()).toString('latin1') === pushed
    })
    t.doesNotThrow(() => fc.assert(isKept, { numRuns: 500 }))
  }
)

t.test('single bytes are joined by the dozen, and a large chunk is never copied [R3]', async (t) => {
  const chunks = new Chunks()
  const large = bytesOf(100_000, 1)
  chunks.push(large)
  for (let count = 0; count < 10_000; count++) chunks.push(bytesOf(1, 2))
  chunks.push(large)
  const taken = chunks.take()
  t.equal(taken[0], large)
  t.equal(taken.at(-1), large)
  t.ok(taken.length < 10_000 / 32)
})

t.test('the head of a long request is enough for the words that decide where it goes', async (t) => {
  const whole = bytesOf(5000, 1)
  t.equal(headOf([whole, whole]), whole, 'one chunk that is long enough is not copied')
  t.equal(headOf([bytesOf(10, 1), bytesOf(4000, 2), bytesOf(300, 3), whole]).length, 4310)
  t.equal(headOf([bytesOf(10, 1)]).length, 10)
})
