// A complete Redis of its own, for the demo and the tests: one master, replicas and Sentinels as child processes on
// free ports in a temporary folder. Knows no proxy.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Reply } from '../resp/decode.ts'
import { freePort } from './free-port.ts'
import { installRedisServer, type RedisBinary } from './redis-binary.ts'
import { RigNode } from './rig-node.ts'
import { sentinelConfig } from './sentinel-config.ts'

export type RigOptions = {
  readonly replicas?: number
  readonly sentinels?: number
  readonly quorum?: number
  readonly downAfterMs?: number
  readonly failoverTimeoutMs?: number
  readonly masterName?: string
  /** Of the data nodes; empty means none. */
  readonly password?: string
  /** Of the Sentinels; empty means none. */
  readonly sentinelPassword?: string
  /** Further arguments of every data node. */
  readonly redisArgs?: readonly string[]
  /** Further lines in every Sentinel's settings file. */
  readonly sentinelLines?: readonly string[]
  readonly host?: string
  /** The Sentinels tell names instead of addresses; `host` has to be a name, such as localhost. */
  readonly announceHostnames?: boolean
}

const defaults: Required<RigOptions> = {
  replicas: 2,
  sentinels: 3,
  quorum: 2,
  downAfterMs: 1000,
  failoverTimeoutMs: 5000,
  masterName: 'mymaster',
  password: '',
  sentinelPassword: '',
  redisArgs: [],
  sentinelLines: [],
  host: '127.0.0.1',
  announceHostnames: false
}

// No file is written, so a restarted node is empty; and a replica is fed at once, not after 5 s of gathering others.
const quick = [
  '--save',
  '',
  '--appendonly',
  'no',
  '--protected-mode',
  'no',
  '--repl-diskless-sync-delay',
  '0'
]

const readyDeadlineMs = 20_000
const portAttempts = 3

/**
 * Resolves when every replica is connected and every Sentinel sees every node and a quorum. Rejects with the log of
 * a server that does not start, and with USAGE where there is no Redis and none can be installed.
 */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const binary = installRedisServer()
  const settings = { ...defaults, ...options }
  for (let attempt = 1; ; attempt += 1) {
    const rig = await prepare(settings, binary)
    try {
      await rig.start()
      return rig
    } catch (error) {
      await rig.stop()
      if (attempt === portAttempts || !/address already in use/i.test(messageOf(error))) throw error
    }
  }
}

async function prepare(options: Required<RigOptions>, binary: RedisBinary): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-rig-'))
  const node = async (password: string, argsOf: (port: number) => readonly string[]): Promise<RigNode> => {
    const { host } = options
    const port = await freePort(host)
    const logFile = join(folder, `${port}.log`)
    const args = [...argsOf(port), '--logfile', logFile]
    return new RigNode({ host, port, password, binary, args, logFile, folder: join(folder, String(port)) })
  }
  const nodes: RigNode[] = []
  for (let index = 0; index <= options.replicas; index += 1) {
    nodes.push(await node(options.password, (port) => dataArgs(options, port, nodes[0])))
  }
  const sentinels: RigNode[] = []
  for (let index = 0; index < options.sentinels; index += 1) {
    sentinels.push(await node(options.sentinelPassword, (port) => [configFile(folder, port), '--sentinel']))
  }
  return new Rig({ options, folder, nodes, sentinels })
}

function configFile(folder: string, port: number): string {
  return join(folder, `sentinel-${port}.conf`)
}

function dataArgs(
  options: Required<RigOptions>,
  port: number,
  master: RigNode | undefined
): readonly string[] {
  const { host, password } = options
  return [
    ...['--port', String(port), '--bind', host, ...quick],
    ...(password === '' ? [] : ['--requirepass', password, '--masterauth', password]),
    ...(options.announceHostnames ? ['--replica-announce-ip', host] : []),
    ...(master === undefined ? [] : ['--replicaof', host, String(master.port)]),
    ...options.redisArgs
  ]
}

type RigParts = {
  readonly options: Required<RigOptions>
  readonly folder: string
  readonly nodes: readonly RigNode[]
  readonly sentinels: readonly RigNode[]
}

export class Rig {
  readonly masterName: string
  /** The data nodes; the first one is the first master. */
  readonly nodes: readonly RigNode[]
  readonly sentinels: readonly RigNode[]
  readonly #options: Required<RigOptions>
  readonly #folder: string

  constructor({ options, folder, nodes, sentinels }: RigParts) {
    this.masterName = options.masterName
    this.nodes = nodes
    this.sentinels = sentinels
    this.#options = options
    this.#folder = folder
  }

