// From what the Sentinels say to what the failover controller is told: judges each look, forwards the signs of an
// election, and says in the log, once for each change, why nobody can be believed.
import type { Clock } from './clock.ts'
import { messageOf } from './errors.ts'
import type { Log } from './log.ts'
import { decide } from './topology/decide.ts'
import type { Observation } from './topology/observation.ts'
import { Sentinels, type SentinelEvent, type SentinelsOptions } from './topology/sentinels.ts'
import type { Address, SameNode, Topology } from './topology/topology.ts'

/** From which sign of an election on writes are held. */
export type EarlyHold = 'try-failover' | 'elected' | 'selected' | 'noone'

export type DiscoveryListener = {
  readonly believed: (topology: Topology) => void
  readonly electionSeen: (why: string, candidate: Address | undefined) => void
  readonly electionOver: (why: string) => void
  readonly doubted: (why: string) => void
  readonly quorumLost: () => void
  /** The Sentinels' down-after is another one than was known. */
  readonly downAfter: (ms: number) => void
}

export type DiscoveryRules = { readonly fence: 'available' | 'strict'; readonly earlyHold: EarlyHold }

export type DiscoveryOptions = {
  readonly sentinels: SentinelsOptions
  readonly rules: DiscoveryRules
  readonly clock: Clock
  readonly log: Log
  readonly adopted: () => Topology | undefined
}

const SIGNS: Readonly<Record<string, number>> = {
  '+try-failover': 0,
  '+elected-leader': 1,
  '+failover-state-select-slave': 1,
  '+selected-slave': 2,
  '+failover-state-send-slaveof-noone': 3,
  '+failover-state-wait-promotion': 3
}
const HOLD_FROM: Readonly<Record<EarlyHold, number>> = {
  'try-failover': 0,
  elected: 1,
  selected: 2,
  noone: 3
}

/** Sentinel's own default for down-after-milliseconds is 30 s; nobody has said anything else yet. */
const UNKNOWN_DOWN_AFTER_MS = 30_000

export class Discovery {
  readonly sentinels: Sentinels
  readonly counters = { minorityVotes: 0 }
  readonly #options: DiscoveryOptions
  readonly #listener: DiscoveryListener
  #lowerSinceMs: number | undefined
  #quorumAtMs: number
  #candidate: Address | undefined
  #complaint = ''
  /** Whether the last look found Sentinels that are to be believed. */
  hasQuorum = false
  /** Whether a majority of all Sentinels answered it: what one says of the others is older. */
  hasMajority = false
  downAfterMs = UNKNOWN_DOWN_AFTER_MS

  constructor(options: DiscoveryOptions, listener: DiscoveryListener) {
    this.#options = options
    this.#listener = listener
    this.#quorumAtMs = options.clock.now()
    this.sentinels = new Sentinels(options.sentinels, {
      observed: (observation) => {
        this.#observed(observation)
      },
      announced: (event) => {
        this.#announced(event)
      }
    })
  }

  get sameNode(): SameNode {
    return this.sentinels.sameNode
  }

  /** Why nobody could be believed in the last look; empty if somebody was. */
  get complaint(): string {
    return this.#complaint
  }

  start(): void {
    this.sentinels.start()
  }

  ask(reason: string): void {
    void this.sentinels.ask(reason)
  }

  /** A look at all Sentinels that begins now; never rejects, and what it saw is judged before it resolves. */
  look(reason: string): Promise<unknown> {
    return this.sentinels.ask(reason)
  }

  /** Asks for an election; resolves with the reason when it was refused or no answer came. */
  async failover(): Promise<string | undefined> {
    try {
      await this.sentinels.failover()
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }

  #observed(observation: Observation): void {
    const { clock, adopted, sentinels } = this.#options
    this.#learn(observation)
    const current = adopted()
    const verdict = decide({
      observation,
      masterName: sentinels.masterName,
      adopted: current,
      lowerSinceMs: this.#lowerSinceMs,
      nowMs: clock.now(),
      sameNode: this.sameNode
    })
    this.#lowerSinceMs = verdict.lowerSinceMs
    this.counters.minorityVotes += verdict.minority.length
    this.hasQuorum = verdict.kind === 'believe' || verdict.why === 'lower-epoch'
    const named = observation.votes.filter(({ address }) => address !== null)
    const known = Math.max(0, ...named.map(({ knownSentinels }) => knownSentinels))
    this.hasMajority = this.hasQuorum && named.length > known / 2
    this.#complain(verdict.kind === 'believe' ? '' : verdict.text)
    if (this.hasQuorum) this.#quorumAtMs = clock.now()
    if (verdict.kind === 'believe') this.#listener.believed(verdict.topology)
    else this.#fence()
  }

  // A Sentinel that does not know the name has no down-after for it.
  #learn({ votes }: Observation): void {
    const vote = votes.find(({ address }) => address !== null)
    if (vote === undefined || vote.downAfterMs === this.downAfterMs) return
    this.downAfterMs = vote.downAfterMs
    this.#listener.downAfter(vote.downAfterMs)
  }

  #fence(): void {
    const lostMs = this.#options.clock.now() - this.#quorumAtMs
    if (this.#options.rules.fence === 'strict' && lostMs >= this.downAfterMs) this.#listener.quorumLost()
  }

  #complain(text: string): void {
    if (text === this.#complaint) return
    this.#complaint = text
    if (text === '') this.#options.log.info({}, 'the Sentinels agree on a master')
    else this.#options.log.warn({}, text)
  }

  #announced(event: SentinelEvent): void {
    const { name } = event
    this.#options.log.debug({ sentinel: event.sentinel, event: name }, 'sentinel event')
    if (name.startsWith('-failover-abort')) {
      this.#candidate = undefined
      this.#listener.electionOver(name)
    } else if (name === '+odown' || name === '+reboot') {
      const bound = this.#options.adopted()?.master
      // Of the master we left, they may go on saying so for a while.
      if (bound !== undefined && event.address !== undefined && this.sameNode(bound, event.address)) {
        this.#listener.doubted(name)
      }
    } else {
      this.#sign(event)
    }
  }

  #sign({ name, candidate }: SentinelEvent): void {
    const rank = SIGNS[name]
    if (rank === undefined) return
    if (rank === 0) this.#candidate = undefined
    if (candidate !== undefined) this.#candidate = candidate
    if (rank >= HOLD_FROM[this.#options.rules.earlyHold]) this.#listener.electionSeen(name, this.#candidate)
  }
}
