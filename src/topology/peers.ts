// Which Sentinels to be connected to: the configured ones for ever, and those they know for as long as they know them.
// Pure: told what was listed, and when.
import type { Peer } from './sentinel-replies.ts'
import { formatAddress, type Address, type SameNode } from './topology.ts'

/** What one Sentinel lists; it never lists itself. */
export type Listing = {
  /** Its id, where it tells it. */
  readonly id: string | undefined
  readonly peers: readonly Peer[]
}

/** A connected seed, so that the same Sentinel is not asked twice under two addresses. */
export type SeedIdentity = { readonly address: Address; readonly id: string | undefined }

type Known = { readonly peer: Peer; readonly listedMs: number }

/** One votes at most once, so more than these would only cost connections. */
const maxSentinels = 32

export class Peers {
  readonly seeds: readonly Address[]
  readonly #forgetAfterMs: number
  readonly #known = new Map<string, Known>()

  constructor(seeds: readonly Address[], forgetAfterMs: number) {
    this.seeds = [...new Map(seeds.map((seed) => [formatAddress(seed), seed])).values()]
    this.#forgetAfterMs = forgetAfterMs
  }

  /** Takes in the listings of one look. Where nobody answered, nobody is forgotten. */
  learn(listings: readonly Listing[], nowMs: number): void {
    for (const { peers } of listings) for (const peer of peers) this.#add(peer, nowMs)
    for (const [id, { listedMs }] of this.#known) {
      // A Sentinel that is no longer one of them still lists the others, but nobody lists it.
      const isMissed = listings.some((listing) => listing.id !== id)
      if (isMissed && nowMs - listedMs > this.#forgetAfterMs) this.#known.delete(id)
    }
  }

  /** The learnt Sentinels to be connected to, those that are up first. */
  learnt(seeds: readonly SeedIdentity[], sameNode: SameNode): readonly Address[] {
    const isSeed = ({ id, address }: Peer): boolean =>
      seeds.some((seed) => seed.id === id || sameNode(seed.address, address))
    return [...this.#known.values()]
      .map(({ peer }) => peer)
      .filter((peer) => !isSeed(peer))
      .sort((a, b) => Number(a.down) - Number(b.down))
      .slice(0, Math.max(0, maxSentinels - this.seeds.length))
      .map(({ address }) => address)
  }

  // Two Sentinels may list one at two addresses while it moves: the one where it is up, else the first of this look.
  #add(peer: Peer, nowMs: number): void {
    const known = this.#known.get(peer.id)
    const isKept = known !== undefined && known.listedMs === nowMs && !known.peer.down
    this.#known.set(peer.id, { peer: isKept ? known.peer : peer, listedMs: nowMs })
  }
}
