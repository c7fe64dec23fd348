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
  /** When it was last heard with a link, how long before that the master was where it is; null while unknown. */
  readonly lagMs: number | null
  readonly lagBytes: number | null
}

type Sample = { readonly atMs: number; readonly offset: number }

type Replica = {
  report: ReplicaReport
  beat: ReplicaBeat | undefined
  lagMs: number | null
  lagBytes: number | null
  /** It is behind all that is remembered of the master, so `lagMs` is only the least it can be. */
  isFarBehind: boolean
  /** Whether it had a link to our master when it was last heard. */
  hadLink: boolean
  /** When it was first heard without the link it had had; undefined while it has one or never had. */
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
      for (const replica of this.#replicas.values()) Object.assign(replica, unknownLink)
    }
    this.#master = topology.master
    this.#replicationId = replicationId
    const listed = new Map(topology.replicas.map((report) => [formatAddress(report.address), report]))
    for (const name of this.#replicas.keys()) if (!listed.has(name)) this.#replicas.delete(name)
    for (const [name, report] of listed) {
      const replica = this.#replicas.get(name)
      if (replica === undefined) this.#replicas.set(name, unknown(report))
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
    const isLinked = beat.linkState === 'connected' && this.#follows(beat)
    if (isLinked) {
      replica.linkLostMs = undefined
      this.#measure(replica, beat)
    } else if (replica.hadLink) {
      replica.linkLostMs = beat.receivedAtMs
    }
    replica.beat = beat
    replica.hadLink = isLinked
  }

  /** It did not answer, or its connection is gone: it serves no reads until it is heard again. */
  unheard(address: Address): void {
    const replica = this.#replicas.get(formatAddress(address))
    if (replica === undefined) return
    replica.beat = undefined
    // It may come back as another process, with nothing: only what it says from then on counts.
    replica.hadLink = false
    replica.linkLostMs = undefined
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

  #why(replica: Replica, nowMs: number): WhyNotReadable | null {
    const { report, beat } = replica
    const { beatTtlMs } = this.#options
    if (!report.usable) return 'down'
    if (beat === undefined || nowMs - beat.receivedAtMs > beatTtlMs) return 'unheard'
    if (beat.role !== 'slave') return 'not-replica'
    if (beat.linkState !== 'connected') return 'link-down'
    if (!this.#follows(beat)) return 'other-master'
    return this.#isLagging(replica) ? 'lag' : null
  }

  #isLagging({ lagMs, isFarBehind }: Replica): boolean {
    return isFarBehind || (lagMs !== null && lagMs > this.#options.maxLagMs)
  }

  // It had caught up when its link went, and that is not long ago.
  #isLately(replica: Replica, nowMs: number): boolean {
    const { linkLostMs } = replica
    if (linkLostMs === undefined || nowMs - linkLostMs >= this.#options.staleWindowMs) return false
    return !this.#isLagging(replica)
  }

  #follows({ masterHost, masterPort, replicationId }: ReplicaBeat): boolean {
    if (replicationId !== undefined && this.#replicationId !== undefined)
      return replicationId === this.#replicationId
    const master = this.#master
    return master !== undefined && this.#options.sameNode({ host: masterHost, port: masterPort }, master)
  }

  // The replica holds all that was written until the master was at its offset. Never less than the truth, and more by
  // at most the distance of two samples.
  #measure(replica: Replica, { offset, receivedAtMs }: ReplicaBeat): void {
    const latest = this.#latest
    const [oldest] = this.#samples
    if (latest === undefined || oldest === undefined) return
    const passed = this.#samples.findLast((sample) => sample.offset <= offset)
    replica.lagMs = offset >= latest.offset ? 0 : Math.max(0, receivedAtMs - (passed ?? oldest).atMs)
    replica.lagBytes = Math.max(0, latest.offset - offset)
    replica.isFarBehind = passed === undefined
  }
}

const unknownLink = {
  lagMs: null,
  lagBytes: null,
  isFarBehind: false,
  hadLink: false,
  linkLostMs: undefined
} as const

function unknown(report: ReplicaReport): Replica {
  return { report, beat: undefined, ...unknownLink }
}
