// Connections to Sentinels that a test opens, answers and loses by hand.
import type {
  Connection,
  ConnectionListener,
  Dial,
  DialTarget,
  Greeting
} from '../../../src/topology/sentinel-connection.ts'
import type { Reply } from '../../../src/topology/sentinel-replies.ts'
import { settled } from './manual-clock.ts'

type Question = {
  readonly commands: readonly (readonly string[])[]
  readonly answer: (replies: readonly Reply[]) => void
}

export class FakeConnection implements Connection {
  readonly target: DialTarget
  readonly questions: Question[] = []
  isClosed = false
  readonly #listener: ConnectionListener

  constructor(target: DialTarget, listener: ConnectionListener) {
    this.target = target
    this.#listener = listener
  }

  readonly run = (commands: readonly (readonly string[])[]): Promise<readonly Reply[]> =>
    new Promise((resolve) => {
      this.questions.push({ commands, answer: resolve })
    })

  readonly close = (): Promise<void> => {
    this.isClosed = true
    for (const { commands, answer } of this.questions.splice(0)) {
      answer(commands.map((): Reply => [new Error('Connection is closed.')]))
    }
    return Promise.resolve()
  }

  async open(greeting: Greeting = { id: `id-${this.target.address.host}` }): Promise<void> {
    this.#listener.opened(greeting)
    await settled()
  }

  async lose(why: unknown): Promise<void> {
    this.#listener.lost(why)
    await settled()
  }

  async publish(channel: string, text: string): Promise<void> {
    this.#listener.published(channel, text)
    await settled()
  }

  /** Answers the oldest question. */
  async answer(replies: readonly Reply[]): Promise<void> {
    this.questions.shift()?.answer(replies)
    await settled()
  }
}

export class FakeSentinels {
  readonly dialled: FakeConnection[] = []

  readonly dial: Dial = (target, listener) => {
    const connection = new FakeConnection(target, listener)
    this.dialled.push(connection)
    return connection
  }

  /** The latest connection to this host. */
  at(host: string): FakeConnection {
    const connection = this.dialled.findLast(({ target }) => target.address.host === host)
    if (connection === undefined) throw new Error(`${host} was not dialled`)
    return connection
  }
}

/** What a Sentinel without troubles answers to a look; `peers` as pairs of id and host. */
export function allWell(
  peers: readonly (readonly [id: string, host: string])[] = [],
  epoch = 1
): readonly Reply[] {
  const master = ['config-epoch', String(epoch), 'num-other-sentinels', '2', 'quorum', '2']
  const listed = peers.map(([id, host]) => ['runid', id, 'ip', host, 'port', '26379', 'flags', 'sentinel'])
  return [
    [null, ['10.0.0.1', '6379']],
    [null, master],
    [null, 'OK'],
    [null, []],
    [null, 'sentinel_tilt:0'],
    [null, listed]
  ]
}
