// What is measured: Redis itself, and every proxy in front of it. A target that has ended is started again, and that
// is put on record.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installedPeers } from './peers.mjs'

const readyDeadlineMs = 15_000

export class Target {
  #bench
  #launch
  #process
  #isFirst = true

  /** `launch` gives [command, args]; without one it is Redis itself. `version` is for the page. */
  constructor(bench, { name, port, version = '', launch }) {
    this.#bench = bench
    this.#launch = launch
    this.name = name
    this.port = port
    this.version = version
  }

  get isProxy() {
    return this.#launch !== undefined
  }

  get isHoldfast() {
    return this.name.startsWith('holdfast')
  }

  /** 0 for Redis itself. */
  get pid() {
    return this.#process?.pid ?? 0
  }

  /** Resolves when a read through it is answered. */
  async ensure() {
    if (!this.isProxy || this.#process?.alive) return
    if (!this.#isFirst) this.#bench.complain(`ended by itself: ${this.#process.lastWords()}`)
    this.#isFirst = false
    const [command, args] = this.#launch
    this.#process = this.#bench.processes.start(this.name, command, args)
    await this.#answering()
  }

  async stop() {
    this.#isFirst = true
    await this.#process?.stop()
  }

  async #answering() {
    const endpoint = { host: '127.0.0.1', port: this.port, password: '' }
    const deadline = performance.now() + readyDeadlineMs
    let last = ''
    while (this.#process.alive && performance.now() < deadline) {
      try {
        await this.#bench.built.ask(endpoint, ['GET', 'ready'], 1000)
        return
      } catch (error) {
        last = error.message
      }
      await sleep(30)
    }
    throw new Error(`${this.name} does not answer: ${last}\n${this.#process.lastWords()}`)
  }
}

/** Every target of the run, none started yet; only those of --targets where it is given. */
export async function allTargets(bench) {
  const { options, rig } = bench
  const chosen = ({ name }) =>
    options.targets.length === 0 || options.targets.some((wanted) => name.startsWith(wanted))
  const peers = installedPeers().filter(chosen)
  const targets = [new Target(bench, { name: 'direct', port: rig.nodes[0].port })]
  for (const peer of peers) targets.push(await peerTarget(bench, peer))
  for (const variant of variants(bench)) targets.push(await holdfastTarget(bench, variant))
  return targets.filter(chosen)
}

async function peerTarget(bench, { name, path, launch }) {
  const [port, sparePort] = [await bench.built.freePort(), await bench.built.freePort()]
  const place = { folder: bench.folder, port, sparePort, master: bench.rig.nodes[0] }
  const { stdout, stderr } = spawnSync(path, name === 'haproxy' ? ['-v'] : ['-V'], { encoding: 'utf8' })
  const [version = ''] = /\d+\.\d+[\w.+-]*/.exec(stdout + stderr) ?? []
  return new Target(bench, { name, port, version, launch: launch(place) })
}

/** The builds and Nodes of Holdfast this run is about, as { name, node, dist }. */
export function variants({ options, dist, otherDist }) {
  const here = { name: 'holdfast', node: process.execPath, dist }
  return [
    here,
    ...(otherDist === undefined ? [] : [{ ...here, name: `holdfast@${options.against}`, dist: otherDist }]),
    ...(options.node === ''
      ? []
      : [{ ...here, name: `holdfast on ${versionOf(options.node)}`, node: options.node }])
  ]
}

/** `flags` are the proxy's, `profiling` are Node's. */
export async function holdfastTarget(bench, variant, options = {}) {
  const { consistency = 'master', flags = [], profiling = [] } = options
  const { name, node, dist } = variant
  const [port, adminPort] = [await bench.built.freePort(), await bench.built.freePort()]
  const { rig } = bench
  const args = [
    ...[
      ...profiling,
      join(dist, 'main.js'),
      '--listen',
      `127.0.0.1:${port}`,
      '--admin',
      `127.0.0.1:${adminPort}`
    ],
    ...['--sentinel', rig.sentinelAddresses().join(','), '--master', rig.masterName],
    ...['--reads.consistency', consistency, '--log.level', 'info', ...flags]
  ]
  return new Target(bench, { name, port, version: `Node ${versionOf(node)}`, launch: [node, args] })
}

function versionOf(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (typeof stdout !== 'string') throw new Error(`${node} does not run`)
  return stdout.trim()
}
