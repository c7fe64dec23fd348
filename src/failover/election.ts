// Follows one election from its first sign: watches the candidate until it says that it is master. Reports; the
// controller decides.
import type { Clock, Timer } from '../clock.ts'
import { formatAddress, type Address, type SameNode } from '../topology/topology.ts'
import type { NodeProof, RedisSide, WatchedNode } from './redis-side.ts'

export type ElectionEvents = {
  /** The candidate is master, and this is what it said. */
  readonly onCandidateProved: (candidate: Address, proof: NodeProof) => void
  /** No candidate was named, or it did not become master, in time. */
  readonly onExpired: (why: string) => void
  readonly mark: (what: string) => void
}

const CANDIDATE_BEAT_MS = 10
const WITHOUT_CANDIDATE_MS = 1000
const WITH_CANDIDATE_MS = 5000

export class Election {
  readonly #clock: Clock
  readonly #redis: RedisSide
  readonly #sameNode: SameNode
  readonly #events: ElectionEvents
  #candidate: { readonly address: Address; readonly watch: WatchedNode } | undefined
  #expiry: Timer | undefined
  #isProving = false
  #isOver = false

  constructor(clock: Clock, redis: RedisSide, sameNode: SameNode, events: ElectionEvents) {
    this.#clock = clock
    this.#redis = redis
    this.#sameNode = sameNode
    this.#events = events
    this.awaitCandidate(WITHOUT_CANDIDATE_MS)
  }

  get hasCandidate(): boolean {
    return this.#candidate !== undefined
  }

  /** The first candidate has so long to be named, from now. */
  awaitCandidate(withinMs: number): void {
    if (this.#isOver || this.hasCandidate) return
    this.#expiry?.cancel()
    this.#expiry = this.#clock.after(withinMs, () => {
      this.#events.onExpired('no candidate was named in time')
    })
  }

  /** The Sentinels chose this replica; the last one named counts. */
  name(address: Address): void {
    if (this.#isOver || (this.#candidate && this.#sameNode(this.#candidate.address, address))) return
    this.#candidate?.watch.close()
    this.#expiry?.cancel()
    this.#expiry = this.#clock.after(WITH_CANDIDATE_MS, () => {
      this.#events.onExpired('the candidate did not become master in time')
    })
    this.#events.mark(`candidate ${formatAddress(address)}`)
    const watch = this.#redis.watch(address, CANDIDATE_BEAT_MS, {
      onAlive: (role) => {
        if (role === 'master') this.#prove(address, watch)
      },
      onSilent: () => undefined,
      onLost: () => {
        this.#isProving = false
      }
    })
    this.#candidate = { address, watch }
  }

  end(): void {
    this.#isOver = true
    this.#expiry?.cancel()
    this.#candidate?.watch.close()
  }

  #prove(address: Address, watch: WatchedNode): void {
    if (this.#isProving || this.#isOver) return
    this.#isProving = true
    this.#events.mark('the candidate says that it is master')
    watch.prepare()
    watch.prove((proof) => {
      this.#isProving = false
      if (this.#isOver || this.#candidate?.watch !== watch) return
      if (proof?.isMaster && !proof.isRefusing) this.#events.onCandidateProved(address, proof)
    })
  }
}
