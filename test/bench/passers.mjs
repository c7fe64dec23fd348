// Clients that come, do one of the things that leave something behind in a proxy, and go; some without a word.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const atOnce = 5
const pauseMs = 50
const replyDeadlineMs = 15_000

/** What is sent, and what the reply begins with. */
const visits = [
  ['PING\r\n', '+PONG'],
  ['MULTI\r\nINCR passed\r\nEXEC\r\n', '+OK'],
  ['WATCH passed\r\nGET passed\r\n', '+OK'],
  ['SUBSCRIBE news\r\n', '*3'],
  ['BLPOP nothing 0.05\r\n', '*-1'],
  ['HELLO 3\r\nCLIENT TRACKING ON\r\n', '%'],
  ['SELECT 3\r\nGET passed\r\n', '+OK'],
  ['EVAL "return 1" 0\r\n', ':1']
]

export class Passers {
  count = 0
  failures = 0
  lastFailure = ''
  #port
  #isOver = false
  #loops

  constructor(port) {
    this.#port = port
    this.#loops = Array.from({ length: atOnce }, (_, at) => this.#run(at))
  }

  async stop() {
    this.#isOver = true
    await Promise.all(this.#loops)
  }

  async #run(from) {
    for (let n = from; !this.#isOver; n += 1) {
      const [request, expected] = visits[n % visits.length]
      try {
        const reply = await visit(this.#port, request)
        if (!reply.startsWith(expected)) throw new Error(`${request.trim()} was answered ${reply.trim()}`)
        this.count += 1
      } catch (error) {
        this.failures += 1
        this.lastFailure = error.message
      }
      await sleep(pauseMs)
    }
  }
}

async function visit(port, request) {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    socket.write(request)
    const signal = AbortSignal.timeout(replyDeadlineMs)
    const [bytes] = await Promise.race([once(socket, 'data', { signal }), ended(socket)])
    return bytes.toString('latin1')
  } finally {
    // Half of them leave with a reset.
    if (Math.random() < 0.5) socket.resetAndDestroy()
    else socket.destroy()
  }
}

async function ended(socket) {
  await once(socket, 'close')
  throw new Error('the connection was lost')
}
