// Whom to believe: one look at the Sentinels and what is adopted so far become a verdict. Pure. That a believed address
// really is a master, only its own ROLE can say.
import type { Failure, Observation, Vote } from './observation.ts'
import { sameAddress, type Address, type ReplicaReport, type SameNode, type Topology } from './topology.ts'

export type Adopted = { readonly master: Address; readonly epoch: number }

export type DecideInput = {
  readonly observation: Observation
  readonly masterName: string
  readonly adopted: Adopted | undefined
  /** As the last verdict gave it; undefined at first. */
  readonly lowerSinceMs: number | undefined
  readonly nowMs: number
  readonly sameNode: SameNode
  /** How long a majority must have named only lower epochs before they are believed. */
  readonly lowerEpochAfterMs?: number
}

export type WhyNot =
  | 'no-sentinel' // none could be reached, or none answered in time
  | 'auth' // every answer was that the password is missing or wrong
  | 'not-sentinel' // what answered are no Sentinels
  | 'denied' // they refuse to answer
  | 'unknown-master' // they do not know the name
  | 'no-quorum' // those that answered cannot reach a majority
  | 'lower-epoch' // their epoch is older than the adopted one

export type Verdict = {
  /** Sentinels that are not to be believed and name another master than the one believed or adopted. */
  readonly minority: readonly string[]
  /** Since when a majority has named only lower epochs; to be handed to the next call. */
  readonly lowerSinceMs: number | undefined
} & (
  | { readonly kind: 'believe'; readonly topology: Topology; readonly votes: number }
  /** Nothing to adopt: `keep` what is adopted, or `none` if there is nothing. `text` is one line for people. */
  | { readonly kind: 'keep' | 'none'; readonly why: WhyNot; readonly text: string }
)

/** Longer than the hello messages (2 s) by which a restarted Sentinel learns the epoch of the others. */
const defaultLowerEpochAfterMs = 5000

/**
 * [F6] The address at the highest config-epoch, among Sentinels that reach a majority. Never back to a lower epoch,
 * unless a majority has named nothing else for a while: operators remove and monitor a master anew, and Sentinels
 * lose their files; both restart the epoch.
 */
export function decide(input: DecideInput): Verdict {
  const { observation, adopted, sameNode } = input
  const trusted = trustedOf(observation.votes)
  const [first] = trusted
  if (first === undefined) {
    const minority = dissent(input, trusted, adopted?.master)
    return { ...unbelieved(input, whyNot(observation)), minority, lowerSinceMs: undefined }
  }
  const believed = winners(trusted, adopted, sameNode)
  const epoch = believed[0].epoch
  const lowerSinceMs = lowerSince(input, trusted, epoch)
  const { lowerEpochAfterMs = defaultLowerEpochAfterMs, nowMs } = input
  if (adopted !== undefined && epoch < adopted.epoch) {
    const isProved = lowerSinceMs !== undefined && nowMs - lowerSinceMs >= lowerEpochAfterMs
    if (!isProved) {
      const minority = dissent(input, trusted, adopted.master)
      return { ...unbelieved(input, 'lower-epoch'), minority, lowerSinceMs }
    }
  }
  const master = spelled(believed[0].address, adopted, sameNode)
  return {
    kind: 'believe',
    topology: { master, replicas: replicasOf(believed, master, sameNode), epoch },
    votes: trusted.filter((vote) => sameNode(vote.address, master)).length,
    minority: dissent(input, trusted, master),
    lowerSinceMs: undefined
  }
}

type Named = Vote & { readonly address: Address }
type Some<T> = readonly [T, ...T[]]

function isNamed(vote: Vote): vote is Named {
  return vote.address !== null
}

// What CKQUORUM says in TILT rests on what was seen before it, so such a vote counts only where there is no other.
// A Sentinel of another system, or one that has forgotten its peers, reaches a majority of the few it knows: it is not
// believed beside others that know more than twice as many.
function trustedOf(votes: readonly Vote[]): readonly Named[] {
  const reaching = votes.filter(isNamed).filter((vote) => vote.usable)
  const most = Math.max(0, ...reaching.map((vote) => vote.knownSentinels))
  const usable = reaching.filter((vote) => vote.knownSentinels * 2 > most)
  const upright = usable.filter((vote) => vote.tilt !== true)
  return upright.length > 0 ? upright : usable
}

