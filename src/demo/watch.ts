// What goes where: the proxy's own state, and what the nodes themselves have counted (INFO commandstats), a few times
// a second. The two are independent of each other, so one can be held against the other.
import type { Status } from '../status.ts'
import { ask } from './ask.ts'
import type { ProxyChild } from './proxy-child.ts'
import type { RigNode } from './rig-node.ts'

export type NodeState = 'master' | 'replica' | 'down'

export type NodeView = {
  readonly address: string
  readonly state: NodeState
  readonly readsPerSecond: number
  /** On a replica, what its master has passed on. */
  readonly writesPerSecond: number
}

export type View = {
  readonly status: Status | undefined
  readonly nodes: readonly NodeView[]
  /** Everything in it is younger than this. */
  readonly lookedAtMs: number
}

type Counted = {
  readonly state: NodeState
  readonly reads: number
  readonly writes: number
  readonly atMs: number
}

const reading = ['get', 'mget', 'hgetall']
const writing = ['sadd', 'incr']
const answerWithinMs = 800
/** Rates are means over this many looks. */
const looksPerRate = 4

export class Watch {
  /** Reads that nodes have counted while they said they were replicas, and while they said they were masters. */
  readsOnReplicas = 0
  readsOnMasters = 0
  readonly #proxy: ProxyChild
  readonly #nodes: readonly RigNode[]
  readonly #seen = new Map<RigNode, Counted[]>()
  #last: View = { status: undefined, nodes: [], lookedAtMs: 0 }

  constructor(proxy: ProxyChild, nodes: readonly RigNode[]) {
    this.#proxy = proxy
    this.#nodes = nodes
  }

  get last(): View {
    return this.#last
  }

  /** Looks once at everything; what does not answer in time is shown as down or left out. */
  async look(): Promise<View> {
    const lookedAtMs = performance.now()
    const [status, ...nodes] = await Promise.all([
      this.#proxy.status().catch(() => undefined),
      ...this.#nodes.map((node) => this.#lookAt(node))
    ])
    this.#last = { status, nodes, lookedAtMs }
    return this.#last
  }

  async #lookAt(node: RigNode): Promise<NodeView> {
    const seen = this.#seen.get(node) ?? []
    const before = seen.at(-1)
    const counted = (await count(node)) ?? silent(before)
    if (before !== undefined) this.#add(before, counted)
    this.#seen.set(node, [...seen, counted].slice(-looksPerRate - 1))
    const first = seen.at(-looksPerRate) ?? counted
    return {
      address: node.address,
      state: counted.state,
      readsPerSecond: rate(first, counted, 'reads'),
      writesPerSecond: rate(first, counted, 'writes')
    }
  }

  // Between two looks the role may have changed; what was counted in that quarter of a second goes to the earlier one.
  #add(before: Counted, counted: Counted): void {
    const reads = difference(before, counted, 'reads')
    const state = before.state === 'down' ? counted.state : before.state
    if (state === 'master') this.readsOnMasters += reads
    else this.readsOnReplicas += reads
  }
}

type Kind = 'reads' | 'writes'

function rate(first: Counted, last: Counted, kind: Kind): number {
  if (last.atMs <= first.atMs) return 0
  return (difference(first, last, kind) * 1000) / (last.atMs - first.atMs)
}

// A node that was started again counts from 0.
function difference(first: Counted, last: Counted, kind: Kind): number {
  return last[kind] >= first[kind] ? last[kind] - first[kind] : last[kind]
}

/** Nothing where the node does not answer. */
async function count({ host, port }: RigNode): Promise<Counted | undefined> {
  try {
    const info = await ask({ host, port, password: '' }, ['INFO', 'all'], answerWithinMs)
    return { ...countedIn(String(info)), atMs: performance.now() }
  } catch {
    // Killed, or starting.
    return undefined
  }
}

function silent(before: Counted | undefined): Counted {
  return { reads: before?.reads ?? 0, writes: before?.writes ?? 0, state: 'down', atMs: performance.now() }
}

function countedIn(info: string): Pick<Counted, 'state' | Kind> {
  const calls = new Map(
    [...info.matchAll(/^cmdstat_(\w+):calls=(\d+)/gm)].map(([, name = '', many]) => [name, Number(many)])
  )
  const sum = (names: readonly string[]): number =>
    names.reduce((all, name) => all + (calls.get(name) ?? 0), 0)
  const state = /^role:master\b/m.test(info) ? 'master' : 'replica'
  return { state, reads: sum(reading), writes: sum(writing) }
}
