import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  formatDuration,
  formatSize,
  parseAddress,
  parseDuration,
  parseSize,
  parseValue,
  quote
} from '../../../src/config/kinds.ts'
import type { Setting } from '../../../src/config/settings.ts'
import { formatAddress } from '../../../src/topology/topology.ts'

const described = { key: 'some.key', default: '', means: 'Something.' }

function refused(t: Test, setting: Partial<Setting>, texts: readonly string[], message: string): void {
  const parse = (): unknown => parseValue({ ...described, ...setting } as Setting, texts)
  t.throws(parse, { code: 'USAGE', message }, `${texts.join()} is refused: ${message}`)
}

function accepted(t: Test, setting: Partial<Setting>, texts: readonly string[], value: unknown): void {
  t.strictSame(
    parseValue({ ...described, ...setting } as Setting, texts),
    value,
    `${texts.join()} is accepted`
  )
}

t.test('a duration that is written and read again is the same', async () => {
  fc.assert(fc.property(fc.nat(), (ms) => parseDuration(formatDuration(ms)) === ms))
})

t.test('a size that is written and read again is the same', async () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes)) === bytes))
  const round = fc.tuple(fc.integer({ min: 1, max: 4096 }), fc.constantFrom(1024, 1024 ** 2, 1024 ** 3))
  fc.assert(fc.property(round, ([count, unit]) => parseSize(formatSize(count * unit)) === count * unit))
})

t.test('an address that is written and read again is the same', async () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
  const port = fc.integer({ min: 1, max: 65535 })
  fc.assert(
    fc.property(host, port, (host, port) => {
      const address = parseAddress(formatAddress({ host, port }))
      return address.host === host && address.port === port
    })
  )
})

t.test('a duration needs its unit, and 0 does not', async (t) => {
  const duration = { kind: 'duration' } as const
  for (const [text, ms] of [
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['5s', 5000],
    ['2m', 120_000],
    ['1h', 3_600_000]
  ] as const) {
    accepted(t, duration, [text], ms)
  }
  refused(t, duration, ['5'], "'5' has no unit: write 5ms, 5s, 5m or 5h")
  refused(t, duration, ['5d'], "'5d' has an unknown unit: write ms, s, m or h")
  refused(t, duration, ['5S'], "'5S' has an unknown unit: write ms, s, m or h")
  for (const text of ['s', '-5s', '1.5s', '5 s', 'soon', '1m30s']) {
    refused(t, duration, [text], `'${text}' is not a duration: write 250ms, 5s, 2m or 1h`)
  }
  refused(t, duration, [''], 'is empty: give it a value, or leave it out')
})

t.test('a duration is never longer than a timer can wait', async (t) => {
  accepted(t, { kind: 'duration' }, ['24h'], 86_400_000)
  refused(t, { kind: 'duration' }, ['25h'], "'25h' is more than 24h, the most it may be")
})

t.test('a duration keeps its bounds, and is auto only where that means something', async (t) => {
  const bounded = { kind: 'duration', min: '10ms', max: '1m' } as const
  accepted(t, bounded, ['10ms'], 10)
  accepted(t, bounded, ['1m'], 60_000)
  refused(t, bounded, ['9ms'], "'9ms' is less than 10ms, the least it may be")
  refused(t, bounded, ['61s'], "'61s' is more than 1m, the most it may be")
  refused(t, bounded, ['auto'], "'auto' is not a duration: write 250ms, 5s, 2m or 1h")
  accepted(t, { ...bounded, auto: true }, ['auto'], 'auto')
  refused(t, { ...bounded, auto: true }, ['9ms'], "'9ms' is less than 10ms, the least it may be")
})

t.test('sizes mean what they mean in redis.conf', async (t) => {
  const size = { kind: 'size', min: '1kb', max: '1gb' } as const
  for (const [text, bytes] of [
    ['2000', 2000],
    ['64kb', 65_536],
    ['4MB', 4_194_304],
    ['1gb', 1_073_741_824]
  ] as const) {
    accepted(t, size, [text], bytes)
  }
  refused(
    t,
    size,
    ['64k'],
    "'64k' has an unknown unit: write kb, mb or gb, which are 1024-fold as in redis.conf"
  )
  refused(t, size, ['1.5mb'], "'1.5mb' is not a size: write 64kb, 4mb, 1gb or plain bytes")
  refused(t, size, ['1023'], "'1023' is less than 1kb, the least it may be")
  refused(t, size, ['2gb'], "'2gb' is more than 1gb, the most it may be")
  refused(t, size, ['9007199254740993'], "'9007199254740993' is too large")
})

t.test('a count is a whole number within its bounds', async (t) => {
  accepted(t, { kind: 'count' }, ['0'], 0)
  accepted(t, { kind: 'count', min: '1', max: '20' }, ['20'], 20)
  refused(t, { kind: 'count', min: '1' }, ['0'], "'0' is less than 1, the least it may be")
  for (const text of ['-1', '1.0', '1e3', '0x10', 'many'])
    refused(t, { kind: 'count' }, [text], `'${text}' is not a whole number`)
  refused(t, { kind: 'count' }, ['99999999999999999999'], "'99999999999999999999' is too large")
})

t.test('a flag is true or false in YAML and yes or no as in redis.conf', async (t) => {
  for (const text of ['true', 'yes']) accepted(t, { kind: 'flag' }, [text], true)
  for (const text of ['false', 'no']) accepted(t, { kind: 'flag' }, [text], false)
  refused(t, { kind: 'flag' }, ['1'], "'1' is neither true nor false")
})

