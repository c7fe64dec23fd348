// A Redis that does what a real one does not do on demand: half a reply, a close between two bytes, READONLY once,
// a reply nobody asked for, silence. The test says what it answers.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What to answer at once; undefined leaves the request to the script. */
export type Answer = (args: readonly string[], from: FakeConnection) => Buffer | string | undefined

export class FakeRedis {
  readonly port: number
  /** Every connection since the start, in the order of their coming. */
  readonly connections: FakeConnection[] = []
  readonly #server: Server
  readonly #queue = new Queue<FakeConnection>()

  private constructor(server: Server, answer: Answer) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => {
      const connection = new FakeConnection(socket, answer)
      this.connections.push(connection)
      this.#queue.push(connection)
    })
  }

  static listen(answer: Answer = () => undefined): Promise<FakeRedis> {
    const server = createServer({ noDelay: true })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => resolve(new FakeRedis(server, answer)))
    })
  }

  /** The next connection that no earlier call has handed out. */
  connection(): Promise<FakeConnection> {
    return this.#queue.next()
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.reset()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export class FakeConnection {
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #answer: Answer
  readonly #queue = new Queue<string[]>()
  #unread = ''

  constructor(socket: Socket, answer: Answer) {
    this.#socket = socket
    this.#answer = answer
    this.closed = new Promise((resolve) => {
      socket.on('close', () => resolve())
    })
    // A reset by the other side is one of the things under test; 'close' tells of it.
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => this.#take(bytes))
  }

  /** The next request that was not answered at once, as its arguments (one character for each byte). */
  request(): Promise<string[]> {
    return this.#queue.next()
  }

  /** Any bytes: a reply, a part of one, or nonsense. */
  send(bytes: Buffer | string): void {
    this.#socket.write(bytes)
  }

  /** Ends with a FIN behind what was sent. */
  end(): void {
    this.#socket.end()
  }

  /** Ends with a RST. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  #take(bytes: Buffer): void {
    this.#unread += bytes.toString('latin1')
    for (;;) {
      const taken = takeRequest(this.#unread)
      if (taken === undefined) return
      this.#unread = this.#unread.slice(taken.length)
      const answer = this.#answer(taken.args, this)
      if (answer === undefined) this.#queue.push(taken.args)
      else this.send(answer)
    }
  }
}

/** Answers as a master without replicas does to what a proxy asks before it trusts a node. */
export function asMaster(args: readonly string[]): string | undefined {
  const command = args[0]?.toUpperCase() ?? ''
  if (command === 'HELLO') return args[1] === '3' ? '%1\r\n+proto\r\n:3\r\n' : '*2\r\n+proto\r\n:2\r\n'
  return masterAnswers[command]
}

const masterAnswers: Readonly<Record<string, string>> = {
  PING: '+PONG\r\n',
  ROLE: '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n',
  AUTH: '+OK\r\n',
  SELECT: '+OK\r\n',
  CLIENT: '+OK\r\n',
  COMMAND: '*0\r\n'
}

/** One whole request at the start of the text, with the number of characters it takes. */
function takeRequest(text: string): { args: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text)
  if (head === null) return undefined
  const args: string[] = []
  let at = head[0].length
  while (args.length < Number(head[1])) {
    const bulk = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20))
    if (bulk === null) return undefined
    const begin = at + bulk[0].length
    const end = begin + Number(bulk[1])
    if (end + 2 > text.length) return undefined
    args.push(text.slice(begin, end))
    at = end + 2
  }
  return { args, length: at }
}

/** Values for whoever asks first, askers for whatever comes first. */
class Queue<T> {
  readonly #values: T[] = []
  readonly #askers: ((value: T) => void)[] = []

  push(value: T): void {
    const asker = this.#askers.shift()
    if (asker === undefined) this.#values.push(value)
    else asker(value)
  }

  next(): Promise<T> {
    const value = this.#values.shift()
    if (value !== undefined) return Promise.resolve(value)
    return new Promise((resolve) => this.#askers.push(resolve))
  }
}
