import fc from 'fast-check'
import t from 'tap'
import { formatAddress, reachable, readAddress, sameAddress } from '../../../src/topology/topology.ts'

t.test('IPv6 addresses are written in brackets, all others bare', async (t) => {
  t.equal(formatAddress({ host: '10.0.0.1', port: 6379 }), '10.0.0.1:6379')
  t.equal(formatAddress({ host: 'redis-0.redis', port: 1 }), 'redis-0.redis:1')
  t.equal(formatAddress({ host: '2001:db8::1', port: 6379 }), '[2001:db8::1]:6379')
})

t.test('names are compared without regard to case, and ports exactly', async (t) => {
  t.ok(sameAddress({ host: 'Redis-0', port: 1 }, { host: 'redis-0', port: 1 }))
  t.notOk(sameAddress({ host: 'redis-0', port: 1 }, { host: 'redis-0', port: 2 }))
  t.notOk(sameAddress({ host: 'redis-0', port: 1 }, { host: 'redis-1', port: 1 }))
})

t.test(
  'an announced address is translated by its written form, and one that is not mapped is its own',
  async (t) => {
    const outside = { host: 'outside', port: 7000 }
    const natMap = { '10.0.0.1:6379': outside, '[::1]:6379': outside, 'redis-0:6379': outside }

    t.strictSame(reachable(natMap, { host: '10.0.0.1', port: 6379 }), outside)
    t.strictSame(reachable(natMap, { host: '::1', port: 6379 }), outside)
    t.strictSame(reachable(natMap, { host: 'REDIS-0', port: 6379 }), outside)
    t.strictSame(reachable(natMap, { host: '10.0.0.1', port: 6380 }), { host: '10.0.0.1', port: 6380 })
    t.strictSame(reachable({}, { host: '__proto__', port: 1 }), { host: '__proto__', port: 1 })
  }
)

t.test('two words are an address only with a host that is known and a port that can be', async (t) => {
  t.strictSame(readAddress('::1', '6379'), { host: '::1', port: 6379 })
  for (const [host, port] of [
    ['?', '1'],
    ['', '1'],
    [undefined, '1'],
    ['a', '0'],
    ['a', '65536'],
    ['a', '1.5'],
    ['a', 'x'],
    ['a', undefined]
  ]) {
    t.equal(readAddress(host, port), undefined, `${host} ${port}`)
  }
})

t.test('two addresses share one key only if they are the same', async (t) => {
  const address = fc.record({
    host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port: fc.integer({ min: 1, max: 65535 })
  })
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(address, address, (a, b) => {
        const isOneKey = formatAddress(a).toLowerCase() === formatAddress(b).toLowerCase()
        return isOneKey === sameAddress(a, b)
      })
    )
  })
})
