// The proxy as the demo runs it: a process of its own, seen from outside through its admin server only.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Status } from '../status.ts'
import { freePort } from './free-port.ts'
import { dieWithParent } from './orphan-guard.ts'

const program = fileURLToPath(new URL('../main.js', import.meta.url))
const answerWithinMs = 2000
const graceMs = 3000

type Watched = { readonly masterName: string; sentinelAddresses(): string[] }

export class ProxyChild {
  readonly port: number
  readonly adminPort: number
  readonly logFile: string
  /** Resolves with how the process ended: its exit code, or the name of the signal. */
  readonly exited: Promise<number | string>
  readonly #child: ChildProcess

  private constructor(
    child: ChildProcess,
    ports: readonly [port: number, adminPort: number],
    logFile: string
  ) {
    this.#child = child
    this.port = ports[0]
    this.adminPort = ports[1]
    this.logFile = logFile
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'))
    })
  }

  /** Resolves as soon as the process is started, with its log in `folder`. */
  static async start(rig: Watched, folder: string): Promise<ProxyChild> {
    const port = await freePort()
    const adminPort = await freePort()
    const logFile = join(folder, 'proxy.log')
    const log = openSync(logFile, 'a')
    const flags = [
      ...['--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${adminPort}`],
      ...['--sentinel', rig.sentinelAddresses().join(','), '--master', rig.masterName]
    ]
    // Detached, or a Ctrl-C in the terminal would end it before the demo has asked it for the score.
    const child = spawn(process.execPath, [program, 'serve', ...flags], {
      env: withoutSettings(),
      stdio: ['ignore', log, log],
      detached: true
    })
    closeSync(log)
    dieWithParent(child)
    return new ProxyChild(child, [port, adminPort], logFile)
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.adminPort}`
  }

  get alive(): boolean {
    const child = this.#child
    return child.pid !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Resolves when /readyz answers 200. Rejects when the process ends before that. */
  async ready(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.alive) throw new Error(`the proxy ended with ${await this.exited}`)
      const code = await this.#ask('/readyz').then(
        (answer) => answer.code,
        () => 0
      )
      if (code === 200) return
      await sleep(25)
    }
  }

  /** Rejects when nothing answers within 2 s. */
  async status(): Promise<Status> {
    return JSON.parse((await this.#ask('/status')).body) as Status
  }

  /** The value of each series of one metric, under what stands between its braces; none where nothing answers so. */
  async metric(name: string): Promise<Map<string, number>> {
    const { body } = await this.#ask('/metrics')
    const series = body.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)
    return new Map(
      [...series].flatMap(([, of, labels = '', value]) =>
        of === name ? [[labels, Number(value)] as const] : []
      )
    )
  }

  /** Resolves when the process has ended; after 3 s it is killed. */
  async stop(): Promise<void> {
    if (this.alive) this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    await this.exited
    clearTimeout(late)
  }

  /** The last lines of its log. */
  lastWords(lines: number): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  }

  async #ask(path: string): Promise<{ readonly code: number; readonly body: string }> {
    const answer = await open(`${this.adminUrl}${path}`)
    return { code: answer.statusCode ?? 0, body: await text(answer) }
  }
}

// Not with fetch, which refuses a list of ports that no browser may ask.
function open(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, signal: AbortSignal.timeout(answerWithinMs) }, resolve).on('error', reject)
  })
}

// A HOLDFAST_ variable of whoever watches the demo must not change what it shows.
function withoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_')))
}
