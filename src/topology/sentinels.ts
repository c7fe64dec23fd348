// All Sentinels of one master: keeps a link to each one that is known, listens to what they publish, and asks them all
// at once. Reports what they say and believes nothing; decide.ts does that.
import type { Clock, Timer } from '../clock.ts'
import { messageOf, ProxyError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Names, type Lookup } from './names.ts'
import type { Failure, Observation, Vote } from './observation.ts'
import { Peers } from './peers.ts'
import { dialSentinel, type Dial } from './sentinel-connection.ts'
import { lookAfter, parseEvent, sentinelEventNames } from './sentinel-events.ts'
import type { ParsedEvent, SentinelEventName } from './sentinel-events.ts'
import { SentinelLink, type LinkOptions, type LinkState } from './sentinel-link.ts'
import type { Answered } from './sentinel-replies.ts'
import { formatAddress, reachable, type Address, type NatMap, type SameNode } from './topology.ts'

/** An event of our master, or of the Sentinel itself, with the natMap applied. `sentinel` is who published it. */
export type SentinelEvent = ParsedEvent & { readonly sentinel: string }

export type SentinelListener = {
  /** One complete look: every Sentinel's vote or failure. */
  readonly observed: (observation: Observation) => void
  /** As soon as a Sentinel publishes it; the same event comes from several of them, seconds apart. */
  readonly announced: (event: SentinelEvent) => void
}

export type SentinelsOptions = {
  readonly seeds: readonly Address[]
  readonly masterName: string
  readonly username?: string
  readonly password?: string
  /** How long a Sentinel may take to connect or to answer; a look takes no longer. */
  readonly timeoutMs: number
  readonly pollIntervalMs: number
  readonly natMap: NatMap
  readonly clock: Clock
  readonly log: Log
  /** How often the Sentinels are asked for one another; 10 s. */
  readonly peersIntervalMs?: number
  readonly dial?: Dial
  readonly lookup?: Lookup
  readonly random?: () => number
}

export type SentinelState = LinkState & {
  readonly sentinel: string
  /** Named in the settings, so it is never dropped. */
  readonly isSeed: boolean
  /** What it said in the last look, or null if it failed then. */
  readonly vote: Vote | null
}

export type SentinelCounts = {
  readonly looks: number
  /** Sentinels that failed, summed over all looks. */
  readonly failures: number
  readonly events: Readonly<Record<SentinelEventName | 'other', number>>
}

type Result = { readonly link: SentinelLink; readonly result: Answered | Failure }

export class Sentinels {
  /** For comparing addresses as Sentinels and Redis announce them; never waits. */
  readonly sameNode: SameNode
  readonly #options: SentinelsOptions
  readonly #listener: SentinelListener
  readonly #linkOptions: LinkOptions
  readonly #names: Names
  readonly #peers: Peers
  readonly #peersIntervalMs: number
  readonly #links = new Map<string, SentinelLink>()
  readonly #closing = new Set<Promise<void>>()
  readonly #events = Object.fromEntries(sentinelEventNames.map((name) => [name, 0])) as Record<
    SentinelEventName | 'other',
    number
  >
  #looks = 0
  #failures = 0
  #isClosed = false
  #poll: Timer | undefined
  #peersDueMs = 0
  #last: Observation | undefined
  #looking: Promise<Observation> | undefined
  #queued: Promise<Observation> | undefined

  constructor(options: SentinelsOptions, listener: SentinelListener) {
    const { dial = dialSentinel, random = Math.random, peersIntervalMs = 10_000, lookup } = options
    this.#options = options
    this.#listener = listener
    this.#linkOptions = { ...options, dial, random }
    this.#names = new Names({ ...options, ...(lookup === undefined ? {} : { lookup }) })
    this.sameNode = this.#names.sameNode
    this.#peersIntervalMs = peersIntervalMs
    this.#peers = new Peers(options.seeds, 3 * peersIntervalMs)
  }

  /** Dials the seeds and makes the first look, which waits for their first dial. */
  start(): void {
    this.#peersDueMs = this.#options.clock.now()
    this.#connect()
    void this.ask('start')
    this.#schedule()
  }

