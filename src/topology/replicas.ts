// Which replicas may serve reads, and how far each is behind. Fed with what masters and replicas say of themselves by
// ROLE; opens no connection and holds no timer.
import { formatAddress, type Address, type ReplicaReport, type SameNode, type Topology } from './topology.ts'

/** A node's answer to ROLE on its service lane. */
export type ReplicaBeat = {
  readonly address: Address
  /** As on the wire. */
  readonly role: 'master' | 'slave' | 'sentinel'
  readonly masterHost: string
  readonly masterPort: number
  /** connect, connecting, handshake, sync or connected. */
  readonly linkState: string
  /** What it has applied, in bytes of the replication stream; -1 while it has none. */
  readonly offset: number
  readonly receivedAtMs: number
  /** master_replid, where it is known; it then decides whom the replica follows, in place of the address. */
  readonly replicationId?: string
}

export type ReplicasOptions = {
  readonly sameNode: SameNode
  /** A replica further behind than this serves no reads. */
  readonly maxLagMs: number
  /** For how long replicas serve while none of them has a link to the master; 0 for not at all. */
  readonly staleWindowMs: number
  /** A replica that has not answered for so long serves no reads. */
  readonly beatTtlMs: number
}

export type WhyNotReadable =
  | 'down' // s_down, o_down or disconnected, as the Sentinels see it
  | 'unheard' // no answer to ROLE, or none lately
  | 'not-replica'
  | 'other-master'
  | 'link-down'
  | 'lag'

export type ReplicaStanding = {
  readonly address: Address
  /** Null when it may serve reads. */
  readonly why: WhyNotReadable | null
  /** When it last answered, how long before that the master was where it is; null while unknown. */
  readonly lagMs: number | null
  readonly lagBytes: number | null
}

type Sample = { readonly atMs: number; readonly offset: number }

type Replica = {
  report: ReplicaReport
  beat: ReplicaBeat | undefined
  lagMs: number | null
  lagBytes: number | null
  /** When it was first heard without a link to a master it had one to; undefined while it has one or never had. */
  linkLostMs: number | undefined
}

// Lag is known to within this part of its limit.
const samplesPerLimit = 64

export class Replicas {
  readonly #options: ReplicasOptions
  readonly #replicas = new Map<string, Replica>()
  #master: Address | undefined
  #replicationId: string | undefined
  /** Where the master was, oldest first, thinned; reaches back a little further than the limit. */
  #samples: Sample[] = []
  #latest: Sample | undefined

  constructor(options: ReplicasOptions) {
    this.#options = options
  }

  /** A believed topology, at a rebind and whenever its replicas change. What was heard of those that stay is kept. */
  adopt(topology: Topology, replicationId?: string): void {
    if (this.#isRebound(topology.master, replicationId)) {
      this.#samples = []
      this.#latest = undefined
      // What they hold beyond the handover is lost, and what is written from here on reaches them only once they follow.
      for (const replica of this.#replicas.values()) replica.linkLostMs = undefined
    }
    this.#master = topology.master
    this.#replicationId = replicationId
    const listed = new Map(topology.replicas.map((report) => [formatAddress(report.address), report]))
    for (const name of this.#replicas.keys()) if (!listed.has(name)) this.#replicas.delete(name)
    for (const [name, report] of listed) {
      const replica = this.#replicas.get(name)
      if (replica === undefined) this.#replicas.set(name, unheard(report))
      else replica.report = report
    }
  }

  /** Where the adopted master is, as its own ROLE says. */
  masterAt(offset: number, atMs: number): void {
    // The master began anew under the same address.
    if (this.#latest !== undefined && offset < this.#latest.offset) this.#samples = []
    const { maxLagMs } = this.#options
    const sample = { atMs, offset }
    const last = this.#samples.at(-1)
    if (last === undefined || atMs - last.atMs >= maxLagMs / samplesPerLimit) this.#samples.push(sample)
    const second = this.#samples[1]
    if (second !== undefined && atMs - second.atMs > maxLagMs) this.#samples.shift()
    this.#latest = sample
  }

  /** Beats of nodes that are not listed are ignored. */
  heard(beat: ReplicaBeat): void {
    const replica = this.#replicas.get(formatAddress(beat.address))
    if (replica === undefined) return
    const hadLink = replica.beat?.linkState === 'connected'
    replica.beat = beat
    if (beat.linkState !== 'connected') {
      if (hadLink) replica.linkLostMs = beat.receivedAtMs
      return
    }
    replica.linkLostMs = undefined
    replica.lagMs = this.#lagMs(beat)
    replica.lagBytes = this.#latest === undefined ? null : Math.max(0, this.#latest.offset - beat.offset)
  }

  /** Those that may serve reads. */
  eligible(nowMs: number): readonly Address[] {
    return this.standings(nowMs).flatMap(({ address, why }) => (why === null ? [address] : []))
  }

  /** Every listed replica and what keeps it from serving. */
  standings(nowMs: number): readonly ReplicaStanding[] {
    const replicas = [...this.#replicas.values()]
    const whys = replicas.map((replica) => this.#why(replica, nowMs))
    const isCutOff = whys.every((why) => why !== null && why !== 'lag')
    return replicas.map((replica, index) => {
      const { report, lagMs, lagBytes } = replica
      const why = whys[index] ?? null
      const mayBeStale = isCutOff && why === 'link-down' && this.#isLately(replica, nowMs)
      return { address: report.address, why: mayBeStale ? null : why, lagMs, lagBytes }
    })
  }

  #isRebound(master: Address, replicationId: string | undefined): boolean {
    if (this.#master === undefined || !this.#options.sameNode(this.#master, master)) return true
    return (
      replicationId !== undefined &&
      this.#replicationId !== undefined &&
      replicationId !== this.#replicationId
    )
  }

  #why({ report, beat, lagMs }: Replica, nowMs: number): WhyNotReadable | null {
    const { beatTtlMs, maxLagMs } = this.#options
    if (!report.usable) return 'down'
    if (beat === undefined || nowMs - beat.receivedAtMs > beatTtlMs) return 'unheard'
    if (beat.role !== 'slave') return 'not-replica'
    if (beat.linkState !== 'connected') return 'link-down'
    if (!this.#follows(beat)) return 'other-master'
    return lagMs !== null && lagMs > maxLagMs ? 'lag' : null
  }

  // It had caught up when its link went, and that is not long ago.
  #isLately({ lagMs, linkLostMs }: Replica, nowMs: number): boolean {
    const { maxLagMs, staleWindowMs } = this.#options
    if (linkLostMs === undefined || nowMs - linkLostMs >= staleWindowMs) return false
    return lagMs === null || lagMs <= maxLagMs
  }

  #follows({ masterHost, masterPort, replicationId }: ReplicaBeat): boolean {
    if (replicationId !== undefined && this.#replicationId !== undefined)
      return replicationId === this.#replicationId
    const master = this.#master
    return master !== undefined && this.#options.sameNode({ host: masterHost, port: masterPort }, master)
  }

  // The replica holds all that was written until the master was at its offset. Never less than the truth, and more by
  // at most the distance of two samples.
  #lagMs({ offset, receivedAtMs }: ReplicaBeat): number | null {
    if (this.#latest === undefined) return null
    if (offset >= this.#latest.offset) return 0
    const passed = this.#samples.findLast((sample) => sample.offset <= offset) ?? this.#samples[0]
    return passed === undefined ? null : Math.max(0, receivedAtMs - passed.atMs)
  }
}

function unheard(report: ReplicaReport): Replica {
  return { report, beat: undefined, lagMs: null, lagBytes: null, linkLostMs: undefined }
}
