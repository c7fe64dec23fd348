import t from 'tap'
import { integerOf } from '../../../src/downstream/integer-word.ts'

const read = (word: string): number | undefined => integerOf(Buffer.from(word))

t.test('an integer is what Redis takes for one, and nothing else', (t) => {
  t.strictSame(['0', '7', '-7', '16384'].map(read), [0, 7, -7, 16384])
  const refused = ['', ' 1', '1 ', '+1', '01', '-0', '1.0', '1e3', '0x1', 'abc', '١', '1\n']
  t.strictSame(
    refused.filter((word) => read(word) !== undefined),
    []
  )
  t.equal(integerOf(undefined), undefined)
  t.end()
})

t.test('an integer has 64 bits', (t) => {
  t.equal(read('9223372036854775807'), 2 ** 63)
  t.equal(read('-9223372036854775808'), -(2 ** 63))
  t.equal(read('9223372036854775808'), undefined)
  t.equal(read('-9223372036854775809'), undefined)
  t.equal(read('99999999999999999999'), undefined)
  t.end()
})
