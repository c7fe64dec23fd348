// A lane to a Redis that misbehaves on demand, over a real loopback connection, and what a session is to it.
import type { Test } from 'tap'
import { Exchange, type LeftOver, type ReplyReceiver } from '../../../src/exchange.ts'
import { encode } from '../../../src/resp/decode.ts'
import { Turn } from '../../../src/turn.ts'
import { Dialer, serviceIdentity, type NodeAddress } from '../../../src/upstream/dialer.ts'
import type { HandshakeFailure, LaneIdentity, Role } from '../../../src/upstream/handshake.ts'
import type { Lane, LaneEnd } from '../../../src/upstream/lane.ts'
import { asMaster, type FakeConnection } from '../../harness/fake-redis.ts'
import { useFakeRedis } from '../../harness/with-rig.ts'

const REPLY_BUFFER_BYTES = 1024

export type Ended = { readonly end: LaneEnd; readonly failure: HandshakeFailure | undefined }

/** A session, as far as a lane knows one. */
export class Owner implements ReplyReceiver {
  text = ''
  left: { readonly exchanges: readonly Exchange[]; readonly why: LeftOver }[] = []
  #wanted: { readonly bytes: number; readonly resolve: () => void } | undefined

  relay = (_exchange: Exchange, bytes: Buffer): void => {
    this.text += bytes.toString('latin1')
    if (this.#wanted !== undefined && this.text.length >= this.#wanted.bytes) this.#wanted.resolve()
  }

  leftOver = (exchanges: readonly Exchange[], why: LeftOver): void => {
    this.left.push({ exchanges, why })
  }

  /** Resolves when so many bytes have come. */
  received(bytes: number): Promise<void> {
    if (this.text.length >= bytes) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wanted = { bytes, resolve }
    })
  }

  /** What the lane gave back, in its order. */
  get leftExchanges(): readonly Exchange[] {
    return this.left.flatMap(({ exchanges }) => exchanges)
  }
}

export class Dialled {
  readonly lane: Lane
  readonly opened: Promise<void>
  readonly ended: Promise<Ended>
  readonly refusals: string[] = []
  readonly errors: string[] = []

  constructor(
    address: NodeAddress,
    role: Role | undefined,
    identity: LaneIdentity,
    connectTimeoutMs: number
  ) {
    const dialer = new Dialer({
      service: undefined,
      connectTimeoutMs,
      replyBufferBytes: REPLY_BUFFER_BYTES,
      turn: new Turn(),
      onError: (reply) => this.errors.push(reply.toString())
    })
    let hasOpened: () => void = () => undefined
    let hasEnded: (ended: Ended) => void = () => undefined
    this.opened = new Promise((resolve) => {
      hasOpened = resolve
    })
    this.ended = new Promise((resolve) => {
      hasEnded = resolve
    })
    this.lane = dialer.dial(address, role, identity, {
      onOpen: () => {
        hasOpened()
      },
      onRefused: (_lane, reply) => this.refusals.push(reply.toString()),
      onEnd: (_lane, end, failure) => {
        hasEnded({ end, failure })
      }
    })
  }
}

export const nobody: LaneIdentity = serviceIdentity

export function dial(t: Test, port: number, role: Role | undefined = 'master', identity = nobody): Dialled {
  const dialled = new Dialled({ host: '127.0.0.1', port }, role, identity, 5000)
  t.teardown(() => {
    dialled.lane.cut()
  })
  return dialled
}

export async function open(t: Test): Promise<{ dialled: Dialled; lane: Lane; redis: FakeConnection }> {
  const fake = await useFakeRedis(t, asMaster)
  const dialled = dial(t, fake.port)
  const redis = await fake.connection()
  await dialled.opened
  return { dialled, lane: dialled.lane, redis }
}

export function exchangeOf(owner: ReplyReceiver, ...requests: readonly (readonly string[])[]): Exchange {
  const bytes = Buffer.concat(requests.map((words) => encode(...words)))
  const exchange = new Exchange(
    owner,
    { bytes, start: 0, end: bytes.length, parts: undefined, size: bytes.length },
    'once',
    0
  )
  exchange.count = requests.length
  return exchange
}