// Of the votes at the highest epoch those that name one node: the node most of them name, else the adopted one.
function winners(trusted: readonly Named[], adopted: Adopted | undefined, sameNode: SameNode): Some<Named> {
  const epoch = Math.max(...trusted.map((vote) => vote.epoch))
  const groups: [Named, ...Named[]][] = []
  for (const vote of trusted) {
    if (vote.epoch !== epoch) continue
    const group = groups.find(([other]) => sameNode(other.address, vote.address))
    if (group === undefined) groups.push([vote])
    else group.push(vote)
  }
  const isAdopted = ([vote]: Some<Named>): boolean =>
    adopted !== undefined && sameNode(vote.address, adopted.master)
  return groups.reduce((best, group) => {
    if (group.length !== best.length) return group.length > best.length ? group : best
    return isAdopted(group) ? group : best
  })
}

function lowerSince(input: DecideInput, trusted: readonly Named[], epoch: number): number | undefined {
  const { adopted, lowerSinceMs, nowMs } = input
  if (adopted === undefined || epoch >= adopted.epoch) return undefined
  const known = Math.max(...trusted.map((vote) => vote.knownSentinels))
  return trusted.length >= Math.floor(known / 2) + 1 ? (lowerSinceMs ?? nowMs) : undefined
}

// The adopted spelling stays: a name that Sentinels announce by turns as an address is not another master.
function spelled(address: Address, adopted: Adopted | undefined, sameNode: SameNode): Address {
  return adopted !== undefined && sameNode(adopted.master, address) ? adopted.master : address
}

// Each replica that one of the believed Sentinels lists, usable if one of them finds it so: its own ROLE is asked before
// anything is read from it.
function replicasOf(believed: Some<Named>, master: Address, sameNode: SameNode): readonly ReplicaReport[] {
  const reports: ReplicaReport[] = []
  for (const report of believed.flatMap((vote) => vote.replicas)) {
    if (sameNode(report.address, master)) continue
    const index = reports.findIndex(
      ({ address }) => sameAddress(address, report.address) || sameNode(address, report.address)
    )
    if (index === -1) reports.push(report)
    else if (report.usable && reports[index]?.usable === false) reports[index] = report
  }
  return reports
}

function dissent(
  input: DecideInput,
  trusted: readonly Named[],
  master: Address | undefined
): readonly string[] {
  if (master === undefined) return []
  return input.observation.votes
    .filter(isNamed)
    .filter((vote) => !trusted.includes(vote) && !input.sameNode(vote.address, master))
    .map((vote) => vote.sentinel)
}

function whyNot({ votes, failures }: Observation): WhyNot {
  if (votes.some(isNamed)) return 'no-quorum'
  if (votes.length > 0) return 'unknown-master'
  const [kind, ...others] = new Set(failures.map((failure) => failure.kind))
  if (others.length > 0 || kind === undefined) return 'no-sentinel'
  return kind === 'auth' || kind === 'not-sentinel' || kind === 'denied' ? kind : 'no-sentinel'
}

type Unbelieved = { readonly kind: 'keep' | 'none'; readonly why: WhyNot; readonly text: string }

function unbelieved({ observation, masterName, adopted }: DecideInput, why: WhyNot): Unbelieved {
  return { kind: adopted === undefined ? 'none' : 'keep', why, text: explain(observation, masterName, why) }
}

const mostNames = 10

function explain({ votes, failures }: Observation, masterName: string, why: WhyNot): string {
  switch (why) {
    case 'no-sentinel':
    case 'auth':
    case 'not-sentinel':
    case 'denied':
      return reasons(failures)
    case 'unknown-master': {
      const names = [...new Set(votes.flatMap((vote) => vote.knownMasters))]
      const listed = names.slice(0, mostNames).join(', ') + (names.length > mostNames ? ', ...' : '')
      const known = names.length === 0 ? 'no master at all' : listed
      return `the Sentinels know no master named ${masterName}; they know ${known}`
    }
    case 'no-quorum':
      return `of ${votes.length + failures.length} Sentinels asked, none that answered reaches a majority of them`
    case 'lower-epoch':
      return 'the Sentinels name a master of an older epoch than the one adopted'
  }
}

function reasons(failures: readonly Failure[]): string {
  return failures.length === 0
    ? 'no Sentinel is configured'
    : failures.map((failure) => failure.reason).join('; ')
}
