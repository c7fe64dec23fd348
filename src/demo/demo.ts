// `holdfast demo`: Redis, Sentinels, the proxy and traffic on free ports of this machine, and the score. Owns the
// order of it all and its end; everything else is next door.
import { ProxyError } from '../errors.ts'
import { catchSignals, Interrupted, pause, until, within, type Interruption } from './interruption.ts'
import { makeOwnFolder } from './own-folder.ts'
import { panelOf } from './panel.ts'
import { ProxyChild } from './proxy-child.ts'
import { installRedisServer } from './redis-binary.ts'
import { startRig, type Rig } from './redis-rig.ts'
import { auditStored, perform, type Stage } from './scenario.ts'
import { scoreOf, type Score } from './score.ts'
import { Screen } from './screen.ts'
import { Tally } from './tally.ts'
import { clientCount, seeds, Traffic } from './traffic.ts'
import { Watch } from './watch.ts'
import { Wire } from './wire.ts'

export type DemoOptions = {
  /** Leave everything running behind the score, until a signal comes. */
  readonly keep: boolean
  /** What else stood on the command line: nothing may. */
  readonly args: readonly string[]
}

const rigWithinMs = 60_000
const readyWithinMs = 20_000
const lookEveryMs = 250

/**
 * Resolves to 0 when nothing was lost, dropped or refused, else to 1, and to 128 and the signal's number when one
 * ended it. Throws USAGE where there is no Redis, or for an argument. Leaves no process and no file behind.
 */
export async function runDemo({ keep, args }: DemoOptions): Promise<number> {
  if (args[0] !== undefined) throw new ProxyError('USAGE', `demo takes no settings: '${args[0]}'`)
  const screen = new Screen(process.stdout)
  installRedisServer()
  const interruption = catchSignals()
  process.stdout.once('error', () => interruption.fail(new Interrupted('SIGPIPE')))
  const demo = new Demo(screen, interruption)
  try {
    return await demo.run(keep)
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) {
      demo.explain()
      throw thrown
    }
    return thrown.exitCode
  } finally {
    await demo.end()
    interruption.release()
  }
}

class Demo {
  readonly #screen: Screen
  readonly #interruption: Interruption
  readonly #folder = makeOwnFolder()
  #rig: Promise<Rig> | undefined
  #proxy: ProxyChild | undefined
  #traffic: Traffic | undefined
  #isEnding = false

  constructor(screen: Screen, interruption: Interruption) {
    this.#screen = screen
    this.#interruption = interruption
  }

  /** The exit code. */
  async run(keep: boolean): Promise<number> {
    const screen = this.#screen
    const [rig, proxy] = await this.#start()
    const score = await this.#play(rig, proxy)
    for (const { text, look } of score.lines) screen.say(text, look)
    const url = proxy.adminUrl
    const note = keep ? '' : '   (--keep to leave it running)'
    screen.say(`  status page ${url}/   metrics ${url}/metrics${note}`)
    if (!score.isGood) this.explain()
    if (keep) await this.#keep(rig, proxy)
    return score.isGood ? 0 : 1
  }

  /** The last lines that the proxy wrote, for somebody who has to find out why. */
  explain(): void {
    this.#screen.clear()
    const lines = this.#proxy?.lastWords(20) ?? ''
    if (lines !== '') process.stderr.write(`the proxy's last lines:\n${lines}\n`)
  }

  /** Ends every process and removes every file. */
  async end(): Promise<void> {
    this.#isEnding = true
    const why: unknown = this.#interruption.signal.reason
    if (why instanceof Interrupted && why.isHeard) {
      this.#screen.clear()
      this.#screen.say('ending …', 'dim')
    }
    this.#traffic?.abandon()
    await this.#proxy?.stop()
    // Redis may still be starting; it can be ended when it has been, or has failed.
    const rig = await this.#rig?.catch(() => undefined)
    await rig?.stop()
    this.#folder.remove()
  }

