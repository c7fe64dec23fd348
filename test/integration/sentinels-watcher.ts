// Sentinels under test with all that they report, and with the verdicts on it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import type { Log } from '../../src/log.ts'
import { decide, type Adopted, type Verdict } from '../../src/topology/decide.ts'
import type { Observation } from '../../src/topology/observation.ts'
import { Sentinels, type SentinelEvent, type SentinelsOptions } from '../../src/topology/sentinels.ts'
import type { Address } from '../../src/topology/topology.ts'

type Node = { readonly host: string; readonly port: number }

export class Watcher {
  readonly observations: Observation[] = []
  readonly events: SentinelEvent[] = []
  readonly warnings: string[] = []
  readonly sentinels: Sentinels
  readonly masterName: string
  verdict: Verdict | undefined
  #adopted: Adopted | undefined

  constructor(seeds: readonly Node[], options: Partial<SentinelsOptions> = {}) {
    this.masterName = options.masterName ?? 'mymaster'
    const settings: SentinelsOptions = {
      seeds: seeds.map(({ host, port }) => ({ host, port })),
      masterName: this.masterName,
      // Long, so that a busy machine is not taken for a silent Sentinel.
      timeoutMs: 2000,
      pollIntervalMs: 200,
      natMap: {},
      clock: systemClock,
      log: this.#log(),
      ...options
    }
    this.sentinels = new Sentinels(settings, {
      observed: (observation) => {
        this.observations.push(observation)
        this.#judge(observation)
      },
      announced: (event) => {
        this.events.push(event)
      }
    })
  }

  get last(): Observation | undefined {
    return this.observations.at(-1)
  }

  get master(): Address | undefined {
    return this.#adopted?.master
  }

  get epoch(): number | undefined {
    return this.#adopted?.epoch
  }

  /** The Sentinels that published an event of this name. */
  announcedBy(name: SentinelEvent['name']): Set<string> {
    return new Set(this.events.filter((event) => event.name === name).map(({ sentinel }) => sentinel))
  }

  /** Resolves as soon as it holds. */
  async until(what: string, holds: () => boolean, timeoutMs = 15_000): Promise<void> {
    const deadline = performance.now() + timeoutMs
    while (!holds()) {
      if (performance.now() > deadline) {
        throw new Error(
          `not within ${timeoutMs} ms: ${what}\n${JSON.stringify(this.last)}\n${JSON.stringify(this.verdict)}`
        )
      }
      await sleep(5)
    }
  }

  #judge(observation: Observation): void {
    const verdict = decide({
      observation,
      masterName: this.masterName,
      adopted: this.#adopted,
      lowerSinceMs: this.verdict?.lowerSinceMs,
      nowMs: performance.now(),
      sameNode: this.sentinels.sameNode,
      lowerEpochAfterMs: 1500
    })
    this.verdict = verdict
    if (verdict.kind === 'believe') this.#adopted = verdict.topology
  }

  #log(): Log {
    const warn = (_facts: unknown, text: string): void => {
      this.warnings.push(text)
    }
    return { debug() {}, info() {}, warn, error: warn }
  }
}

/** A started watcher that is closed with its test. */
export function useWatcher(
  t: Pick<Test, 'teardown'>,
  seeds: readonly Node[],
  options: Partial<SentinelsOptions> = {}
): Watcher {
  const watcher = new Watcher(seeds, options)
  t.teardown(() => watcher.sentinels.close())
  watcher.sentinels.start()
  return watcher
}
