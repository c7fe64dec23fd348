// Runs one program against a plain Redis and through the proxy, step by step on both, and says where the bytes differ.
// What may differ is handed in with the step; nothing is allowed here.
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from './raw-client.ts'
import { bodyOf, sendCut, shown, within } from './wire-text.ts'

/** Makes what may differ the same; `request` are the bytes that were answered. */
export type Allowed = (reply: Buffer, request: Buffer) => Buffer

export type Request = {
  /** In bytes, or made of what this side has kept: client ids differ, and so do payloads. */
  readonly bytes: Buffer | ((kept: Kept) => Buffer)
  /** Replies and pushes that it causes on its own connection. */
  readonly replies: number
  readonly allowed?: Allowed
}

export type Step = { readonly label: string } & (
  | {
      readonly kind: 'send'
      readonly on: string
      readonly requests: readonly Request[]
      /** Where the bytes of all requests are cut into separate writes. */
      readonly cuts?: readonly number[]
    }
  | { readonly kind: 'receive'; readonly on: string; readonly replies: number; readonly allowed?: Allowed }
  /** Until so many clients are blocked at Redis itself. */
  | { readonly kind: 'blocked'; readonly count: number }
  /** Until Redis has ended the connection; how it ended is compared. */
  | { readonly kind: 'ended'; readonly on: string }
  /** The client ends the connection; `half` sends a FIN and goes on reading. */
  | { readonly kind: 'close'; readonly on: string; readonly half: boolean }
  | { readonly kind: 'sleep'; readonly ms: number }
  /** Remembers the body of the last reply of a connection. */
  | { readonly kind: 'keep'; readonly on: string; readonly as: string }
)

export type Program = {
  readonly steps: readonly Step[]
  readonly protocol: 2 | 3
  /** Every connection is asked for its CLIENT ID when it opens, kept as `name.id`. */
  readonly needsIds?: boolean
  /** false: other programs run at the same time, so nothing is emptied before it and nothing looked for behind it. */
  readonly isAlone?: boolean
}

export type Kept = ReadonlyMap<string, Buffer>

/** Where a program runs. */
export type Target = {
  readonly name: string
  readonly port: number
  /** Redis itself behind that port: emptied before each program, and asked how many clients are blocked. */
  readonly redisPort: number
  readonly replicas: number
  /** Of the default user, for what is asked besides the program. */
  readonly password?: string
  /** For a reply that does not come, where that is what the test is about. */
  readonly longestWaitMs?: number
}

/** For the replies of one step; long, because only what fails waits for it. */
const longestWaitMs = 10_000
const quietMs = 6
/** What follows from the first difference is seldom news. */
const mostDifferences = 10

/** '' when both sides answered every step with the same bytes, else what differs, as text. */
export async function difference(program: Program, plain: Target, proxied: Target): Promise<string> {
  const sides = await Promise.all([Side.open(plain, program), Side.open(proxied, program)])
  const differences: string[] = []
  try {
    for (const step of program.steps) {
      const [expected, found] = (await Promise.all(sides.map((side) => side.run(step)))) as [Outcome, Outcome]
      if (expected.missing)
        throw new Error(`${plain.name} does not answer as the program says\n${step.label}\n${expected.text}`)
      if (expected.text !== found.text)
        differences.push(`${step.label}\n  redis: ${expected.text}\n  proxy: ${found.text}`)
      if (found.missing || differences.length === mostDifferences) return differences.join('\n')
    }
    const [expected, found] = (await Promise.all(sides.map((side) => side.unread()))) as [string, string]
    if (expected !== '') throw new Error(`the program leaves replies of ${plain.name} unread: ${expected}`)
    if (found !== '') differences.push(`after the last step\n  redis: nothing\n  proxy: ${found}`)
    for (const side of sides) await side.leave()
    if (program.isAlone !== false && (await sides[1].isStillWaiting()))
      differences.push('all clients have left, and one is still blocked at Redis')
    return differences.join('\n')
  } finally {
    await Promise.all(sides.map((side) => side.close()))
  }
}

async function enter(port: number, password: string | undefined): Promise<RawClient> {
  const client = await RawClient.connect(port)
  if (password !== undefined) await client.command('AUTH', password)
  return client
}

type Outcome = { readonly text: string; readonly missing: boolean }

const unchanged: Allowed = (reply) => reply

const nothing: Outcome = { text: '', missing: false }

class Side {
  readonly #target: Target
  readonly #waitMs: number
  readonly #program: Program
  /** To Redis itself. */
  readonly #redis: RawClient
  /** To where the program runs, beside its own connections. */
  readonly #watcher: RawClient
  readonly #clients = new Map<string, RawClient>()
  readonly #kept = new Map<string, Buffer>()
  readonly #last = new Map<string, Buffer>()
  #speaker = ''

  private constructor(target: Target, program: Program, [redis, watcher]: readonly [RawClient, RawClient]) {
    this.#target = target
    this.#waitMs = target.longestWaitMs ?? longestWaitMs
    this.#program = program
    this.#redis = redis
    this.#watcher = watcher
  }

  static async open(target: Target, program: Program): Promise<Side> {
    const { password, port, redisPort } = target
    const side = new Side(target, program, [await enter(redisPort, password), await enter(port, password)])
    if (program.isAlone !== false) await side.#makeReady()
    return side
  }

