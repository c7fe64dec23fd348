// One chaos run: a rig, the proxy in front of it, clients that write down everything, a fault, and the judgement.
import root, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig, RigOptions } from '../../src/demo/redis-rig.ts'
import type { RigNode } from '../../src/demo/rig-node.ts'
import { History, numbersOf, type Numbers } from '../harness/history.ts'
import { judge, type Data, type Fault, type Rules } from '../harness/judge.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import { useProxy, useRig } from '../harness/with-rig.ts'
import { roles, Traffic, type Role } from './traffic.ts'

// Sentinel takes its time, and a file holds several faults.
root.setTimeout(300_000)

/** Down-after of the rigs, and what the proxy may take on top of it after an unplanned loss. */
export const downAfterMs = 1000
export const onTopMs = 700
/** Longest time without a write in a planned failover. */
export const plannedGapMs = 150

// Sentinel's own timers are multiples of 100 ms and 1 s, and the machine is shared: a gap is a promise for the median of
// several runs (bench:failover), while a single run of a test has to stay below this many times the promise.
const slack = 2
/** For how long nothing may move on a machine that has other things to do, whatever was promised. */
const stallMs = 600
const mostShown = 5

export type SceneOptions = {
  readonly rig?: RigOptions | Rig
  /** Further flags of the proxy. */
  readonly args?: readonly string[]
  readonly clients?: Readonly<Record<string, Role>>
  readonly paceMs?: number
  /** Traffic before the fault. */
  readonly warmMs?: number
}

export class Scene {
  readonly rig: Rig
  readonly proxy: ProxyProcess
  readonly history = new History()
  readonly traffic: Traffic
  /** When masters were lost without warning. */
  readonly lossesMs: number[] = []
  readonly #startedMs = performance.now()

  constructor(rig: Rig, proxy: ProxyProcess, paceMs: number) {
    this.rig = rig
    this.proxy = proxy
    this.traffic = new Traffic({ port: proxy.port, history: this.history, paceMs })
  }

  /** To be called as the master is being lost. */
  loss(): void {
    this.lossesMs.push(performance.now())
  }

  /** Waits until writes are acknowledged again that were sent after this call. */
  async writing(timeoutMs = 20_000): Promise<void> {
    const sinceMs = performance.now()
    const deadline = sinceMs + timeoutMs
    while (performance.now() < deadline) {
      const { acts } = this.history
      for (let at = acts.length - 1; at >= 0; at -= 1) {
        const act = acts[at]
        if (act === undefined || act.sentMs < sinceMs) break
        if (act.kind === 'add' && act.reply === ':1\r\n') return
      }
      await sleep(10)
    }
    throw new Error(`no write was acknowledged for ${timeoutMs} ms\n${this.log()}`)
  }

  /** Waits until the status says so. */
  async phase(wanted: string, timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs
    let phase: unknown
    while (performance.now() < deadline) {
      phase = (await this.proxy.status())['phase']
      if (phase === wanted) return
      await sleep(20)
    }
    throw new Error(`the proxy is ${String(phase)} and not ${wanted} after ${timeoutMs} ms\n${this.log()}`)
  }

  /** The proxy's log with times in milliseconds of the run, one line each. */
  log(): string {
    const zero = performance.timeOrigin
    return this.proxy.stderr
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => shortened(line, zero))
      .join('\n')
  }

  get startedMs(): number {
    return this.#startedMs
  }
}

