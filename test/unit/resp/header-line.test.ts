import fc from 'fast-check'
import t from 'tap'
import { digitsOf, HeaderLine, shortNumber } from '../../../src/resp/header-line.ts'

const latin = (text: string): Buffer => Buffer.from(text, 'latin1')

/** What string2ll of Redis takes for a number, up to the 18 digits of which no count or length has more. */
const number = /^(0|-?[1-9]\d{0,17})$/

function read(text: string, cut: number): HeaderLine & { end: number } {
  const line = new HeaderLine()
  line.start()
  const bytes = latin(`*${text}\r\n`)
  const first = line.read(bytes.subarray(0, cut), 0)
  const end = first < 0 ? cut + line.read(bytes.subarray(cut), 0) : first
  return Object.assign(line, { end })
}

t.test(
  'a header line is a number exactly where Redis sees one, and has its value, wherever it is cut',
  async (t) => {
    const mark = fc.constantFrom('0', '1', '2', '9', '-', '+', ' ', 'x', '.')
    const text = fc.oneof(
      fc.array(mark, { maxLength: 6 }).map((marks) => marks.join('')),
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String)
    )
    const isRight = fc.property(text, fc.nat(30), (text, cut) => {
      const line = read(text, cut % (text.length + 4))
      if (line.end !== text.length + 3 || line.size !== text.length + 1) return false
      if (line.isNumber !== number.test(text)) return false
      const value = line.isNegative ? -line.value : line.value
      // Beyond 2^53 only the sign and the size matter: no such length is allowed.
      return (
        !line.isNumber ||
        value === Number(text) ||
        (Math.abs(value) > 2 ** 53 && Math.abs(value / Number(text) - 1) < 1e-9)
      )
    })
    t.doesNotThrow(() => fc.assert(isRight, { numRuns: 5000 }))
  }
)

t.test('an empty line has its own end for a first byte', async (t) => {
  const line = new HeaderLine()
  line.start()
  t.equal(line.read(latin('\r\n'), 0), 2)
  t.equal(line.mark, 13)
  t.notOk(line.isNumber)
})

t.test('the short way and the long one read the same numbers', async (t) => {
  const texts = [
    '0',
    '7',
    '10',
    '99',
    '100',
    '16384',
    '99999',
    '',
    '00',
    '05',
    '-1',
    '1x',
    'x',
    '100000',
    '1 ',
    ':'
  ]
  for (const text of texts) {
    const isShort = /^(0|[1-9]\d{0,4})$/.test(text)
    t.equal(shortNumber(latin(`$${text}\r\n........`), 1), isShort ? Number(text) : -1, JSON.stringify(text))
  }
})

t.test('the length of a short line follows from its number', async (t) => {
  for (const value of [0, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 99_999])
    t.equal(digitsOf(value), String(value).length)
})
