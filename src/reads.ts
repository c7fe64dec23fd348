// Which replicas serve reads at this moment: asks each listed one for its ROLE, lets topology/replicas judge, and
// tells the lanes. A replica that says it is master is the sign of an election that no Sentinel told us of.
import type { Clock, Timer } from './clock.ts'
import type { PromotableReplica } from './failover/switchover.ts'
import { Replicas, type ReplicaStanding } from './topology/replicas.ts'
import {
  formatAddress,
  type Address,
  type ReplicaReport,
  type SameNode,
  type Topology
} from './topology/topology.ts'
import { NodeWatch } from './upstream/node-watch.ts'
import type { Dialer } from './upstream/dialer.ts'
import type { Lanes } from './upstream/lanes.ts'
import { parseReplication, type RoleReport } from './upstream/role.ts'

export type ReadsRules = {
  readonly maxLagMs: number
  readonly staleWindowMs: number
  readonly heartbeatIntervalMs: number
  readonly deadlineMs: () => number
  /** Host or host:port prefix of the replicas to prefer; empty for none. */
  readonly prefer: string
}

export type ReadsOptions = {
  readonly clock: Clock
  readonly dialer: Dialer
  readonly lanes: Pick<Lanes, 'setEligible' | 'cutReplica'>
  readonly sameNode: SameNode
  readonly rules: ReadsRules
  readonly onPromoted: (address: Address) => void
}

type Watched = {
  readonly watch: NodeWatch
  latencyMs: number
  offset: number | null
  /** What it has applied of the master's history, which ROLE does not name; null while that is not known. */
  readonly applied: { offset: number | null }
  /** An answer to that is awaited. */
  isAsked: boolean
  heardAtMs: number
  isUp: boolean
  wasReplica: boolean
}

/** A replica that has not answered for so many heartbeats serves no reads. */
const MISSED_BEATS = 8
const REFRESH_MS = 100
const UNKNOWN = { offset: null }

export class Reads {
  readonly #options: ReadsOptions
  readonly #replicas: Replicas
  readonly #watched = new Map<string, Watched>()
  #refresh: Timer
  /** Of the bound master. */
  #replicationId = ''
  /** The replication id whose offsets are compared. */
  #history = ''
  #listed: readonly ReplicaReport[] = []