  /** host:port of every Sentinel, also of those that are down. */
  sentinelAddresses(): string[] {
    return this.sentinels.map((sentinel) => sentinel.address)
  }

  /** The node that most of the answering Sentinels name. Rejects when none answers. */
  async currentMaster(): Promise<RigNode> {
    const votes = new Map<number, number>()
    for (const port of await this.#namedPorts()) votes.set(port, (votes.get(port) ?? 0) + 1)
    const [winner] = [...votes].sort(([, few], [, many]) => many - few)
    const master = this.nodes.find((node) => node.port === winner?.[0])
    if (master === undefined) throw new Error('no Sentinel of the rig names one of its nodes')
    return master
  }

  /** Waits until every Sentinel that answers names the same node, another one than `old`, and it says it is master. */
  async masterAfter(old: RigNode, timeoutMs = 20_000): Promise<RigNode> {
    return until(timeoutMs, `no other master than ${old.address}`, async () => {
      const ports = new Set(await this.#namedPorts())
      const master = this.nodes.find((node) => ports.size === 1 && ports.has(node.port))
      if (master === undefined || master === old) return undefined
      return (await roleOf(master))[0] === 'master' ? master : undefined
    })
  }

  /** Starts every process and waits until they all know each other; startRig calls it. */
  async start(): Promise<void> {
    const [master, ...replicas] = this.nodes
    if (master === undefined) throw new Error('a rig has at least one data node')
    const watched = { master, replicas, sentinels: this.sentinels }
    for (const sentinel of this.sentinels) {
      await writeFile(
        configFile(this.#folder, sentinel.port),
        sentinelConfig(sentinel, watched, this.#options)
      )
    }
    // In this order, because each side looks for the other only once a second when it was not there at first.
    await master.start()
    await Promise.all(replicas.map((replica) => replica.start()))
    await Promise.all(replicas.map((replica) => this.#connected(replica)))
    await Promise.all(this.sentinels.map((sentinel) => sentinel.start()))
    await this.settled()
  }

  /** Waits until every Sentinel sees every node of the rig in its place, as before the next fault in a row of them. */
  async settled(timeoutMs = readyDeadlineMs): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => this.#watching(sentinel, timeoutMs)))
  }

  /** Ends every process, frozen ones too, and removes the temporary folder. */
  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.nodes].map((node) => node.kill()))
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #namedPorts(): Promise<number[]> {
    const asked = this.sentinels
      .filter((sentinel) => sentinel.alive)
      .map((sentinel) => sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.masterName))
    const answers = await Promise.allSettled(asked)
    return answers.flatMap((answer) =>
      answer.status === 'fulfilled' && Array.isArray(answer.value) ? [Number(answer.value[1])] : []
    )
  }

  async #connected(replica: RigNode): Promise<void> {
    await until(readyDeadlineMs, `${replica.address} is not connected to its master`, async () =>
      (await roleOf(replica))[3] === 'connected' ? true : undefined
    )
  }

  async #watching(sentinel: RigNode, timeoutMs: number): Promise<void> {
    const ask = (verb: string): Promise<Reply> => sentinel.command('SENTINEL', verb, this.masterName)
    await until(timeoutMs, `Sentinel ${sentinel.address} does not see the whole rig`, async () => {
      const replicas = records(await ask('REPLICAS'))
      const linked = replicas.filter((it) => it['flags'] === 'slave' && it['master-link-status'] === 'ok')
      const others = records(await ask('SENTINELS')).filter((it) => it['flags'] === 'sentinel')
      if (linked.length < this.nodes.length - 1 || others.length < this.sentinels.length - 1) return undefined
      return String(await ask('CKQUORUM')).startsWith('OK') ? true : undefined
    })
  }
}

async function roleOf(node: RigNode): Promise<readonly Reply[]> {
  const role = await node.command('ROLE')
  return Array.isArray(role) ? role : []
}

/** Sentinel's flat name, value, name, value lists as objects. */
function records(reply: Reply): Record<string, Reply | undefined>[] {
  return lists(reply).map((flat) =>
    Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), flat[at + 1]]] : [])))
  )
}

function lists(reply: Reply): Reply[][] {
  return Array.isArray(reply) ? reply.filter((item) => Array.isArray(item)) : []
}

// A refusal means as little as an answer that is not the wanted one: the servers are starting or changing roles.
async function until<T>(timeoutMs: number, failure: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last = ''
  while (performance.now() < deadline) {
    try {
      const seen = await look()
      if (seen !== undefined) return seen
    } catch (error) {
      last = `: ${messageOf(error)}`
    }
    await sleep(15)
  }
  throw new Error(`${failure} after ${timeoutMs} ms${last}`)
}
