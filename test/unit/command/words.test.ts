// The words of requests that are longer than what the framer has at hand.
import t from 'tap'
import { wordsOf } from '../../../src/command/words.ts'
import { requestOf } from '../../harness/raw-client.ts'

const whole = (bytes: Buffer, start: number, end: number, parts?: Buffer[]) => ({
  bytes,
  start,
  end,
  parts,
  size: end - start
})

t.test('words are what lies between their lengths, whatever their bytes', async (t) => {
  const words = ['SUBSCRIBE', '', '\r\n$3\r\n', '\0\xff*2'].map((word) => Buffer.from(word, 'latin1'))
  const request = requestOf(...words)
  const bytes = Buffer.concat([Buffer.from('before'), request, Buffer.from('*1\r\n$4\r\nPING\r\n')])
  t.strictSame(wordsOf(whole(bytes, 6, 6 + request.length)), words)
})

t.test('a request of ten thousand words in pieces loses none', async (t) => {
  const words = Array.from({ length: 10_000 }, (_, index) => Buffer.from(`channel ${index}`))
  const request = requestOf(...words)
  const parts = [request.subarray(0, 70_000), request.subarray(70_000, 70_001), request.subarray(70_001)]
  t.strictSame(wordsOf(whole(parts[0]!, 0, request.length, parts)), words)
})

t.test('the bytes behind a word are skipped unseen, as Redis does', async (t) => {
  const bytes = Buffer.from('*2\r\n$4\r\nPINGxy$1\r\na\r\n')
  t.strictSame(wordsOf(whole(bytes, 0, bytes.length)).map(String), ['PING', 'a'])
})
