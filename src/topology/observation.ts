// What one look at all Sentinels saw. Types only: nobody is believed here.
import type { Address, ReplicaReport } from './topology.ts'

/** One Sentinel's answer. Which votes count is for decide.ts to say. */
export type Vote = {
  /** The address at which this Sentinel was asked; stands for it in logs and metrics. */
  readonly sentinel: string
  /** By GET-MASTER-ADDR-BY-NAME, the only reply that is right during a failover; null: it does not know the name. */
  readonly address: Address | null
  /** The names it does know; asked only when it does not know ours. */
  readonly knownMasters: readonly string[]
  /** The config-epoch that orders what Sentinels say of the master. */
  readonly epoch: number
  /** CKQUORUM said OK: it reaches enough Sentinels to agree on a failover and to authorise one. */
  readonly usable: boolean
  /** Its clock jumped or it was stopped: it answers, but has not looked around for a while. Absent: it may not say. */
  readonly tilt?: boolean
  readonly downAfterMs: number
  readonly failoverTimeoutMs: number
  readonly quorum: number
  /** All Sentinels of this master that it knows of, itself included, also those that are down. */
  readonly knownSentinels: number
  readonly masterFlags: readonly string[]
  readonly replicas: readonly ReplicaReport[]
}

export type FailureKind =
  | 'unreachable' // no connection, or it was lost
  | 'silent' // connected, but no answer in time
  | 'auth' // the password for the Sentinels is missing or wrong
  | 'denied' // it refuses us or a command of ours
  | 'not-sentinel' // a redis-server or something else that speaks RESP
  | 'garbage' // not RESP, or not what a Sentinel would answer

/** `reason` is one line for people; it names the Sentinel. */
export type Failure = { readonly sentinel: string; readonly kind: FailureKind; readonly reason: string }

/** One complete look: a vote or a failure of each Sentinel. */
export type Observation = {
  /** Why it was made: `poll`, an event's name, or what the caller of `ask` gave. */
  readonly reason: string
  /** When it began, in milliseconds of the clock. */
  readonly startedAtMs: number
  readonly votes: readonly Vote[]
  readonly failures: readonly Failure[]
}
