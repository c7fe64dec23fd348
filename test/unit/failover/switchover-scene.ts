// A real controller that serves a master, and a switchover of it: the nodes, the replicas and the Sentinels answer what
// the test says, and time stands still until it is turned.
import { FailoverController } from '../../../src/failover/controller.ts'
import { HoldQueue } from '../../../src/failover/hold-queue.ts'
import type { NodeEvents, NodeProof, RedisSide, WatchedNode } from '../../../src/failover/redis-side.ts'
import { Switchover, type PromotableReplica } from '../../../src/failover/switchover.ts'
import type { SwitchoverReport } from '../../../src/failover/switchover-report.ts'
import { silentLog } from '../../../src/log.ts'
import { formatAddress, sameAddress, type Address, type Topology } from '../../../src/topology/topology.ts'
import { ManualClock } from '../topology/manual-clock.ts'

export const oldMaster: Address = { host: '10.0.0.1', port: 6379 }
export const replica: Address = { host: '10.0.0.2', port: 6379 }
const topology: Topology = { master: oldMaster, replicas: [], epoch: 1 }

/** Where the old master stands when all it owed is answered. */
export const drainedAt = 100

export const oldProof: NodeProof = {
  isMaster: true,
  isRefusing: false,
  offset: drainedAt,
  runId: 'old',
  replicationId: 'A',
  previousId: '',
  secondOffset: -1
}
const newProof: NodeProof = {
  ...oldProof,
  runId: 'new',
  replicationId: 'B',
  previousId: 'A',
  secondOffset: drainedAt + 1
}

/** Heard just now, unless it says otherwise. */
export type Replica = Omit<PromotableReplica, 'heardAtMs'> & { readonly heardAtMs?: number }

type Watch = { readonly address: Address; readonly events: NodeEvents; isClosed: boolean }

export class SwitchoverScene {
  readonly clock = new ManualClock()
  readonly controller: FailoverController
  readonly switchover: Switchover
  /** What was done, in order. */
  readonly did: string[] = []
  replicas: Replica[] = [{ address: replica, isFed: true, offset: drainedAt }]
  hasMajority = true
  inFlight = 0
  /** What the old master says when it has to prove itself. */
  oldProof = oldProof
  /** What the Sentinel answers to FAILOVER. */
  refusal: string | undefined
  readonly #watches: Watch[] = []
  #generation = 0

  private constructor(refuseEmptyMaster: boolean) {
    const { clock } = this
    const limits = { windowMs: () => 10_000, maxRequests: 10, maxBytes: 1000 }
    this.controller = new FailoverController({
      clock,
      log: silentLog,
      redis: this.#redis(),
      held: new HoldQueue(clock, limits, () => undefined),
      rules: {
        budgetMs: 60_000,
        confirmTimeoutMs: 10_000,
        heartbeatIntervalMs: 250,
        refuseEmptyMaster
      },
      sameNode: sameAddress,
      askSentinels: () => undefined,
      onTopology: () => undefined,
      onMasterOffset: () => undefined,
      onFailover: () => undefined
    })
    this.switchover = new Switchover({
      clock,
      controller: this.controller,
      replicas: {
        promotable: () => this.replicas.map((it) => ({ heardAtMs: this.clock.now(), ...it })),
        beat: () => this.did.push('beat')
      },
      sentinels: this.#sentinels()
    })
  }

  /** With the old master bound and confirmed. */
  static async serving(refuseEmptyMaster = false): Promise<SwitchoverScene> {
    const scene = new SwitchoverScene(refuseEmptyMaster)
    await scene.nameOldMaster()
    scene.did.length = 0
    return scene
  }

  /** The Sentinels name the old master, and it answers. */
  async nameOldMaster(): Promise<void> {
    this.controller.believed(topology)
    this.says(oldMaster, 'master')
    await this.clock.turn(0)
  }

  /** A node answers its heartbeat. */
  says(address: Address, role: 'master' | 'replica'): void {
    for (const watch of this.#watches.filter((it) => !it.isClosed && sameAddress(it.address, address)))
      watch.events.onAlive(role, drainedAt)
  }

  /** Turns the clock until the switchover is over; the old master answers all the while. */
  async end(running: Promise<SwitchoverReport>): Promise<SwitchoverReport> {
    let report: SwitchoverReport | undefined
    void running.then((it) => (report = it))
    for (let turns = 0; report === undefined && turns < 5000; turns += 1) {
      await this.clock.turn(5)
      if (this.controller.phase === 'suspect') this.says(oldMaster, 'master')
    }
    if (report === undefined) throw new Error('the switchover does not end')
    return report
  }

  #redis(): RedisSide {
    return {
      watch: (address, _intervalMs, events) => this.#watch(address, events),
      bind: (address) => {
        this.did.push(`bind ${formatAddress(address)}`)
        return ++this.#generation
      },
      withhold: () => this.did.push('withhold'),
      release: () => this.did.push('release'),
      inFlight: () => this.inFlight
    }
  }

  #watch(address: Address, events: NodeEvents): WatchedNode {
    const watch: Watch = { address, events, isClosed: false }
    this.#watches.push(watch)
    return {
      beat: () => undefined,
      prepare: () => undefined,
      prove: (done) => done(sameAddress(address, oldMaster) ? this.oldProof : newProof),
      ask: (_words, done) => done(null),
      unblock: () => undefined,
      offset: (done) => {
        this.did.push('offset')
        done(drainedAt)
      },
      close: () => (watch.isClosed = true)
    }
  }

  #sentinels(): {
    readonly hasMajority: boolean
    look: () => Promise<void>
    failover: () => Promise<string | undefined>
  } {
    const isMajority = (): boolean => this.hasMajority
    return {
      get hasMajority() {
        return isMajority()
      },
      look: () => Promise.resolve(),
      failover: () => {
        this.did.push('failover')
        return Promise.resolve(this.refusal)
      }
    }
  }
}