function shortened(line: string, zero: number): string {
  try {
    const { time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>
    const atMs = new Date(time as string | number).getTime() - zero
    return `${atMs.toFixed(0)} ${String(msg)} ${JSON.stringify(rest)}`
  } catch {
    return line
  }
}

/** Ten writers of every kind and five readers. */
export const tenWritersAndFiveReaders: Readonly<Record<string, Role>> = {
  w0: roles.adder,
  w1: roles.adder,
  w2: roles.counter,
  w3: roles.counter,
  w4: roles.swapper,
  w5: roles.swapper,
  w6: roles.believer,
  w7: roles.pusher,
  w8: roles.pusher,
  w9: roles.mixer,
  r0: roles.reader,
  r1: roles.reader,
  r2: roles.reader,
  r3: roles.reader,
  r4: roles.reader
}

/** The rig, the proxy and the running clients; they end with the test. */
export async function startScene(t: Test, options: SceneOptions = {}): Promise<Scene> {
  const {
    rig: wanted = {},
    args = [],
    clients = tenWritersAndFiveReaders,
    paceMs = 3,
    warmMs = 700
  } = options
  const rig = 'nodes' in wanted ? wanted : await useRig(t, { downAfterMs, ...wanted })
  const proxy = await useProxy(t, rig, { args })
  const scene = new Scene(rig, proxy, paceMs)
  t.teardown(() => scene.traffic.stop(0))
  await scene.traffic.start(clients)
  await sleep(warmMs)
  return scene
}

export type EndOptions = Omit<Rules, 'lossesMs' | 'windowMs'> & {
  readonly windowMs?: number
  /** Longest time without an acknowledged write; the slack for a busy machine comes on top. */
  readonly gapMs?: number
  /** Where the data is; by default on the master the Sentinels name. */
  readonly master?: RigNode
}

export type Outcome = Numbers & { readonly lost: number }

/** Stops the clients and holds the history against the rules. */
export async function endScene(t: Test, scene: Scene, options: EndOptions = {}): Promise<Outcome> {
  const { gapMs, master, windowMs = downAfterMs + onTopMs, ...rules } = options
  // Every client has another turn.
  await sleep(300)
  await scene.traffic.stop()
  const node = master ?? (await scene.rig.currentMaster())
  const data = await dataOf(scene.history, node)
  // Judging takes this process a while, in which the relays that run in it are silent, too.
  await scene.phase('serving')
  const log = scene.log()
  const limits = { windowMs: most(windowMs), lossesMs: scene.lossesMs }
  const { faults, lost } = judge(scene.history, data, { ...rules, ...limits })
  const numbers = numbersOf(scene.history)
  t.comment(JSON.stringify({ lost, ...numbers, lossesMs: scene.lossesMs.map(Math.round) }))
  t.strictSame(shortList(faults), [], `the history breaks no rule (${faults.length} faults)`, { log })
  if (gapMs !== undefined)
    t.ok(numbers.gapMs <= most(gapMs), `a gap of ${numbers.gapMs} ms, at most ${most(gapMs)}`)
  return { ...numbers, lost }
}

function most(promisedMs: number): number {
  return Math.max(promisedMs * slack, promisedMs + stallMs)
}

/** A few of each rule: one loss of data breaks the same rule thousands of times. */
function shortList(faults: readonly Fault[]): string[] {
  const byRule = new Map<string, string[]>()
  for (const { rule, what } of faults) byRule.set(rule, [...(byRule.get(rule) ?? []), what])
  return [...byRule].flatMap(([rule, whats]) => [
    `${rule}: ${whats.length} times`,
    ...whats.slice(0, mostShown).map((what) => `  ${what}`)
  ])
}

/** The values of every key in the history, from the node itself. */
async function dataOf({ acts }: History, node: RigNode): Promise<Data> {
  const strings = new Map<string, string>()
  const sets = new Map<string, ReadonlySet<string>>()
  const lists = new Map<string, readonly string[]>()
  const kinds = new Map(acts.map(({ key, kind }) => [key, kind]))
  for (const [key, kind] of kinds) {
    if (kind === 'add' || kind === 'member')
      sets.set(key, new Set(textsOf(await node.command('SMEMBERS', key))))
    else if (kind === 'push') lists.set(key, textsOf(await node.command('LRANGE', key, '0', '-1')))
    else if (kind === 'count' || kind === 'swap' || kind === 'exec') {
      const value = await node.command('GET', key)
      if (value !== null) strings.set(key, String(value))
    }
  }
  return { strings, sets, lists }
}

function textsOf(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