  async run(step: Step): Promise<Outcome> {
    switch (step.kind) {
      case 'send':
        return this.#send(step)
      case 'receive':
        return this.#receive(step.on, [{ bytes: Buffer.alloc(0), ...step }])
      case 'blocked':
        return this.#blocked(step.count)
      case 'ended':
        return this.#ended(step.on)
      case 'close':
        await this.#close(step.on, step.half)
        return nothing
      case 'sleep':
        await sleep(step.ms)
        return nothing
      case 'keep':
        this.#kept.set(step.as, this.#last.get(step.on) ?? Buffer.alloc(0))
        return nothing
      default:
        return step satisfies never
    }
  }

  /** What has come on any connection and belongs to no step. */
  async unread(): Promise<string> {
    const rests = [...this.#clients].map(async ([name, client]) => {
      const rest = await client.bytesUntilQuiet(quietMs)
      return rest.length === 0 ? '' : `${name}: ${shown(rest)}`
    })
    return (await Promise.all(rests)).filter((rest) => rest !== '').join(', ')
  }

  /** Closes the connections of the program; resolves when the target knows it. */
  async leave(): Promise<void> {
    await this.#closeAll([...this.#clients.values()])
  }

  async isStillWaiting(): Promise<boolean> {
    return (await this.#blocked(0)).missing
  }

  async close(): Promise<void> {
    const all = [...this.#clients.values(), this.#redis, this.#watcher]
    await Promise.all(all.map((client) => client.close()))
  }

  async #send({ on, requests, cuts = [] }: Extract<Step, { kind: 'send' }>): Promise<Outcome> {
    const client = await this.#speakAs(on)
    const sent = requests.map((request) => ({
      ...request,
      bytes: Buffer.isBuffer(request.bytes) ? request.bytes : request.bytes(this.#kept)
    }))
    await sendCut(client, Buffer.concat(sent.map((request) => request.bytes)), cuts)
    return this.#receive(on, sent)
  }

  async #receive(
    on: string,
    requests: readonly { bytes: Buffer; replies: number; allowed?: Allowed }[]
  ): Promise<Outcome> {
    const client = await this.#speakAs(on)
    const texts: string[] = []
    const takeAll = async (): Promise<string> => {
      for (const { bytes, replies, allowed = unchanged } of requests) {
        for (let index = 0; index < replies; index += 1) {
          const reply = await client.reply()
          this.#last.set(on, bodyOf(reply))
          texts.push(shown(allowed(reply, bytes)))
        }
      }
      return ''
    }
    // One deadline for all of them: one for each would cost more than the replies.
    const ended = takeAll().catch(() => '(the connection ended)')
    const failure = await within(this.#waitMs, ended, '(nothing)')
    if (failure !== '') texts.push(failure)
    return { text: texts.join(' '), missing: failure !== '' }
  }

  // A replica may answer the next connection: it must have what the last one wrote.
  async #speakAs(name: string): Promise<RawClient> {
    if (name !== this.#speaker) await this.#replicated()
    this.#speaker = name
    return this.#clients.get(name) ?? this.#connect(name)
  }

  async #connect(name: string): Promise<RawClient> {
    const client = await RawClient.connect(this.#target.port)
    this.#clients.set(name, client)
    this.#kept.set(`${name}.addr`, Buffer.from(`127.0.0.1:${client.socket.localPort ?? 0}`))
    if (this.#program.protocol === 3) await client.command('HELLO', '3')
    if (this.#program.needsIds === true)
      this.#kept.set(`${name}.id`, bodyOf(await client.command('CLIENT', 'ID')))
    return client
  }

  async #replicated(): Promise<void> {
    const { replicas } = this.#target
    if (replicas === 0) return
    // WAIT speaks of what its own connection did, and a connection that did nothing waits for nothing.
    await this.#redis.command('PING')
    await this.#redis.command('WAIT', String(replicas), String(this.#waitMs))
  }

  async #makeReady(): Promise<void> {
    // A client that an earlier program has left blocked would take what this one writes.
    const list = String(await this.#redis.command('CLIENT', 'LIST'))
    for (const [, id] of list.matchAll(/\bid=(\d+) .*?flags=[A-Za-z]*b/g))
      await this.#redis.command('CLIENT', 'UNBLOCK', id ?? '')
    for (const request of ['FLUSHALL', 'SCRIPT FLUSH', 'FUNCTION FLUSH'])
      await this.#redis.command(...request.split(' '))
    await this.#replicated()
  }

  async #blocked(count: number): Promise<Outcome> {
    const deadline = performance.now() + this.#waitMs
    for (;;) {
      const info = String(await this.#redis.command('INFO', 'clients'))
      if (info.includes(`blocked_clients:${count}\r\n`)) return nothing
      if (performance.now() > deadline)
        return { text: /blocked_clients:\d+/.exec(info)?.[0] ?? '', missing: true }
      await sleep(1)
    }
  }

  async #ended(on: string): Promise<Outcome> {
    const client = await this.#speakAs(on)
    const how = await within(this.#waitMs, client.closed, 'open')
    return { text: how, missing: how === 'open' }
  }

  async #close(on: string, half: boolean): Promise<void> {
    const client = await this.#speakAs(on)
    if (half) client.socket.end()
    else await this.#closeAll([client])
  }

  async #closeAll(clients: readonly RawClient[]): Promise<void> {
    const addresses = clients.map(({ socket }) => ` addr=127.0.0.1:${socket.localPort ?? 0} `)
    await Promise.all(clients.map((client) => client.close()))
    const deadline = performance.now() + this.#waitMs
    for (;;) {
      const list = String(await this.#watcher.command('CLIENT', 'LIST'))
      if (!addresses.some((address) => list.includes(address))) return
      if (performance.now() > deadline)
        throw new Error(`${this.#target.name} still lists a client that has left`)
      await sleep(1)
    }
  }
}
