// The plain numbers behind /metrics and every label value they are split by: closed lists, so that the number of
// series is bounded and each is there, as 0, before its first event. The data path only adds to these numbers [O1].
import type { LatencyHistogram } from './histogram.ts'

export const CLOSE_REASONS = [
  'client',
  'quit',
  'idle_timeout',
  'stalled',
  'output_limit',
  'query_limit',
  'protocol_error',
  'reply_cut',
  'in_doubt',
  'auth',
  'killed',
  'shutdown',
  'error'
] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

export const REJECT_REASONS = ['max_clients', 'not_local', 'shutdown'] as const
export type RejectReason = (typeof REJECT_REASONS)[number]

/** Where requests go; `proxy` answers itself, `refused` answers with an error of its own. */
export const ROUTES = ['master', 'replica', 'pinned', 'proxy', 'refused'] as const
export type RouteName = (typeof ROUTES)[number]

/** The routes that lead to Redis, so that time passes on them. */
export const LANE_ROUTES = ['master', 'replica', 'pinned'] as const
export type LaneRoute = (typeof LANE_ROUTES)[number]

/** First words of the errors that Redis 7 and 8 answer with; any other is `other`. */
export const ERROR_WORDS = [
  'ERR',
  'WRONGTYPE',
  'READONLY',
  'LOADING',
  'MASTERDOWN',
  'BUSY',
  'OOM',
  'MISCONF',
  'NOREPLICAS',
  'NOAUTH',
  'NOPERM',
  'WRONGPASS',
  'NOPROTO',
  'EXECABORT',
  'UNBLOCKED',
  'NOSCRIPT',
  'NOTBUSY',
  'UNKILLABLE',
  'BUSYKEY',
  'BUSYGROUP',
  'NOGROUP',
  'INPROG',
  'IOERR',
  'NOGOODSLAVE',
  'MOVED',
  'ASK',
  'TRYAGAIN',
  'CROSSSLOT',
  'CLUSTERDOWN',
  'REDIRECT',
  'other'
] as const
export type ErrorWord = (typeof ERROR_WORDS)[number]

export const HOLD_ENDS = ['replayed', 'window', 'budget', 'full', 'client_gone', 'shutdown'] as const
export type HoldEnd = (typeof HOLD_ENDS)[number]

/** Why a request could be sent again: no byte of it was, Redis proved it unexecuted, or it only reads. */
export const REPLAY_CAUSES = ['unsent', 'refused', 'read'] as const
export type ReplayCause = (typeof REPLAY_CAUSES)[number]

export const PIN_REASONS = ['multi', 'watch', 'blocking', 'tracking', 'one_call'] as const
export type PinReason = (typeof PIN_REASONS)[number]

/** How a session's wait for a pinned lane ended; a lane that was at hand is no wait. */
export const PINNED_WAIT_OUTCOMES = ['granted', 'timeout', 'client_gone', 'cut'] as const
export type PinnedWaitOutcome = (typeof PINNED_WAIT_OUTCOMES)[number]

export const SUBSCRIPTION_KINDS = ['channel', 'pattern', 'shard'] as const
export type SubscriptionKind = (typeof SUBSCRIPTION_KINDS)[number]

export const LANE_KINDS = ['shared', 'bulk', 'pinned', 'service', 'pubsub', 'monitor'] as const
export type LaneKind = (typeof LANE_KINDS)[number]

export const LANE_ERRORS = [
  'refused',
  'timeout',
  'reset',
  'closed',
  'auth',
  'role',
  'protocol',
  'heartbeat'
] as const
export type LaneError = (typeof LANE_ERRORS)[number]

export const NODE_ROLES = ['master', 'replica'] as const
export type NodeRole = (typeof NODE_ROLES)[number]

export const FALLBACK_REASONS = ['consistency', 'no_replica'] as const
export type FallbackReason = (typeof FALLBACK_REASONS)[number]

/** Whether the old master's last offset was proved to be part of the new master's history. */
export const HANDOVER_PROOFS = ['proved', 'unproved', 'lossy'] as const
export type HandoverProof = (typeof HANDOVER_PROOFS)[number]

export const SENTINEL_EVENTS = [
  '+sdown',
  '-sdown',
  '+odown',
  '-odown',
  '+new-epoch',
  '+try-failover',
  '+elected-leader',
  '+failover-state-select-slave',
  '+selected-slave',
  '+failover-state-send-slaveof-noone',
  '+failover-state-wait-promotion',
  '+promoted-slave',
  '+failover-state-reconf-slaves',
  '+slave-reconf-sent',
  '+slave-reconf-done',
  '+failover-end',
  '+failover-end-for-timeout',
  '-failover-abort-not-elected',
  '-failover-abort-no-good-slave',
  '-failover-abort-slave-timeout',
  '-failover-abort-master-timeout',
  '+switch-master',
  '+config-update-from',
  '+role-change',
  '-role-change',
  '+convert-to-slave',
  '+fix-slave-config',
  '+reboot',
  '+reset-master',
  '+slave',
  '+sentinel',
  '+tilt',
  '-tilt',
  'other'
] as const
export type SentinelEvent = (typeof SENTINEL_EVENTS)[number]

