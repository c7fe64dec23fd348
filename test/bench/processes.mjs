// Child processes of the benchmark: each writes to a file of its own, and none outlives the benchmark.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const stopDeadlineMs = 5000

export class Processes {
  #folder
  #dieWithParent
  #running = new Set()
  #started = 0

  constructor(folder, dieWithParent) {
    this.#folder = folder
    this.#dieWithParent = dieWithParent
  }

  start(name, command, args) {
    this.#started += 1
    const logFile = join(this.#folder, `${this.#started}-${name.replaceAll(/[^\w.]/g, '_')}.log`)
    const log = openSync(logFile, 'a')
    const child = spawn(command, args, { stdio: ['ignore', log, log], env: environment() })
    closeSync(log)
    return this.keep(new Process(name, child, logFile))
  }

  /** A process that was started elsewhere ends with the others. */
  keep(process) {
    this.#dieWithParent(process.child)
    this.#running.add(process)
    process.child.once('exit', () => this.#running.delete(process))
    return process
  }

  async stopAll() {
    await Promise.all([...this.#running].map((process) => process.stop()))
  }
}

export class Process {
  constructor(name, child, logFile) {
    this.name = name
    this.child = child
    this.logFile = logFile
    child.once('error', (error) => (this.failure = error.message))
  }

  get pid() {
    return this.child.pid ?? 0
  }

  get alive() {
    return this.pid !== 0 && this.child.exitCode === null && this.child.signalCode === null
  }

  /** How it ended and the last it wrote. */
  lastWords() {
    const how = this.failure ?? this.child.signalCode ?? `exit code ${this.child.exitCode}`
    const log = this.logFile === undefined ? '' : readFileSync(this.logFile, 'utf8')
    return `${this.name}: ${how}\n${log.slice(-1500).trim()}`
  }

  async stop(signal = 'SIGTERM') {
    if (!this.alive) return
    const exited = once(this.child, 'exit')
    this.child.kill(signal)
    const deadline = setTimeout(() => this.child.kill('SIGKILL'), stopDeadlineMs)
    await exited
    clearTimeout(deadline)
  }
}

// A HOLDFAST_ variable of whoever runs the benchmark must not change what is measured.
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_')))
}
