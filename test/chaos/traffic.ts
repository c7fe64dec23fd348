// Clients that keep a Redis address busy and write down all they send and get. Each writer owns its keys, so that every
// reply tells whose it is and which of the writes before it are in effect.
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Act, History } from '../harness/history.ts'
import { requestOf } from '../harness/raw-client.ts'
import { ReplyScanner } from '../harness/reply-scanner.ts'

export type What = Pick<Act, 'kind' | 'key' | 'value'>

/** What a client does in its turn `n`: one request, or several in one write. */
export type Role = (name: string, n: number) => readonly What[]

export const roles = {
  adder: (name, n) => [{ kind: 'add', key: `set:${name}`, value: `${name}:${n}` }],
  counter: (name, n) => [{ kind: 'count', key: `count:${name}`, value: String(n) }],
  swapper: (name, n) => [{ kind: 'swap', key: `swap:${name}`, value: `${name}:${n}` }],
  /** Its own read behind its own write: the read must see it. */
  believer: (name, n) => [
    { kind: n % 2 === 0 ? 'add' : 'member', key: `set:${name}`, value: `${name}:${n - (n % 2)}` }
  ],
  pusher: (name, n) =>
    Array.from({ length: 8 }, (_, i) => ({
      kind: 'push',
      key: `list:${name}`,
      value: `${name}:${n * 8 + i}`
    })),
  /** A transaction; it needs a connection of its own. */
  banker: (name) => [
    { kind: 'multi', key: '', value: '' },
    { kind: 'queue', key: '', value: `bank:${name}` },
    { kind: 'exec', key: `bank:${name}`, value: '' }
  ],
  /** Writes and reads in one pipeline. */
  mixer: (name, n) => [
    { kind: 'count', key: `count:${name}`, value: String(n) },
    { kind: 'own', key: `own:${name}`, value: name },
    { kind: 'add', key: `set:${name}`, value: `${name}:${n}` },
    { kind: 'echo', key: '', value: `${name}:${n}` }
  ],
  reader: (name, n) => [
    n % 2 === 0
      ? { kind: 'own', key: `own:${name}`, value: name }
      : { kind: 'echo', key: '', value: `${name}:${n}` }
  ]
} satisfies Record<string, Role>

export type TrafficOptions = {
  readonly port: number
  readonly history: History
  /** Pause between an answer and the next request, in milliseconds; 0: none. */
  readonly paceMs?: number
}

const reconnectMs = 20

export class Traffic {
  readonly #options: TrafficOptions
  readonly #clients: TrafficClient[] = []
  #loops: Promise<void>[] = []
  #isStopping = false

  constructor(options: TrafficOptions) {
    this.#options = options
  }

  /** Starts a client for each role; resolves when all are connected and have written the key they own. */
  async start(
    clients: Readonly<Record<string, Role>>,
    { paceMs = this.#options.paceMs ?? 2 } = {}
  ): Promise<void> {
    const { port, history } = this.#options
    const started = Object.entries(clients).map(async ([name, role]) => {
      const client = new TrafficClient(name, port, history)
      this.#clients.push(client)
      await client.send([{ kind: 'put', key: `own:${name}`, value: name }])
      this.#loops.push(this.#loop(client, role, paceMs))
    })
    await Promise.all(started)
  }

  /** Lets every client finish the request it waits for; what is unanswered after `graceMs` stays so in the record. */
  async stop(graceMs = 30_000): Promise<void> {
    this.#isStopping = true
    const cancel = new AbortController()
    const grace = sleep(graceMs, undefined, { signal: cancel.signal }).catch(() => undefined)
    await Promise.race([Promise.all(this.#loops), grace])
    cancel.abort()
    for (const client of this.#clients) client.close()
    await Promise.all(this.#loops)
  }

  async #loop(client: TrafficClient, role: Role, paceMs: number): Promise<void> {
    for (let n = 0; !this.#isStopping; n += 1) {
      await client.send(role(client.name, n))
      if (paceMs > 0) await sleep(paceMs * (0.5 + Math.random()))
    }
  }
}

/** One client with one connection, which is made again when it is lost. */
class TrafficClient {
  readonly name: string
  readonly #port: number
  readonly #history: History
  #socket: Socket | undefined
  #connections = 0
  #awaited: Act[] = []
  #onAnswered: () => void = () => undefined
  #isClosed = false

  constructor(name: string, port: number, history: History) {
    this.name = name
    this.#port = port
    this.#history = history
  }

  /** Resolves when each has its reply, or when the connection is lost. */
  async send(whats: readonly What[]): Promise<void> {
    const socket = await this.#connected()
    if (socket === undefined) return
    this.#awaited = whats.map((what) => this.#history.sent(this.name, this.#connections, what))
    const answered = new Promise<void>((resolve) => (this.#onAnswered = resolve))
    socket.write(Buffer.concat(whats.map((what) => requestFor(what))))
    await answered
  }

  close(): void {
    this.#isClosed = true
    this.#socket?.destroy()
  }

  async #connected(): Promise<Socket | undefined> {
    while (!this.#isClosed) {
      if (this.#socket !== undefined) return this.#socket
      if (this.#connections > 0) await sleep(reconnectMs)
      await this.#connect()
    }
    return undefined
  }

  async #connect(): Promise<void> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    const scanner = new ReplyScanner()
    let how = 'fin'
    socket.on('error', (error: NodeJS.ErrnoException) => (how = error.code ?? error.message))
    socket.on('data', (bytes) => {
      for (const reply of scanner.push(bytes)) this.#take(reply.toString())
    })
    await new Promise<void>((resolve) => {
      socket.on('connect', () => {
        this.#socket = socket
        resolve()
      })
      socket.on('close', () => {
        if (!this.#isClosed) this.#history.disconnected(this.name, how)
        this.#socket = undefined
        this.#awaited = []
        this.#onAnswered()
        resolve()
      })
    })
    this.#connections += 1
  }

  #take(reply: string): void {
    const act = this.#awaited.shift()
    if (act === undefined) this.#history.unaskedReply(this.name, reply)
    else this.#history.replied(act, reply)
    if (this.#awaited.length === 0) this.#onAnswered()
  }
}

function requestFor({ kind, key, value }: What): Buffer {
  switch (kind) {
    case 'add':
      return requestOf('SADD', key, value)
    case 'count':
      return requestOf('INCR', key)
    case 'swap':
      return requestOf('SET', key, value, 'GET')
    case 'push':
      return requestOf('RPUSH', key, value)
    case 'multi':
      return requestOf('MULTI')
    case 'queue':
      return requestOf('INCR', value)
    case 'exec':
      return requestOf('EXEC')
    case 'put':
      return requestOf('SET', key, value)
    case 'own':
      return requestOf('GET', key)
    case 'echo':
      return requestOf('ECHO', value)
    case 'member':
      return requestOf('SISMEMBER', key, value)
  }
}
