import fc from 'fast-check'
import t from 'tap'
import { Names, type Lookup } from '../../../src/topology/names.ts'
import type { NatMap } from '../../../src/topology/topology.ts'
import { ManualClock, settled } from './manual-clock.ts'

type Zone = Map<string, readonly string[]>

function useNames(zone: Zone, natMap: NatMap = {}): { names: Names; clock: ManualClock; asked: string[] } {
  const clock = new ManualClock()
  const asked: string[] = []
  const lookup: Lookup = async (host) => {
    asked.push(host)
    const addresses = zone.get(host)
    if (addresses === undefined) throw new Error(`getaddrinfo ENOTFOUND ${host}`)
    return addresses
  }
  return { names: new Names({ clock, natMap, lookup }), clock, asked }
}

const at = (host: string, port = 6379): { host: string; port: number } => ({ host, port })

t.test('a name and each of its addresses are one node once it is resolved', async (t) => {
  const { names } = useNames(new Map([['redis-0', ['10.0.0.1', '2001:db8::1']]]))
  t.notOk(names.sameNode(at('redis-0'), at('10.0.0.1')), 'nobody has been asked yet')
  await names.settle(['redis-0'], 100)
  t.ok(names.sameNode(at('redis-0'), at('10.0.0.1')))
  t.ok(names.sameNode(at('2001:DB8:0::1'), at('Redis-0')))
  t.notOk(names.sameNode(at('redis-0'), at('10.0.0.2')))
  t.notOk(names.sameNode(at('redis-0'), at('10.0.0.1', 6380)))
})

t.test('one address has one spelling', async (t) => {
  const { names, asked } = useNames(new Map())
  t.ok(names.sameNode(at('::1'), at('0:0:0:0:0:0:0:1')))
  t.ok(names.sameNode(at('::ffff:10.0.0.1'), at('10.0.0.1')))
  t.notOk(names.sameNode(at('::ffff:10.0.0.1'), at('10.0.0.2')))
  t.notOk(names.sameNode(at('::1'), at('127.0.0.1')))
  t.strictSame(asked, [], 'addresses are never looked up')
})

t.test('a comparison with a name that is not known yet has it looked up for the next one', async (t) => {
  const { names } = useNames(new Map([['redis-0', ['10.0.0.1']]]))
  t.notOk(names.sameNode(at('10.0.0.1'), at('redis-0')))
  await settled()
  t.ok(names.sameNode(at('10.0.0.1'), at('redis-0')))
})

t.test('a name that moves is followed within seconds, and is asked for no more often', async (t) => {
  const zone: Zone = new Map([['redis-0', ['10.0.0.1']]])
  const { names, clock, asked } = useNames(zone)
  await names.settle(['redis-0'], 100)
  zone.set('redis-0', ['10.0.0.9'])
  await clock.turn(4999)
  await names.settle(['redis-0'], 100)
  t.ok(names.sameNode(at('redis-0'), at('10.0.0.1')))
  t.equal(asked.length, 1)
  await clock.turn(1)
  await names.settle(['redis-0'], 100)
  await settled()
  t.ok(names.sameNode(at('redis-0'), at('10.0.0.9')))
  t.notOk(names.sameNode(at('redis-0'), at('10.0.0.1')))
})

t.test('a lookup that fails leaves the last answer, and is tried again after a second', async (t) => {
  const zone: Zone = new Map([['redis-0', ['10.0.0.1']]])
  const { names, clock, asked } = useNames(zone)
  await names.settle(['redis-0'], 100)
  zone.delete('redis-0')
  await clock.turn(5000)
  await names.settle(['redis-0'], 100)
  await settled()
  t.ok(names.sameNode(at('redis-0'), at('10.0.0.1')))
  t.equal(asked.length, 2)
  await clock.turn(1000)
  await names.settle(['redis-0'], 100)
  t.equal(asked.length, 3)
})

t.test('settle waits no longer than it is told, and only for names that were never tried', async (t) => {
  const clock = new ManualClock()
  let answer: (addresses: readonly string[]) => void = () => undefined
  const lookup: Lookup = () => new Promise((resolve) => (answer = resolve))
  const names = new Names({ clock, natMap: {}, lookup })
  let isSettled = false
  void names.settle(['slow'], 100).then(() => (isSettled = true))
  await clock.turn(99)
  t.notOk(isSettled)
  await clock.turn(1)
  t.ok(isSettled)
  answer(['10.0.0.1'])
  await settled()
  t.ok(names.sameNode(at('slow'), at('10.0.0.1')))
  await clock.turn(5000)
  await names.settle(['slow'], 100)
  t.equal(clock.waiting, 0, 'a refresh is not waited for')
})

t.test('announced addresses are compared by where they are reached', async (t) => {
  const { names } = useNames(new Map(), { '10.0.0.1:6379': at('192.0.2.1', 7000) })
  t.ok(names.sameNode(at('10.0.0.1'), at('192.0.2.1', 7000)))
  t.notOk(names.sameNode(at('10.0.0.1'), at('192.0.2.1')))
})

t.test('the number of names that are remembered is bounded', async (t) => {
  const { names, asked } = useNames(new Map())
  const hosts = Array.from({ length: 400 }, (_, index) => `host-${index}`)
  await names.settle(hosts, 100)
  await names.settle(hosts.slice(-100), 100)
  t.equal(asked.length, 400, 'the last ones are remembered')
  await names.settle(hosts.slice(0, 10), 100)
  t.equal(asked.length, 410, 'the first ones are not')
})

t.test('the system resolves names where no lookup is given', async (t) => {
  const names = new Names({ clock: new ManualClock(), natMap: {} })
  await names.settle(['localhost'], 100)
  t.ok(names.sameNode(at('localhost'), at('127.0.0.1')) || names.sameNode(at('localhost'), at('::1')))
})

t.test('sameness has no direction, and everything is the same as itself', async (t) => {
  const zone: Zone = new Map([
    ['a', ['10.0.0.1']],
    ['b', ['10.0.0.1', '10.0.0.2']],
    ['c', []]
  ])
  const { names } = useNames(zone)
  await names.settle(['a', 'b', 'c', 'd'], 100)
  const address = fc.record({
    host: fc.constantFrom('a', 'b', 'c', 'd', '10.0.0.1', '10.0.0.2'),
    port: fc.constantFrom(1, 2)
  })
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(
        address,
        address,
        (a, b) => names.sameNode(a, b) === names.sameNode(b, a) && names.sameNode(a, a)
      )
    )
  })
})
