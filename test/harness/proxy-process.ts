// The built proxy as a process of its own, as an operator runs it.
import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../src/demo/free-port.ts'
import { dieWithParent } from '../../src/demo/orphan-guard.ts'

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const readyDeadlineMs = 15_000

type Watched = { readonly masterName: string; sentinelAddresses(): string[] }

export type ProxyOptions = {
  readonly rig: Watched
  /** Further flags; they come last, so they win. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** false: resolve as soon as the process is started. */
  readonly waitReady?: boolean
}

export class ProxyProcess {
  readonly port: number
  readonly adminPort: number
  /** The exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>
  readonly #child: ChildProcess
  #stderr = ''
  #stdout = ''

  constructor(child: ChildProcess, port: number, adminPort: number) {
    this.#child = child
    this.port = port
    this.adminPort = adminPort
    child.stderr?.on('data', (bytes: Buffer) => (this.#stderr += bytes.toString()))
    child.stdout?.on('data', (bytes: Buffer) => (this.#stdout += bytes.toString()))
    // 'close', not 'exit': by then the last line of standard error has been read.
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve(code ?? signal ?? 'unknown')
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get stderr(): string {
    return this.#stderr
  }

  get stdout(): string {
    return this.#stdout
  }

  /** Any path of the admin server. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.adminPort}${path}`, init)
  }

  async status(): Promise<Record<string, unknown>> {
    const response = await this.fetch('/status')
    return (await response.json()) as Record<string, unknown>
  }

  async metrics(): Promise<string> {
    const response = await this.fetch('/metrics')
    return response.text()
  }

  /** The sum of a metric's samples whose labels include `labels`, 0 when there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    const samples = (await this.metrics())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((label) => line.includes(label)))
    return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  /** Resolves when so many replicas serve reads, which they do a moment after the proxy is ready. */
  async replicasServe(count: number): Promise<void> {
    const deadline = performance.now() + readyDeadlineMs
    while (performance.now() < deadline) {
      const { replicas } = (await this.status()) as { replicas: { eligible: boolean }[] }
      if (replicas.filter(({ eligible }) => eligible).length >= count) return
      await sleep(20)
    }
    throw new Error(`no ${count} replicas serve reads:\n${this.#stderr}`)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Ends the process and resolves with its exit code; after 20 s it is killed and the answer is SIGKILL. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    if (this.alive) this.#child.kill(signal)
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    const how = await this.exited
    clearTimeout(deadline)
    return how
  }

  /** Resolves when /readyz says 200. Rejects with what the process wrote when it ends first, and after 15 s. */
  async ready(): Promise<void> {
    const deadline = performance.now() + readyDeadlineMs
    while (this.alive && performance.now() < deadline) {
      const response = await this.fetch('/readyz').catch(() => undefined)
      await response?.arrayBuffer()
      if (response?.status === 200) return
      await sleep(20)
    }
    throw new Error(`the proxy is not ready:\n${this.#stderr}${this.#stdout}`)
  }
}

/** Starts dist/main.js on free ports in front of the rig. */
export async function startProxy(options: ProxyOptions): Promise<ProxyProcess> {
  const port = await freePort()
  const adminPort = await freePort()
  const { rig, args = [], env = {}, waitReady = true } = options
  const flags = [
    ...['--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${adminPort}`],
    ...['--sentinel', rig.sentinelAddresses().join(','), '--master', rig.masterName, ...args]
  ]
  const proxy = new ProxyProcess(runProxy(flags, env), port, adminPort)
  if (!waitReady) return proxy
  try {
    await proxy.ready()
  } catch (error) {
    await proxy.stop('SIGKILL')
    throw error
  }
  return proxy
}

/** Starts dist/main.js with these arguments and no others, standard output and error as pipes. */
export function runProxy(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  // The test runner loads its own modules into every Node process it sees started; env takes them out again.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, program, ...args], {
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  dieWithParent(child)
  return child
}

// A HOLDFAST_ variable of whoever runs the tests must not change what they test.
function inherited(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_')))
}
