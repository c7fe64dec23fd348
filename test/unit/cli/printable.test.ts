import t from 'tap'
import { printable } from '../../../src/cli/printable.ts'

t.test('what would steer a terminal is a blank', async (t) => {
  t.equal(printable('a\r\n  b'), 'a b')
  t.equal(printable('a\u001b[2Jb\u0007'), 'a [2Jb')
  t.equal(printable('a\u2028b'), 'a b')
  t.equal(printable('größer, 大'), 'größer, 大', 'other letters stay')
})