t.test('a choice is one of its values, as they are spelt', async (t) => {
  const choice = { kind: 'choice', values: ['error', 'close'] } as const
  accepted(t, choice, ['close'], 'close')
  refused(t, choice, ['Close'], "'Close' is none of error, close")
})

t.test('texts and secrets are taken as they are, but not empty', async (t) => {
  accepted(t, { kind: 'string' }, [' a,b '], ' a,b ')
  accepted(t, { kind: 'secret' }, ['hunter2,'], 'hunter2,')
  refused(t, { kind: 'secret' }, [''], 'is empty: give it a value, or leave it out')
  refused(t, { kind: 'string' }, [], 'is empty: give it a value, or leave it out')
})

t.test('an address has a host and a port', async (t) => {
  const address = { kind: 'address' } as const
  accepted(t, address, ['127.0.0.1:6379'], { host: '127.0.0.1', port: 6379 })
  accepted(t, address, ['redis-0.redis.svc.cluster.local.:1'], {
    host: 'redis-0.redis.svc.cluster.local.',
    port: 1
  })
  accepted(t, address, ['[::1]:6379'], { host: '::1', port: 6379 })
  accepted(t, address, ['[fe80::1%eth0]:6379'], { host: 'fe80::1%eth0', port: 6379 })
  refused(t, address, ['localhost'], "'localhost' has no port: write host:port")
  refused(t, address, ['[::1]'], "'[::1]' has no port: write host:port")
  refused(t, address, ['::1'], "'::1' has no port: write [::1]:6379")
  refused(t, address, ['fe80::1:z:6379'], "'fe80::1:z:6379' has a port that is not within 1 and 65535")
  refused(
    t,
    address,
    ['[::1'],
    "'[::1' is not an address: write host:port, and IPv6 in brackets, such as [::1]:6379"
  )
  refused(
    t,
    address,
    ['[::1]6379'],
    "'[::1]6379' is not an address: write host:port, and IPv6 in brackets, such as [::1]:6379"
  )
  refused(t, address, ['redis://a:1'], "'redis://a:1' is a URL: write only host:port")
  for (const text of [':6379', '*:6379', '[]:1']) {
    refused(
      t,
      address,
      [text],
      `'${text}' has no host: 0.0.0.0 is every IPv4 address of this machine, [::] every one`
    )
  }
  for (const host of ['10.0.0.256', '10.0.0', 'a b', 'a..b', '[localhost]', 'x'.repeat(254)]) {
    const bare = host.replace(/[[\]]/g, '')
    refused(t, address, [`${host}:1`], `${quote(`${host}:1`)} has a host that is not one: ${quote(bare)}`)
  }
})

t.test('a port is a number in its range, and 0 only where any port will do', async (t) => {
  accepted(t, { kind: 'address', anyPort: true }, ['a:0'], { host: 'a', port: 0 })
  accepted(t, { kind: 'address' }, ['a:65535'], { host: 'a', port: 65_535 })
  for (const port of ['0', '65536', '', '-1', '6379x', '100000000000']) {
    refused(t, { kind: 'address' }, [`a:${port}`], `'a:${port}' has a port that is not within 1 and 65535`)
  }
  refused(
    t,
    { kind: 'address', anyPort: true },
    ['a:65536'],
    "'a:65536' has a port that is not within 0 and 65535"
  )
})

t.test('a list of addresses has at least one, and none twice', async (t) => {
  const addresses = { kind: 'addresses' } as const
  accepted(
    t,
    addresses,
    ['a:1', '[::1]:2'],
    [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 }
    ]
  )
  refused(t, addresses, [], 'names no address')
  refused(t, addresses, ['a:1', ''], 'has an empty item')
  refused(t, addresses, ['a:1', 'b:1', 'a:1'], "names 'a:1' twice")
  refused(t, addresses, ['a:1', 'b:0'], "'b:0' has a port that is not within 1 and 65535")
})

t.test('a map of addresses has one spelling of each announced address', async (t) => {
  const map = { kind: 'addressMap' } as const
  accepted(t, map, [], {})
  accepted(t, map, ['Redis-0:06379=127.0.0.1:7000', '[FE80::1]:1=[::1]:2'], {
    'redis-0:6379': { host: '127.0.0.1', port: 7000 },
    '[fe80::1]:1': { host: '::1', port: 2 }
  })
  refused(t, map, ['a:1'], "'a:1' is not a pair: write announced:port=reachable:port")
  refused(t, map, ['a:1=b:2=c:3'], "'a:1=b:2=c:3' is not a pair: write announced:port=reachable:port")
  refused(t, map, ['a:1=b'], "'b' has no port: write host:port")
  refused(t, map, ['a=b:1'], "'a' has no port: write host:port")
  refused(t, map, ['a:1=b:2', 'A:1=c:2'], "names 'a:1' twice")
})

t.test('names of commands are kept in lower case', async (t) => {
  accepted(t, { kind: 'names' }, ['DEBUG', 'config|set', 'ft.search'], ['debug', 'config|set', 'ft.search'])
  refused(t, { kind: 'names' }, ['debug sleep'], "'debug sleep' is not a command's name")
  refused(t, { kind: 'names' }, ['debug', 'Debug'], "names 'debug' twice")
})

t.test('an error shows a text on one line and not for ever', async (t) => {
  t.equal(quote('a\nb'), '"a\\nb"')
  t.equal(quote('x'.repeat(100)), `'${'x'.repeat(57)}...'`)
  t.equal(quote('x'.repeat(60)), `'${'x'.repeat(60)}'`)
})