  /**
   * A look at all Sentinels that begins after this call; `observed` is called before it resolves. Never rejects, and
   * takes no longer than twice the timeout. While one is under way, all who ask share the one after it.
   */
  ask(reason: string): Promise<Observation> {
    if (this.#looking === undefined) return this.#begin(reason)
    this.#queued ??= this.#looking.then(() => {
      this.#queued = undefined
      return this.#begin(reason)
    })
    return this.#queued
  }

  /**
   * SENTINEL FAILOVER on one Sentinel that reaches a quorum; resolves when it has agreed to begin. Rejects with
   * SENTINEL when it refuses (INPROG, NOGOODSLAVE), when none can be asked, and when its answer did not come in time,
   * in which case the failover may have begun.
   */
  async failover(): Promise<void> {
    const { masterName } = this.#options
    const { votes } = await this.ask('failover')
    const [best] = votes.filter((vote) => vote.usable && vote.tilt !== true).sort((a, b) => b.epoch - a.epoch)
    const link = best === undefined ? undefined : this.#links.get(best.sentinel)
    if (link === undefined) throw new ProxyError('SENTINEL', 'no Sentinel that reaches a quorum can be asked')
    try {
      await link.command('sentinel', 'FAILOVER', masterName)
    } catch (error) {
      throw new ProxyError('SENTINEL', `Sentinel ${link.name}: ${messageOf(error)}`, { cause: error })
    }
  }

  states(): readonly SentinelState[] {
    const seeds = new Set(this.#peers.seeds.map(formatAddress))
    return [...this.#links.values()].map((link) => ({
      sentinel: link.name,
      isSeed: seeds.has(link.name),
      ...link.state(),
      vote: this.#last?.votes.find((vote) => vote.sentinel === link.name) ?? null
    }))
  }

  counts(): SentinelCounts {
    return { looks: this.#looks, failures: this.#failures, events: this.#events }
  }

  /** Resolves when no socket and no timer is left. Nothing is reported after the call. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#poll?.cancel()
    for (const link of this.#links.values()) this.#drop(link)
    await Promise.all(this.#closing)
    while (this.#looking !== undefined) await this.#looking
  }

  #schedule(): void {
    this.#poll = this.#options.clock.after(this.#options.pollIntervalMs, () => {
      if (this.#looking === undefined) void this.ask('poll')
      this.#schedule()
    })
  }

  #begin(reason: string): Promise<Observation> {
    const looking = this.#look(reason)
    this.#looking = looking
    void looking.then(() => {
      if (this.#queued === undefined) this.#looking = undefined
    })
    return looking
  }

  async #look(reason: string): Promise<Observation> {
    const { clock, timeoutMs } = this.#options
    const startedAtMs = clock.now()
    const withPeers = startedAtMs >= this.#peersDueMs
    if (withPeers) this.#peersDueMs = startedAtMs + this.#peersIntervalMs
    const results = await Promise.all(
      this.#voters().map(async (link): Promise<Result> => ({ link, result: await link.look(withPeers) }))
    )
    const votes = results.flatMap(({ result }) => ('vote' in result ? [result.vote] : []))
    const failures = results.flatMap(({ result }) => ('vote' in result ? [] : [result]))
    await this.#names.settle(hostsOf(votes, [...this.#links.values()]), timeoutMs)
    const observation: Observation = { reason, startedAtMs, votes, failures }
    if (!this.#isClosed) this.#report(observation, results)
    return observation
  }

  #report(observation: Observation, results: readonly Result[]): void {
    this.#looks += 1
    this.#failures += observation.failures.length
    this.#last = observation
    const listings = results.flatMap(({ link, result }) =>
      'peers' in result ? [{ id: link.id, peers: result.peers }] : []
    )
    if (listings.length > 0) {
      this.#peers.learn(listings, observation.startedAtMs)
      this.#connect()
    }
    this.#listener.observed(observation)
  }

  // One that is reached under two addresses votes once.
  #voters(): readonly SentinelLink[] {
    const links = [...this.#links.values()]
    const seen = new Set<string>()
    return [...links.filter((link) => link.isOpen), ...links.filter((link) => !link.isOpen)].filter(
      ({ id }) => {
        if (id === undefined) return true
        const isFirst = !seen.has(id)
        seen.add(id)
        return isFirst
      }
    )
  }

  // Opens the links that are missing and closes those that are wanted no more.
  #connect(): void {
    const seeds = this.#peers.seeds.map((address) => ({
      address,
      id: this.#links.get(formatAddress(address))?.id
    }))
    const addresses = [...this.#peers.seeds, ...this.#peers.learnt(seeds, this.sameNode)]
    const wanted = new Map(addresses.map((address) => [formatAddress(address), address]))
    for (const link of this.#links.values()) if (!wanted.has(link.name)) this.#drop(link)
    for (const [name, address] of wanted) if (!this.#links.has(name)) this.#open(address)
  }

  #open(address: Address): void {
    const link: SentinelLink = new SentinelLink(address, this.#linkOptions, {
      opened: () => {
        void this.ask('connected')
      },
      published: (channel, text) => {
        this.#published(link, channel, text)
      }
    })
    this.#links.set(link.name, link)
  }

  #drop(link: SentinelLink): void {
    this.#links.delete(link.name)
    const closing = link.close()
    this.#closing.add(closing)
    void closing.then(() => this.#closing.delete(closing))
  }

  #published(link: SentinelLink, channel: string, text: string): void {
    const parsed = parseEvent(channel, text, this.#options.masterName)
    if (parsed === 'foreign') return
    if (parsed === 'other') {
      this.#events.other += 1
      return
    }
    this.#events[parsed.name] += 1
    this.#listener.announced({ ...translated(parsed, this.#options.natMap), sentinel: link.name })
    const look = lookAfter(parsed.name)
    if (look === 'peers') this.#peersDueMs = 0
    if (look !== 'none') void this.ask(parsed.name)
  }
}

function translated(event: ParsedEvent, natMap: NatMap): ParsedEvent {
  const { address, master, candidate } = event
  return {
    ...event,
    ...(address === undefined ? {} : { address: reachable(natMap, address) }),
    ...(master === undefined ? {} : { master: reachable(natMap, master) }),
    ...(candidate === undefined ? {} : { candidate: reachable(natMap, candidate) })
  }
}

// Every name that is about to be compared with another.
function* hostsOf(votes: readonly Vote[], links: readonly SentinelLink[]): Generator<string> {
  for (const { address } of links) yield address.host
  for (const vote of votes) {
    if (vote.address !== null) yield vote.address.host
    for (const { address, follows } of vote.replicas) {
      yield address.host
      if (follows !== null) yield follows.host
    }
  }
}
