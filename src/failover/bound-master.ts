// The master that has the lanes: its heartbeat, where its history stands, and what speaks against it. Reports; the
// controller decides.
import type { Clock, Timer } from '../clock.ts'
import type { Topology } from '../topology/topology.ts'
import type { NodeProof, RedisSide, WatchedNode } from './redis-side.ts'

export type BoundMasterEvents = {
  readonly onDoubted: (why: string) => void
  /** It answered with its role as master and has not been started anew. */
  readonly onAlive: () => void
  /** Where its history stands, as it has just said itself. */
  readonly onOffset: (offset: number) => void
  /** It answered as master, started anew: it lost its memory, and perhaps its data. */
  readonly onRestarted: (topology: Topology) => void
}

export type BoundMasterOptions = {
  readonly clock: Clock
  readonly redis: RedisSide
  readonly topology: Topology
  readonly proof: NodeProof
  /** False when it is bound ahead of the Sentinels' word. */
  readonly isConfirmed: boolean
  readonly heartbeatIntervalMs: number
  readonly events: BoundMasterEvents
}

/** A master that is doubted again and again is asked ever more slowly. */
const FIRST_DELAY_MS = 10
const LAST_DELAY_MS = 500
const CALM_MS = 5000
/** So often it is asked for its replication id. */
const HISTORY_BEATS = 8

export class BoundMaster {
  topology: Topology
  isConfirmed: boolean
  /** A master without replicas takes another id when the first one attaches, with the same data. */
  replicationId: string
  readonly watch: WatchedNode
  /** Its replication offset as it last said itself. */
  offset: number
  readonly #runId: string
  readonly #clock: Clock
  readonly #events: BoundMasterEvents
  #isProofWanted = false
  #probe: Timer | undefined
  #delayMs = 0
  #probedAtMs = 0
  #beats = 0

  constructor(options: BoundMasterOptions) {
    const { clock, redis, topology, proof, heartbeatIntervalMs, events } = options
    this.topology = topology
    this.isConfirmed = options.isConfirmed
    this.replicationId = proof.replicationId
    this.#runId = proof.runId
    this.offset = proof.offset
    this.#clock = clock
    this.#events = events
    this.watch = redis.watch(topology.master, heartbeatIntervalMs, {
      onAlive: (role, offset) => {
        this.#heard(role, offset)
      },
      onSilent: () => {
        events.onDoubted('it does not answer')
      },
      onLost: (why) => {
        events.onDoubted(`its connection was lost: ${why}`)
      }
    })
  }

  /** The Sentinels name it; its replicas may have changed. */
  confirm(topology: Topology): void {
    this.isConfirmed = true
    this.topology = { ...topology, master: this.topology.master }
  }

  /** Whether the proof is of this very process, which has been master all the time. */
  isStill({ runId, replicationId }: NodeProof): boolean {
    return runId !== '' && runId === this.#runId && replicationId === this.replicationId
  }

  /** Whether the proof is of a node with the same data: this process, or one whose history is this one's. */
  hasSameHistory(proof: NodeProof): boolean {
    return this.#isSame(proof) || [proof.replicationId, proof.previousId].includes(this.replicationId)
  }

  /** Asks until it answers whether it is what was bound; `onAlive` or `onRestarted` follows. */
  probe(): void {
    this.#isProofWanted = true
    this.#probe?.cancel()
    const nowMs = this.#clock.now()
    if (nowMs - this.#probedAtMs > CALM_MS) this.#delayMs = 0
    this.#probedAtMs = nowMs
    this.#probe = this.#clock.after(this.#delayMs, () => {
      this.watch.beat()
    })
    this.#delayMs = Math.min(LAST_DELAY_MS, Math.max(FIRST_DELAY_MS, this.#delayMs * 2))
  }

  /** Nothing is in doubt any more, or something else is done about it. */
  endProbe(): void {
    this.#isProofWanted = false
    this.#probe?.cancel()
  }

  close(): void {
    this.endProbe()
    this.watch.close()
  }

  #heard(role: 'master' | 'replica' | undefined, offset: number): void {
    if (role === 'master') {
      this.offset = offset
      this.#events.onOffset(offset)
    }
    if (role === 'replica') this.#events.onDoubted('it says that it is a replica')
    else if (this.#isProofWanted) this.#prove()
    else if (++this.#beats % HISTORY_BEATS === 0) this.#learnHistory()
  }

  // An id that is not known makes the next handover unproved, and slower.
  #learnHistory(): void {
    this.watch.prove((proof) => {
      if (proof?.isMaster && this.#isSame(proof)) this.replicationId = proof.replicationId
    })
  }

  #prove(): void {
    this.watch.prove((proof) => {
      if (!this.#isProofWanted || !proof?.isMaster || proof.isRefusing) return
      this.endProbe()
      if (this.#isSame(proof)) {
        this.replicationId = proof.replicationId
        this.#events.onAlive()
      } else {
        this.#events.onRestarted(this.topology)
      }
    })
  }

  #isSame(proof: NodeProof): boolean {
    if (proof.runId === '' || this.#runId === '') return proof.replicationId === this.replicationId
    return proof.runId === this.#runId
  }
}
