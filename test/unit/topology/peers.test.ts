import t from 'tap'
import { Peers } from '../../../src/topology/peers.ts'
import type { Peer } from '../../../src/topology/sentinel-replies.ts'
import { sameAddress, type Address } from '../../../src/topology/topology.ts'

const at = (host: string, port = 26379): Address => ({ host, port })
const peer = (id: string, host = `host-${id}`, down = false): Peer => ({ id, address: at(host), down })
const seed = (address: Address, id?: string): { address: Address; id: string | undefined } => ({
  address,
  id
})
const forgetAfterMs = 30_000

t.test('a seed that is named twice is one', async (t) => {
  t.strictSame(new Peers([at('a'), at('b'), at('a')], forgetAfterMs).seeds, [at('a'), at('b')])
})

t.test('a Sentinel that is listed is learnt, unless it is a seed by its id or by its address', async (t) => {
  const peers = new Peers([at('a'), at('b')], forgetAfterMs)
  peers.learn([{ id: 'A', peers: [peer('B', '10.0.0.2'), peer('C'), peer('D', 'b')] }], 0)
  t.strictSame(peers.learnt([seed(at('a'), 'A'), seed(at('b'), 'B')], sameAddress), [at('host-C')])
  t.strictSame(peers.learnt([seed(at('a')), seed(at('b'))], sameAddress), [at('10.0.0.2'), at('host-C')])
})

t.test('one that nobody lists is dropped after a while, and not before', async (t) => {
  const peers = new Peers([at('a')], forgetAfterMs)
  peers.learn([{ id: 'A', peers: [peer('C')] }], 0)
  peers.learn([{ id: 'A', peers: [] }], forgetAfterMs)
  t.equal(peers.learnt([], sameAddress).length, 1)
  peers.learn([{ id: 'A', peers: [] }], forgetAfterMs + 1)
  t.strictSame(peers.learnt([], sameAddress), [])
})

t.test('nobody is forgotten while nobody answers, nor by its own word alone', async (t) => {
  const peers = new Peers([at('a')], forgetAfterMs)
  peers.learn([{ id: 'A', peers: [peer('C')] }], 0)
  peers.learn([], 10 * forgetAfterMs)
  peers.learn([{ id: 'C', peers: [] }], 10 * forgetAfterMs)
  t.strictSame(peers.learnt([], sameAddress), [at('host-C')])
})

t.test('one that was dropped by the others goes, though it lists them still', async (t) => {
  const peers = new Peers([at('a')], forgetAfterMs)
  const listings = [
    { id: 'A', peers: [peer('B')] },
    { id: 'C', peers: [peer('B')] }
  ]
  peers.learn([{ id: 'A', peers: [peer('B'), peer('C')] }], 0)
  peers.learn(listings, forgetAfterMs + 1)
  t.strictSame(peers.learnt([], sameAddress), [at('host-B')])
})

t.test('one that moves is followed; of two opinions in one look the one where it is up holds', async (t) => {
  const peers = new Peers([at('a')], forgetAfterMs)
  peers.learn([{ id: 'A', peers: [peer('C', 'old')] }], 0)
  peers.learn([{ id: 'A', peers: [peer('C', 'new')] }], 1)
  t.strictSame(peers.learnt([], sameAddress), [at('new')])
  peers.learn(
    [
      { id: 'A', peers: [peer('C', 'new')] },
      { id: 'B', peers: [peer('C', 'old', true)] }
    ],
    2
  )
  t.strictSame(peers.learnt([], sameAddress), [at('new')])
  peers.learn(
    [
      { id: 'B', peers: [peer('C', 'old', true)] },
      { id: 'A', peers: [peer('C', 'new')] }
    ],
    3
  )
  t.strictSame(peers.learnt([], sameAddress), [at('new')])
})

t.test('there are at most 32 of them with the seeds, and those that are up come first', async (t) => {
  const seeds = [at('a'), at('b')]
  const peers = new Peers(seeds, forgetAfterMs)
  const dead = Array.from({ length: 40 }, (_, index) => peer(`dead-${index}`, `dead-${index}`, true))
  peers.learn([{ id: 'A', peers: [...dead, peer('up')] }], 0)
  const learnt = peers.learnt([], sameAddress)
  t.equal(learnt.length, 30)
  t.strictSame(learnt[0], at('host-up'))
})
