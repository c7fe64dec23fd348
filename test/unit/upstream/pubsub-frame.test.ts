// What Redis says on a connection that subscribes.
import t from 'tap'
import { readPubsubFrame } from '../../../src/upstream/pubsub-frame.ts'
import { requestOf } from '../../harness/raw-client.ts'

const read = (...words: (string | Buffer)[]) => readPubsubFrame(requestOf(...words))

t.test('a message is found by its kind and its name, also one that looks like another frame', async (t) => {
  const name = Buffer.from('\0\r\n$7\r\nmessage', 'latin1')
  t.strictSame(read('message', name, 'hello'), { is: 'message', kind: 'channel', name })
  t.strictSame(read('pmessage', 'a*', 'abc', 'x'), {
    is: 'message',
    kind: 'pattern',
    name: Buffer.from('a*')
  })
  t.strictSame(read('smessage', '', 'x'), { is: 'message', kind: 'shard', name: Buffer.alloc(0) })
})

t.test('everything else is a confirmation, a pong or an error', async (t) => {
  const confirmation = Buffer.from('*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n')
  t.strictSame(readPubsubFrame(confirmation), { is: 'confirmation', verb: 'subscribe' })
  const none = Buffer.from('*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n')
  t.strictSame(readPubsubFrame(none), { is: 'confirmation', verb: 'unsubscribe' })
  t.strictSame(read('pong', ''), { is: 'pong' })
  t.strictSame(readPubsubFrame(Buffer.from('+PONG\r\n')), { is: 'pong' })
  t.strictSame(readPubsubFrame(Buffer.from('-ERR x\r\n')), { is: 'error' })
})

t.test('what no such connection may carry is none of them [R2]', async (t) => {
  for (const frame of [':1\r\n', '$1\r\nx\r\n', '*0\r\n', '*1\r\n:1\r\n', '*2\r\n$7\r\nmessage\r\n:1\r\n'])
    t.equal(readPubsubFrame(Buffer.from(frame)), undefined, JSON.stringify(frame))
})
