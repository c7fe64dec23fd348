import t from 'tap'
import { endpointOf } from '../../../src/downstream/client-line.ts'

t.test('an address is written as Redis writes it', (t) => {
  t.equal(endpointOf('127.0.0.1', 6379), '127.0.0.1:6379')
  t.equal(endpointOf('::1', 6379), '[::1]:6379')
  t.equal(endpointOf('::ffff:10.0.0.7', 1), '10.0.0.7:1')
  t.end()
})

t.test('a connection that has just gone has no address, and still has a line', (t) => {
  t.equal(endpointOf(undefined, undefined), '?:0')
  t.end()
})
