// One connection to one Sentinel, dialled once: who redials, asks and waits is the link's affair. ioredis lives here.
import { Redis } from 'ioredis'
import type { Reply } from './sentinel-replies.ts'
import type { Address } from './topology.ts'

export type DialTarget = {
  readonly address: Address
  readonly username?: string
  readonly password?: string
  readonly connectTimeoutMs: number
}

export type Greeting = {
  /** The Sentinel's own id; absent where the user may not ask for it. */
  readonly id?: string
  /** Why its events do not come over this connection; absent when they do. */
  readonly deaf?: string
}

/** Nothing is called after `lost`, nor after the connection's own `close`. */
export type ConnectionListener = {
  readonly opened: (greeting: Greeting) => void
  readonly published: (channel: string, text: string) => void
  readonly lost: (why: unknown) => void
}

export type Connection = {
  /** One write; replies in order. Never rejects: a lost connection is an error in each reply. */
  readonly run: (commands: readonly (readonly string[])[]) => Promise<readonly Reply[]>
  /** Resolves when the socket is gone; at once the second time. */
  readonly close: () => Promise<void>
}

export type Dial = (target: DialTarget, listener: ConnectionListener) => Connection

// How long a peer that does not answer our FIN keeps the socket.
const farewellMs = 50

/** Host names are looked up anew at every dial. */
export const dialSentinel: Dial = ({ address, username, password, connectTimeoutMs }, listener) => {
  const redis = new Redis({
    host: address.host,
    port: address.port,
    ...(password === undefined || password === '' ? {} : { password }),
    ...(username === undefined || username === '' ? {} : { username }),
    // RESP3, so that one connection subscribes and polls.
    protocol: 3,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: farewellMs,
    connectionName: 'holdfast',
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null
  })
  let isOver = false
  let why: unknown
  const ended = new Promise<void>((resolve) => {
    redis.once('end', () => {
      if (!isOver) listener.lost(why ?? new Error('the connection was closed'))
      isOver = true
      resolve()
    })
  })
  redis.on('error', (error: unknown) => {
    why ??= error
  })
  redis.on('pmessage', (_pattern, channel, text) => {
    if (!isOver) listener.published(channel, text)
  })
  redis.once('ready', () => {
    void greet(redis).then((greeting) => {
      if (!isOver && redis.status === 'ready') listener.opened(greeting)
    })
  })
  // Its failure is told by 'error' and 'end' too.
  redis.connect().catch(() => undefined)
  return {
    run: async (commands) => (await redis.pipeline(commands.map((words) => [...words])).exec()) ?? [],
    close: () => {
      isOver = true
      if (redis.status !== 'end') redis.disconnect()
      return ended
    }
  }
}

async function greet(redis: Redis): Promise<Greeting> {
  const [id, subscribed] = await Promise.allSettled([redis.call('SENTINEL', 'MYID'), redis.psubscribe('*')])
  const deaf = await deafness(redis, subscribed)
  return {
    ...(id.status === 'fulfilled' && typeof id.value === 'string' ? { id: id.value } : {}),
    ...(deaf === undefined ? {} : { deaf })
  }
}

async function deafness(
  redis: Redis,
  subscribed: PromiseSettledResult<unknown>
): Promise<string | undefined> {
  if (subscribed.status === 'rejected') return String(subscribed.reason)
  if (redis.mode !== 'subscriber') return undefined
  // RESP2 after all: a connection that has subscribed could not ask any more.
  await redis.punsubscribe('*').catch(() => undefined)
  return 'it does not speak RESP3'
}