/** One number for each value of a closed list. */
export type Counts<K extends string> = Record<K, number>

/** Zeroes for every value of a closed list. */
export function zeroes<K extends string>(values: readonly K[]): Counts<K> {
  return Object.fromEntries(values.map((value) => [value, 0])) as Counts<K>
}

/** Counts a word from outside under itself when the list knows it, else under `other`. */
export function countKnown<K extends string>(counts: Counts<K | 'other'>, word: string): void {
  const known = Object.hasOwn(counts, word) ? (word as K) : 'other'
  counts[known]++
}

export type ClientNumbers = {
  readonly connected: number
  readonly max: number
  readonly opened: number
  readonly closed: Readonly<Counts<CloseReason>>
  readonly rejected: Readonly<Counts<RejectReason>>
  readonly receivedBytes: number
  readonly sentBytes: number
  /** Reply bytes kept for clients that have not read them. */
  readonly outputBufferBytes: number
  /** Bytes of requests that are still arriving. */
  readonly uploadBytes: number
  readonly pinned: Readonly<Counts<PinReason>>
  readonly subscriptions: Readonly<Counts<SubscriptionKind>>
  readonly pubsubGap: LatencyHistogram
}

export type RequestNumbers = {
  readonly total: Readonly<Counts<RouteName>>
  readonly errors: Readonly<Counts<ErrorWord>>
  readonly inFlight: Readonly<Counts<LaneRoute>>
  readonly duration: Readonly<Record<LaneRoute, LatencyHistogram>>
  readonly replayed: Readonly<Counts<ReplayCause>>
  readonly inDoubt: number
  readonly withheld: number
  readonly readFallbacks: Readonly<Counts<FallbackReason>>
}

export type HoldNumbers = {
  readonly count: number
  readonly bytes: number
  /** 0 while nothing is held. */
  readonly oldestAgeSeconds: number
  readonly ended: Readonly<Counts<HoldEnd>>
  readonly duration: LatencyHistogram
}

export type NodeNumbers = {
  /** As `formatAddress` spells it. */
  readonly address: string
  readonly role: NodeRole
  readonly up: boolean
  readonly lanes: Readonly<Counts<LaneKind>>
  /** Of a replica; undefined while it is not known. */
  readonly lagSeconds: number | undefined
  /** Bytes of the master's replication stream that a replica has not applied; undefined while it is not known. */
  readonly offsetLagBytes: number | undefined
}

export type UpstreamNumbers = {
  /** The nodes of the topology in use, the master among them; what left is not listed. */
  readonly nodes: readonly NodeNumbers[]
  readonly lanesOpened: number
  readonly laneErrors: Readonly<Counts<LaneError>>
  readonly pinnedWait: Readonly<Counts<PinnedWaitOutcome>>
  readonly sentBytes: Readonly<Counts<NodeRole>>
  readonly receivedBytes: Readonly<Counts<NodeRole>>
}

export type SentinelNumbers = {
  readonly known: readonly { readonly address: string; readonly up: boolean }[]
  /** Some Sentinel reaches a majority. */
  readonly quorum: boolean
  readonly events: Readonly<Counts<SentinelEvent>>
  readonly minorityVotes: number
}

export type FailoverNumbers = {
  readonly phase: string
  readonly phases: readonly string[]
  /** Every transition that the machine knows, those that never happened with 0. */
  readonly transitions: readonly {
    readonly from: string
    readonly to: string
    readonly event: string
    readonly count: number
  }[]
  readonly epoch: number
  readonly generation: number
  /** Undefined while no master is bound. */
  readonly master: string | undefined
  readonly failovers: number
  readonly duration: LatencyHistogram
  /** Seconds since 1970; 0 before the first. */
  readonly lastFailoverAt: number
  /** Old master's offset minus what the new master's history holds of it; NaN while that is not proved. */
  readonly offsetDifferenceBytes: number
  readonly handovers: Readonly<Counts<HandoverProof>>
  readonly masterRestarts: number
}

/** What proxy.ts hands to Metrics; read at scrape time only, so any of it may be a getter. */
export type MetricsSource = {
  readonly version: string
  readonly ready: boolean
  readonly paused: boolean
  readonly draining: boolean
  /** The name under which the Sentinels know the master. */
  readonly masterName: string
  readonly clients: ClientNumbers
  readonly requests: RequestNumbers
  readonly hold: HoldNumbers
  readonly upstream: UpstreamNumbers
  readonly sentinels: SentinelNumbers
  readonly failover: FailoverNumbers
}
