import t from 'tap'
import { decode, encode, type Reply } from '../../../src/resp/decode.ts'

const read = (text: string): Reply => decode(Buffer.from(text))

t.test('every type of RESP2 is decoded, an error as an Error at any depth', async (t) => {
  t.equal(read('+OK\r\n'), 'OK')
  t.equal(read('$5\r\na\r\nbc\r\n'), 'a\r\nbc')
  t.equal(read(':-5\r\n'), -5)
  t.equal(read('$-1\r\n'), null)
  t.equal(read('*-1\r\n'), null)
  t.match(read('-ERR no\r\n'), { message: 'ERR no' })
  t.match(read('*3\r\n:1\r\n*1\r\n-ERR in here\r\n*0\r\n'), [1, [{ message: 'ERR in here' }], []])
})

t.test('what is not exactly one RESP2 reply is refused', async (t) => {
  for (const text of [
    '',
    '+OK',
    '+OK\r\n+OK\r\n',
    '+OK\r\n$3\r\nab',
    '$3\r\nab',
    '*2\r\n:1\r\n',
    '%0\r\n',
    '_\r\n',
    'OK\r\n',
    '$x\r\n'
  ])
    t.throws(() => read(text), JSON.stringify(text))
})

t.test('one decoder does not disturb the next, also after bytes that are no reply', async (t) => {
  t.throws(() => read('$10\r\nabc'))
  t.throws(() => read('?'))
  t.equal(read('+OK\r\n'), 'OK')
})

t.test('a request is written in bytes, not in characters', async (t) => {
  t.equal(
    encode('SET', 'é', Buffer.from([0, 255])).toString('latin1'),
    '*3\r\n$3\r\nSET\r\n$2\r\n\xc3\xa9\r\n$2\r\n\0\xff\r\n'
  )
})
