// Ten writers and five readers, each with one connection and one request at a time, as an application has them; and
// the count of what they were told and what is there afterwards.
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const writerCount = 10
const readerCount = 5
const reconnectMs = 50
const readyDeadlineMs = 15_000
const lastRepliesMs = 20_000

export class Writers {
  #port
  #pauseMs
  #clients = []
  #acknowledged = new Map()
  #counted = new Map()
  #doubtful = new Map()
  #errors = 0
  #disconnects = 0
  #lastMs = Infinity
  #gapMs = 0
  #isOver = false

  /** Each waits `pauseMs` between a reply and its next request. */
  constructor(port, { pauseMs = 1 } = {}) {
    this.#port = port
    this.#pauseMs = pauseMs
  }

  /** Resolves when all of them have had a reply. */
  async start() {
    const deadline = performance.now() + readyDeadlineMs
    while (!(await this.#answers())) {
      if (performance.now() > deadline) throw new Error('the proxy does not serve')
      await sleep(50)
    }
    for (let at = 0; at < writerCount + readerCount; at += 1) this.#clients.push(this.#run(at))
  }

  /** From here on the gaps and the errors count. */
  mark() {
    this.#gapMs = 0
    this.#errors = 0
    this.#disconnects = 0
  }

  /** Ends them and asks the master, which `findMaster` gives, what it has. */
  async stop(findMaster) {
    this.#gapMs = Math.max(this.#gapMs, performance.now() - this.#lastMs)
    this.#isOver = true
    await Promise.race([Promise.all(this.#clients), sleep(lastRepliesMs, undefined, { ref: false })])
    const master = await findMaster()
    let lost = 0
    let twice = 0
    for (const [key, values] of this.#acknowledged) {
      const members = new Set(await master.command('SMEMBERS', key))
      for (const value of values) if (!members.has(value)) lost += 1
    }
    for (const [key, count] of this.#counted) {
      const total = Number((await master.command('GET', key)) ?? 0)
      lost += Math.max(0, count - total)
      twice += Math.max(0, total - count - (this.#doubtful.get(key) ?? 0))
    }
    const acknowledged = [...this.#acknowledged.values()].reduce((sum, { length }) => sum + length, 0)
    const counted = [...this.#counted.values()].reduce((sum, count) => sum + count, 0)
    const gapMs = Math.round(this.#gapMs)
    return { acknowledged: acknowledged + counted, lost, twice, ...this.#trouble(), gapMs }
  }

  #trouble() {
    return { errors: this.#errors, disconnects: this.#disconnects }
  }

  async #answers() {
    const client = new Client(this.#port)
    const reply = await client.ask('SET', 'ready', 'yes').catch(() => '')
    client.close()
    return reply.startsWith('+OK')
  }

  async #run(at) {
    let client
    for (let n = 0; !this.#isOver; n += 1) {
      client ??= new Client(this.#port)
      try {
        if (at >= writerCount) await client.ask('GET', 'ready')
        else if (at % 2 === 0) await this.#add(client, `set:${at}`, `${at}:${n}`)
        else await this.#count(client, `count:${at}`)
        await sleep(this.#pauseMs)
      } catch {
        client = undefined
        if (this.#isOver) return
        this.#disconnects += 1
        await sleep(reconnectMs)
      }
    }
    client?.close()
  }

  async #add(client, key, value) {
    const reply = await client.ask('SADD', key, value)
    if (!this.#isAcknowledged(reply)) return
    const values = this.#acknowledged.get(key)
    if (values === undefined) this.#acknowledged.set(key, [value])
    else values.push(value)
  }

  async #count(client, key) {
    this.#raise(this.#doubtful, key, 1)
    const reply = await client.ask('INCR', key)
    if (!this.#isAcknowledged(reply)) return
    this.#raise(this.#doubtful, key, -1)
    this.#raise(this.#counted, key, 1)
  }

  #raise(counts, key, by) {
    counts.set(key, (counts.get(key) ?? 0) + by)
  }

  #isAcknowledged(reply) {
    if (!reply.startsWith(':')) {
      this.#errors += 1
      return false
    }
    const nowMs = performance.now()
    if (nowMs - this.#lastMs > this.#gapMs) this.#gapMs = nowMs - this.#lastMs
    this.#lastMs = nowMs
    return true
  }
}

/** One connection, one request at a time; every reply asked for here fits in one piece. */
class Client {
  #socket
  #answer
  #fail
  #ended = false

  constructor(port) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (bytes) => this.#answer?.(bytes.toString('latin1')))
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => {
      this.#ended = true
      this.#fail?.(new Error('the connection was lost'))
    })
  }

  ask(...args) {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new Error('the connection was lost'))
      this.#answer = resolve
      this.#fail = reject
      const parts = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`)
      this.#socket.write(`*${args.length}\r\n${parts.join('')}`)
    })
  }

  close() {
    this.#socket.destroy()
  }
}
