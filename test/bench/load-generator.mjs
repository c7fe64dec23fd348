// A process that sends GETs at a fixed rate, whether the earlier ones have been answered or not, and measures each
// from the moment it was meant to be sent: a stall counts for every request that should have been sent during it.
import { connect } from 'node:net'
import { setPriority } from 'node:os'
import { createHistogram } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'

const { port, clients, rate, key, size } = JSON.parse(process.argv[2])
const request = Buffer.from(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`)
const replyLength = `$${size}\r\n`.length + size + 2
const dollar = 0x24

// Above this many a second they leave in bursts of a few, all meant for the moment of their tick.
const ticksPerSecond = Math.min(rate, 4000)
const intervalNs = 1e9 / ticksPerSecond

try {
  // In life the clients are on other machines. Here they should not wait for a core that the measured ones are using.
  setPriority(-15)
} catch {
  // Only root may. Then the generator is late more often, and says so.
}

let latencies = createHistogram()
let lateness = createHistogram()
let startNs = 0
let ticks = 0
let sent = 0
let failure

class Client {
  /** When each unanswered request was meant to be sent, in ns of the monotonic clock. */
  #intended = []
  #answered = 0
  #offset = 0

  constructor() {
    const onread = {
      buffer: Buffer.allocUnsafe(16_384),
      callback: (length, bytes) => this.#read(length, bytes)
    }
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    this.socket.on('error', (error) => fail(error.message))
    this.socket.on('close', () => fail('a connection was closed'))
  }

  send(intendedNs) {
    this.#intended.push(intendedNs)
    this.socket.write(request)
  }

  /** Those that wait now, in ns. */
  waiting(now) {
    return this.#intended.slice(this.#answered).map((intended) => now - intended)
  }

  #read(length, bytes) {
    const now = nowNs()
    let at = 0
    while (at < length) {
      if (this.#offset === 0 && bytes[at] !== dollar) fail(bytes.toString('latin1', at, at + 80))
      const take = Math.min(length - at, replyLength - this.#offset)
      at += take
      this.#offset += take
      if (this.#offset === replyLength) this.#finish(now)
    }
    return true
  }

  #finish(now) {
    this.#offset = 0
    record(latencies, now - this.#intended[this.#answered])
    this.#answered += 1
    if (this.#answered < 1024) return
    this.#intended.splice(0, this.#answered)
    this.#answered = 0
  }
}

const all = Array.from({ length: clients }, () => new Client())
await Promise.all(all.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))))
startNs = nowNs() + 5e6
const ticker = new Worker(new URL('ticker.mjs', import.meta.url), { workerData: { startNs, intervalNs } })
ticker.on('message', tick)
process.on('message', lap)
process.on('disconnect', () => process.exit())
process.send({ ready: true })

// A late tick sends what the missed ones should have sent, with their times.
function tick() {
  const now = nowNs()
  while (startNs + ticks * intervalNs <= now) {
    const intended = startNs + ticks * intervalNs
    ticks += 1
    for (const due = Math.floor((ticks * rate) / ticksPerSecond); sent < due; sent += 1) {
      all[sent % clients].send(intended)
      record(lateness, nowNs() - intended)
    }
  }
}

// What is unanswered at the end of a lap has waited for at least its age: left out, the worst would be missing.
function lap() {
  const now = nowNs()
  const waiting = all.flatMap((client) => client.waiting(now))
  for (const ns of waiting) record(latencies, ns)
  const ms = (histogram, percent) => histogram.percentile(percent) / 1e6
  process.send({
    count: latencies.count,
    ...{ p50: ms(latencies, 50), p99: ms(latencies, 99), p999: ms(latencies, 99.9) },
    ...{ max: latencies.max / 1e6, late: ms(lateness, 99), unanswered: waiting.length, failure }
  })
  latencies = createHistogram()
  lateness = createHistogram()
}

function record(histogram, ns) {
  histogram.record(Math.max(1, Math.round(ns)))
}

function nowNs() {
  return Number(process.hrtime.bigint())
}

function fail(why) {
  failure ??= why
}
