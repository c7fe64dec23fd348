// A lane whose replies are withheld also sends nothing more: what is written behind the drain would not be part of the
// offset that proves the handover.
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { Exchange, type LeftOver } from '../../src/exchange.ts'
import { Turn } from '../../src/turn.ts'
import { Dialer, serviceIdentity } from '../../src/upstream/dialer.ts'
import type { Lane } from '../../src/upstream/lane.ts'
import { asMaster } from '../harness/fake-redis.ts'
import { requestOf } from '../harness/raw-client.ts'
import { useFakeRedis } from '../harness/with-rig.ts'

type Owner = { readonly replies: string[]; readonly leftOver: { state: string }[] }

type Scene = {
  readonly lane: Lane
  readonly owner: Owner
  /** What the server was asked, without the handshake. */
  readonly asked: string[]
  readonly send: (...words: string[]) => void
}

async function start(t: Test): Promise<Scene> {
  const asked: string[] = []
  const redis = await useFakeRedis(t, (args) => {
    if (args[0] !== 'INCR') return asMaster(args)
    asked.push(args.join(' '))
    return ':1\r\n'
  })
  const owner: Owner = { replies: [], leftOver: [] }
  const receiver = {
    relay: (_exchange: Exchange, bytes: Buffer) => owner.replies.push(String(bytes)),
    leftOver: (exchanges: readonly Exchange[], _why: LeftOver) => {
      owner.leftOver.push(...exchanges.map(({ state }) => ({ state })))
    }
  }
  const dialer = new Dialer({
    service: undefined,
    connectTimeoutMs: 1000,
    replyBufferBytes: 65_536,
    turn: new Turn()
  })
  const address = { host: '127.0.0.1', port: redis.port }
  const lane = dialer.dial(address, 'master', serviceIdentity, {
    onOpen: () => undefined,
    onRefused: () => undefined,
    onEnd: () => undefined
  })
  t.teardown(() => lane.cut())
  while (!lane.isOpen) await sleep(5)
  const send = (...words: string[]): void => {
    const bytes = requestOf(...words)
    const request = { bytes, start: 0, end: bytes.length, parts: undefined, size: bytes.length }
    lane.send(new Exchange(receiver, request, 'once', 0))
  }
  return { lane, owner, asked, send }
}

t.test('what a lane has taken and not written stays here, and leaves when it is released [F5]', async (t) => {
  const { lane, owner, asked, send } = await start(t)
  send('INCR', 'a')
  lane.withhold()
  send('INCR', 'b')
  await sleep(100)
  t.strictSame(asked, [])
  t.equal(lane.inFlight, 0, 'nothing is to be waited for')
  lane.release()
  while (owner.replies.length < 2) await sleep(5)
  t.strictSame(asked, ['INCR a', 'INCR b'])
})

t.test('when the lane is cut instead, it is known that they were never sent [F2]', async (t) => {
  const { lane, owner, asked, send } = await start(t)
  send('INCR', 'a')
  while (owner.replies.length === 0) await sleep(5)
  lane.withhold()
  send('INCR', 'b')
  await sleep(50)
  lane.cut()
  t.strictSame(owner.leftOver, [{ state: 'unsent' }])
  t.strictSame(owner.replies, [':1\r\n'])
  t.strictSame(asked, ['INCR a'])
})
