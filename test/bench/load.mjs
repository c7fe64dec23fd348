// The harness' side of the load generator: starts it, asks for laps, ends it.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { Process } from './processes.mjs'

const program = fileURLToPath(new URL('load-generator.mjs', import.meta.url))

export class Load {
  #process

  constructor(process) {
    this.#process = process
  }

  /** `rate` GETs a second of a value of `size` bytes under `key`, spread over `clients` connections. */
  static async start(bench, spec) {
    const child = fork(program, [JSON.stringify(spec)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const load = new Load(bench.processes.keep(new Process('load generator', child)))
    await load.#message()
    // What the first requests wait for is the compiler, the proxy's and the generator's.
    await load.lap(700)
    return load
  }

  /**
   * The next `ms` milliseconds: { count, p50, p99, p999, max, late, unanswered, failure }, times in ms. `late` is the
   * p99 of the generator's own delay, which is part of every latency.
   */
  async lap(ms) {
    await sleep(ms)
    return this.now()
  }

  /** The lap so far; the next one begins here. */
  async now() {
    if (!this.#process.alive) throw new Error(this.#process.lastWords())
    const answer = this.#message()
    this.#process.child.send('lap')
    return answer
  }

  async stop() {
    await this.#process.stop('SIGKILL')
  }

  async #message() {
    const { child } = this.#process
    const ended = new AbortController()
    const onExit = () => ended.abort()
    child.once('exit', onExit)
    try {
      const [message] = await once(child, 'message', { signal: ended.signal })
      return message
    } catch {
      throw new Error(this.#process.lastWords())
    } finally {
      child.off('exit', onExit)
    }
  }
}