  async #start(): Promise<readonly [Rig, ProxyChild]> {
    const { signal } = this.#interruption
    const screen = this.#screen
    screen.say('starting 1 Redis master, 2 replicas and 3 Sentinels (down-after 1 s) …', 'dim')
    this.#rig = startRig({ replicas: 2, sentinels: 3, quorum: 2, downAfterMs: 1000 })
    const rig = await within({ what: 'the start of Redis', atMostMs: rigWithinMs, signal }, this.#rig)
    const [master, ...replicas] = rig.nodes.map(({ address }) => address)
    screen.say(`  master ${master ?? ''}   replicas ${replicas.join(' ')}`)
    screen.say(`  Sentinels ${rig.sentinelAddresses().join(' ')}`)
    const proxy = await ProxyChild.start(rig, this.#folder.path)
    this.#proxy = proxy
    void proxy.exited.then((how) => {
      if (!this.#isEnding) this.#interruption.fail(new Error(`the proxy ended by itself: ${how}`))
    })
    await within({ what: 'the start of the proxy', atMostMs: readyWithinMs, signal }, proxy.ready(signal))
    screen.say(`  Holdfast 127.0.0.1:${proxy.port}   admin ${proxy.adminUrl}/`)
    await this.#seed(rig, proxy)
    return [rig, proxy]
  }

  async #seed(rig: Rig, proxy: ProxyChild): Promise<void> {
    const { signal } = this.#interruption
    const wire = await within({ what: 'connecting', atMostMs: 5000, signal }, Wire.open(proxy.port))
    const replies = await within({ what: 'the first write', atMostMs: 10_000, signal }, wire.send(seeds()))
    wire.close()
    const refusal = replies.find((reply) => reply.startsWith('-'))
    if (refusal !== undefined) throw new Error(`the first write was answered with ${refusal.trimEnd()}`)
    await until({ what: 'replication', atMostMs: 10_000, signal }, async () => {
      const there = await Promise.all(rig.nodes.map((node) => node.command('EXISTS', 'demo:profile')))
      return there.every((reply) => reply === 1) ? true : undefined
    })
  }

  async #play(rig: Rig, proxy: ProxyChild): Promise<Score> {
    const { signal } = this.#interruption
    const begunAtMs = performance.now()
    const tally = new Tally()
    const watch = new Watch(proxy, rig.nodes)
    const traffic = new Traffic(proxy.port, tally)
    this.#traffic = traffic
    const tell: Stage['tell'] = (atMs, text, look) => {
      this.#screen.say(`t=${((atMs - begunAtMs) / 1000).toFixed(1)}s`.padEnd(9) + text, look)
    }
    const over = new AbortController()
    const watching = this.#watch({ watch, tally, begunAtMs, until: AbortSignal.any([signal, over.signal]) })
    try {
      traffic.start()
      await perform({ rig, proxy, tally, watch, begunAtMs, signal, tell })
      await within({ what: 'the last replies', atMostMs: 15_000, signal }, traffic.finish())
    } finally {
      over.abort()
      await watching
    }
    const seconds = (performance.now() - begunAtMs) / 1000
    await watch.look()
    const { readsOnReplicas, readsOnMasters } = watch
    const audit = { what: 'the account', atMostMs: 20_000, signal }
    const stored = await within(audit, auditStored({ rig, tally }))
    const routes = await within(audit, routesOf(proxy))
    return scoreOf({ seconds, clients: clientCount, tally, stored, routes, readsOnReplicas, readsOnMasters })
  }

  /** Draws what goes where, four times a second. */
  async #watch({ watch, tally, begunAtMs, until: over }: Watching): Promise<void> {
    while (!over.aborted) {
      const lookedAtMs = performance.now()
      const view = await watch.look()
      const seconds = (lookedAtMs - begunAtMs) / 1000
      this.#screen.show(panelOf({ seconds, view, tally, clients: clientCount }))
      await pause(Math.max(0, lookedAtMs + lookEveryMs - performance.now()), over).catch(() => undefined)
    }
    this.#screen.clear()
  }

  /** Resolves when a signal comes. */
  async #keep(rig: Rig, proxy: ProxyChild): Promise<void> {
    const { signal } = this.#interruption
    const master = await rig.currentMaster()
    const replicas = rig.nodes.filter((node) => node !== master).map(({ address }) => address)
    this.#screen.say('')
    this.#screen.say(`  redis-cli -p ${proxy.port}`, 'bold')
    this.#screen.say(`  master ${master.address}   replicas ${replicas.join(' ')}`)
    this.#screen.say(`  Sentinels ${rig.sentinelAddresses().join(' ')}   log of the proxy ${proxy.logFile}`)
    this.#screen.say('  Ctrl-C ends it all', 'dim')
    try {
      for (;;) await pause(60_000, signal)
    } catch (thrown) {
      if (!(thrown instanceof Interrupted)) throw thrown
    }
  }
}

type Watching = {
  readonly watch: Watch
  readonly tally: Tally
  readonly begunAtMs: number
  readonly until: AbortSignal
}

async function routesOf(proxy: ProxyChild): Promise<Map<string, number>> {
  const series = await proxy.metric('holdfast_requests_total')
  return new Map([...series].map(([labels, value]) => [/route="(\w+)"/.exec(labels)?.[1] ?? labels, value]))
}
