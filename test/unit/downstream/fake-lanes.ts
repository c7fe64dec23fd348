// Nodes that execute SET and GET, and lanes to them without a socket: each byte moves when the test says so. What a lane
// reads and what it hands back when it ends is done by the real thing.
import type { NodeChoice, SessionLane } from '../../../src/downstream/session-parts.ts'
import { ExchangeQueue, type Exchange, type ReplyReceiver } from '../../../src/exchange.ts'
import { RequestFramer } from '../../../src/resp/request-framer.ts'
import { LaneReplies } from '../../../src/upstream/lane-replies.ts'

/** A Redis that knows SET and GET, and whether it is master. */
export class FakeNode {
  isMaster: boolean
  isAlive = true
  readonly log: string[]
  readonly #values: Map<string, string>

  constructor(isMaster: boolean, log: readonly string[] = []) {
    this.isMaster = isMaster
    this.log = [...log]
    this.#values = new Map(log.map((id): [string, string] => [id.split(':')[0] ?? '', id]))
  }

  /** What a replica is sent of its master's history. */
  follow(master: FakeNode): void {
    this.log.splice(0, this.log.length, ...master.log)
    for (const id of master.log) this.#values.set(id.split(':')[0] ?? '', id)
  }

  execute([name, key, id]: readonly string[]): string {
    if (name === 'GET')
      return `$${(this.#values.get(key ?? '') ?? 'none').length}\r\n${this.#values.get(key ?? '') ?? 'none'}\r\n`
    if (!this.isMaster) return "-READONLY You can't write against a read only replica.\r\n"
    this.log.push(id ?? '')
    this.#values.set(key ?? '', id ?? '')
    return `+OK ${id ?? ''}\r\n`
  }
}

export class FakeLane implements SessionLane {
  readonly role: 'master' | 'replica'
  readonly node: FakeNode
  readonly #unsent = new ExchangeQueue()
  readonly #replies: LaneReplies
  readonly #onEnd: (lane: FakeLane) => void
  /** Requests that the node has been sent and not executed, and replies that have not been read. */
  #inbox: string[][] = []
  #outbox = ''
  isEnded = false
  #isWithholding = false
  /** Writes that came to a lane which leads to a replica. */
  wrongWrites = 0

  constructor(
    node: FakeNode,
    role: 'master' | 'replica',
    onRefused: () => void,
    onEnd: (lane: FakeLane) => void
  ) {
    this.node = node
    this.role = role
    this.#onEnd = onEnd
    this.#replies = new LaneReplies({
      replyBufferBytes: 64,
      onError: () => undefined,
      onRefused,
      onPush: undefined,
      writes: undefined
    })
  }

  get isUsable(): boolean {
    return !this.isEnded && !this.#replies.isRefusing
  }

  get isIdle(): boolean {
    return this.#unsent.length + this.#replies.unanswered.length + this.#replies.kept.length === 0
  }

  send(exchange: Exchange): void {
    exchange.state = 'unsent'
    this.#unsent.push(exchange)
  }

  /** Writes what is unsent, as a lane does at the end of a turn. */
  write(): void {
    if (!this.isUsable || this.#isWithholding) return
    for (let exchange = this.#unsent.shift(); exchange; exchange = this.#unsent.shift()) {
      exchange.state = 'unanswered'
      this.#replies.unanswered.push(exchange)
      this.#inbox.push(
        ...wordsOf(
          exchange.parts
            ? Buffer.concat(exchange.parts)
            : exchange.bytes.subarray(exchange.start, exchange.end)
        )
      )
    }
  }

  /** The node executes so many of the requests that it has been sent. */
  serve(count: number): void {
    if (!this.node.isAlive) return
    for (const words of this.#inbox.splice(0, count)) {
      if (this.role === 'replica' && words[0] === 'SET') this.wrongWrites++
      this.#outbox += this.node.execute(words)
    }
  }

  /** So many bytes of the replies arrive. */
  read(bytes: number): void {
    if (this.isEnded || this.#outbox === '') return
    const chunk = Buffer.from(this.#outbox.slice(0, bytes))
    this.#outbox = this.#outbox.slice(bytes)
    if (this.#replies.read(chunk) === 'fault') throw new Error('a fault')
    if (this.#replies.isRefusing && this.#replies.unanswered.length === 0) this.end()
  }

  withhold(): void {
    this.#isWithholding = true
    this.#replies.withhold()
  }

  release(): void {
    this.#isWithholding = false
    this.#replies.release()
  }

  /** The connection is lost; perhaps before the last byte had left. */
  end(isTailUnsent = false): void {
    if (this.isEnded) return
    this.isEnded = true
    const { last } = this.#replies.unanswered
    if (isTailUnsent && last !== undefined && this.#inbox.length > 0) {
      last.isTailUnsent = true
      this.#inbox.pop()
    }
    // What has arrived at the node is executed all the same.
    this.serve(this.#inbox.length)
    this.#onEnd(this)
    const owed = new Map<ReplyReceiver, Exchange[]>()
    for (const queue of [this.#replies.kept, this.#replies.unanswered, this.#unsent]) {
      for (let exchange = queue.shift(); exchange; exchange = queue.shift())
        owed.set(exchange.owner, [...(owed.get(exchange.owner) ?? []), exchange])
    }
    for (const [owner, exchanges] of owed) owner.leftOver(exchanges, { role: this.role, refusal: undefined })
  }
}

function wordsOf(bytes: Buffer): string[][] {
  const framer = new RequestFramer(1e9)
  framer.push(bytes)
  const requests: string[][] = []
  while (framer.next() === 'request')
    requests.push(
      Array.from(
        { length: framer.argumentCount },
        (_, index) => framer.argument(index)?.toString('latin1') ?? ''
      )
    )
  return requests
}

/** A node's lanes: one for each kind. */
export class FakeLanes implements NodeChoice {
  readonly node: FakeNode
  readonly role: 'master' | 'replica'
  readonly lanes: FakeLane[] = []
  readonly #open: () => FakeLane

  constructor(node: FakeNode, role: 'master' | 'replica', open: () => FakeLane) {
    this.node = node
    this.role = role
    this.#open = open
  }

  lane(): FakeLane {
    const usable = this.lanes.find((lane) => lane.isUsable)
    if (usable !== undefined) return usable
    const lane = this.#open()
    this.lanes.push(lane)
    return lane
  }
}