  constructor(options: ReadsOptions) {
    this.#options = options
    const { rules, sameNode, clock } = options
    this.#replicas = new Replicas({
      sameNode,
      get maxLagMs() {
        return rules.maxLagMs
      },
      get staleWindowMs() {
        return rules.staleWindowMs
      },
      beatTtlMs: Math.max(1000, rules.heartbeatIntervalMs * MISSED_BEATS)
    })
    const refresh = (): void => {
      this.#tellLanes()
      this.#refresh = clock.after(REFRESH_MS, refresh)
    }
    this.#refresh = clock.after(REFRESH_MS, refresh)
  }

  adopt(topology: Topology, replicationId: string): void {
    this.#replicationId = replicationId
    this.#replicas.adopt(topology, replicationId)
    this.#listed = topology.replicas
    const listed = new Map(topology.replicas.map(({ address }) => [formatAddress(address), address]))
    for (const [name, { watch }] of this.#watched) {
      if (listed.has(name)) continue
      watch.close()
      this.#watched.delete(name)
    }
    for (const [name, address] of listed) if (!this.#watched.has(name)) this.#watch(name, address)
    this.#tellLanes()
  }

  /** Where the adopted master is at this moment, as its own ROLE says. */
  masterAt(offset: number): void {
    this.#replicas.masterAt(offset, this.#options.clock.now())
  }

  /** Its lane failed: asked again before it serves on. */
  suspect(address: Address): void {
    this.#watched.get(formatAddress(address))?.watch.beat()
  }

  standings(): (ReplicaStanding & { readonly isUp: boolean; readonly offset: number | null })[] {
    return this.#replicas.standings(this.#options.clock.now()).map((standing) => {
      const watched = this.#watched.get(formatAddress(standing.address))
      return { ...standing, isUp: watched?.isUp ?? false, offset: watched?.offset ?? null }
    })
  }

  /** Those that the Sentinels may elect, and how far each has come. */
  promotable(): readonly PromotableReplica[] {
    const standings = new Map(this.standings().map((standing) => [formatAddress(standing.address), standing]))
    return this.#listed
      .filter(({ usable, priority }) => usable && priority > 0)
      .map(({ address }) => {
        const standing = standings.get(formatAddress(address))
        const isLinked = standing?.why === null || standing?.why === 'lag'
        const { offset = null, heardAtMs = 0 } = this.#watched.get(formatAddress(address)) ?? {}
        return { address, isFed: isLinked && standing.isUp, offset, heardAtMs }
      })
  }

  /** Asks every replica for its ROLE now. */
  beat(): void {
    for (const { watch } of this.#watched.values()) watch.beat()
  }

  /** Asks the replicas that are not known to have applied `offset` of that history. */
  findApplied(history: string, offset: number): void {
    if (history !== this.#history) for (const { applied } of this.#watched.values()) applied.offset = null
    this.#history = history
    for (const watched of this.#watched.values()) {
      const { isUp, isAsked, applied } = watched
      if (isUp && !isAsked && (applied.offset ?? -1) < offset) this.#findApplied(watched)
    }
  }

  close(): void {
    this.#refresh.cancel()
    for (const { watch } of this.#watched.values()) watch.close()
  }

  #watch(name: string, address: Address): void {
    const { dialer, clock, rules } = this.#options
    const watch = new NodeWatch({
      address,
      dialer,
      clock,
      intervalMs: rules.heartbeatIntervalMs,
      deadlineMs: rules.deadlineMs(),
      events: {
        onAlive: (report, roundTripMs) => {
          this.#heard(name, address, report, roundTripMs)
        },
        onSilent: () => {
          this.#down(name, address)
          // Reads may be read again elsewhere, so that none waits for a node that hangs.
          this.#options.lanes.cutReplica(address)
        },
        onLost: () => {
          this.#down(name, address)
        }
      }
    })
    this.#watched.set(name, {
      watch,
      latencyMs: 0,
      offset: null,
      applied: { offset: null },
      isAsked: false,
      heardAtMs: 0,
      isUp: false,
      wasReplica: false
    })
  }

  #heard(name: string, address: Address, report: RoleReport | undefined, roundTripMs: number): void {
    const watched = this.#watched.get(name)
    if (watched === undefined || report === undefined) return
    watched.isUp = true
    watched.latencyMs = roundTripMs
    watched.offset = report.offset
    const { clock } = this.#options
    watched.heardAtMs = clock.now()
    const isReplica = report.role === 'replica'
    this.#replicas.heard({
      address,
      role: isReplica ? 'slave' : 'master',
      masterHost: isReplica ? report.masterHost : '',
      masterPort: isReplica ? report.masterPort : 0,
      linkState: isReplica ? report.link : '',
      offset: report.offset,
      receivedAtMs: clock.now()
    })
    this.#tellLanes()
    // An old master goes on saying that it is master for about 10 s after it is listed as a replica.
    if (!isReplica && watched.wasReplica) this.#askHistory(watched.watch, address)
    watched.wasReplica = isReplica
  }

  // One that was started anew as a master of its own was not elected by anybody: it has none of our history.
  #askHistory(watch: NodeWatch, address: Address): void {
    watch.ask(['INFO', 'replication'], (reply) => {
      const info = parseReplication(reply)
      if (info?.previousId === this.#replicationId) this.#options.onPromoted(address)
    })
  }

  #findApplied(watched: Watched): void {
    watched.isAsked = true
    watched.watch.ask(['INFO', 'replication'], (reply) => {
      watched.isAsked = false
      const info = parseReplication(reply)
      const isSame = info?.replicationId === this.#history && !info.isMaster
      watched.applied.offset = isSame && watched.isUp ? (info.appliedOffset ?? null) : null
    })
  }

  #down(name: string, address: Address): void {
    const watched = this.#watched.get(name)
    if (watched === undefined) return
    watched.isUp = false
    watched.applied.offset = null
    this.#replicas.unheard(address)
    this.#tellLanes()
  }

  #tellLanes(): void {
    const { clock, lanes, rules } = this.#options
    lanes.setEligible(
      this.#replicas.eligible(clock.now()).map((address) => {
        const name = formatAddress(address)
        const isPreferred = rules.prefer !== '' && name.startsWith(rules.prefer)
        const watched = this.#watched.get(name)
        return {
          address,
          latencyMs: watched?.latencyMs ?? 0,
          isPreferred,
          applied: watched?.applied ?? UNKNOWN
        }
      })
    )
  }
}
