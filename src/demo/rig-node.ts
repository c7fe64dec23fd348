// One redis-server or Sentinel process of a rig: starts it, verifies that it is ours, and does to it what a test or
// the demo wants done. Knows neither its part in the rig nor the other nodes.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Reply } from '../resp/decode.ts'
import { ask, type Endpoint } from './ask.ts'
import { dieWithParent } from './orphan-guard.ts'
import type { RedisBinary } from './redis-binary.ts'

const startDeadlineMs = 10_000

type NodeSpec = Endpoint & {
  readonly binary: RedisBinary
  readonly args: readonly string[]
  readonly logFile: string
  /** Its working directory, emptied before every start: a replica leaves the file it was fed with there. */
  readonly folder: string
}

export class RigNode {
  readonly host: string
  readonly port: number
  readonly #spec: NodeSpec
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()

  constructor(spec: NodeSpec) {
    this.host = spec.host
    this.port = spec.port
    this.#spec = spec
  }

  /** host:port, as the proxy's settings want it. */
  get address(): string {
    return `${this.host}:${this.port}`
  }

  /** The process id, or 0 before the first start. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get alive(): boolean {
    const child = this.#child
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Resolves when the process answers and is the one started here. Rejects with its log if it ends before that. */
  async start(): Promise<void> {
    const { binary, args, folder } = this.#spec
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder)
    // Detached: Ctrl-C in a terminal goes to its whole process group, and the servers have to survive it until stop().
    const child = spawn(binary.path, args, {
      argv0: binary.argv0,
      cwd: folder,
      stdio: 'ignore',
      detached: true
    })
    dieWithParent(child)
    this.#child = child
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    await this.#verified()
  }

  /** The decoded reply on a connection of its own; rejects with Redis' error, and after 5 s of silence. */
  command(...args: string[]): Promise<Reply> {
    return ask(this.#spec, args)
  }

  /** Resolves when the process has ended. A frozen one ends by SIGKILL only. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.alive) this.#child?.kill(signal)
    await this.#exited
  }

  /** SIGSTOP: connections stay open, connects succeed, nothing answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Ends the process if it lives and starts it again on its port. A data node comes back empty, in its first role. */
  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }

  // Another server may have taken the port between its choice and the start, and would answer in place of ours.
  async #verified(): Promise<void> {
    const deadline = performance.now() + startDeadlineMs
    let last: unknown
    while (this.alive && performance.now() < deadline) {
      try {
        const info = await ask(this.#spec, ['INFO', 'server'], 1000)
        if (typeof info === 'string' && info.includes(`process_id:${this.pid}\r\n`)) return
        last = new Error('another server answers on its port')
      } catch (error) {
        last = error
      }
      await sleep(5)
    }
    const log = await readFile(this.#spec.logFile, 'utf8').catch(() => '')
    throw new Error(`the server on ${this.address} did not start: ${messageOf(last)}\n${log.slice(-2000)}`)
  }
}
