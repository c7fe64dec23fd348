// What GET /status answers: everything an operator asks a running proxy, as one JSON document. Types only; proxy.ts
// fills it in, the status page and `holdfast status` draw it. `null` is "not known" or "none", never left out.
import type {
  Counts,
  HandoverProof,
  LaneKind,
  LaneRoute,
  PinReason,
  RouteName,
  SubscriptionKind
} from './metrics-source.ts'

/** One line of a failover's flight recorder: what happened, in milliseconds after its first sign. */
export type FlightMark = { readonly atMs: number; readonly what: string }

export type FlightRecord = {
  /** ISO 8601. */
  readonly startedAt: string
  /** The event that made the proxy hold. */
  readonly reason: string
  /** Addresses; the same twice when the old master was kept or came back, `to` null while there is none. */
  readonly from: string | null
  readonly to: string | null
  readonly epoch: number
  readonly generation: number
  /** From the first sign until a master was bound; null while it goes on. */
  readonly durationMs: number | null
  /** How long no write was sent to any master; null while it goes on or if writes never stopped. */
  readonly writeGapMs: number | null
  readonly held: number
  readonly replayed: number
  readonly inDoubt: number
  readonly withheld: number
  /** Bytes of the old master's history that the new one lacks; null if that could not be proved. */
  readonly offsetDifference: number | null
  readonly proof: HandoverProof | null
  readonly timeline: readonly FlightMark[]
}

export type MasterStatus = {
  readonly address: string
  readonly up: boolean
  /** Its replication offset as it last said itself. */
  readonly offset: number | null
}

export type ReplicaStatus = {
  readonly address: string
  readonly up: boolean
  /** Whether it may serve reads. */
  readonly eligible: boolean
  readonly lagSeconds: number | null
  readonly offset: number | null
}

export type SentinelStatus = {
  readonly address: string
  readonly up: boolean
  /** Whether it reaches a majority of the Sentinels; null while it has not been asked. */
  readonly quorum: boolean | null
  /** The master it names. */
  readonly master: string | null
}

export type ClientStatus = {
  readonly connected: number
  readonly max: number
  readonly opened: number
  readonly rejected: number
  readonly outputBufferBytes: number
  readonly uploadBytes: number
  readonly pinned: Readonly<Counts<PinReason>>
  readonly subscriptions: Readonly<Counts<SubscriptionKind>>
}

export type LatencyStatus = {
  /** Upper bounds of the buckets; each list of counts is cumulative and has one more for the rest. */
  readonly boundsSeconds: readonly number[]
  readonly counts: Readonly<Record<LaneRoute, readonly number[]>>
}

export type SettingStatus = {
  readonly name: string
  /** As an operator would write it; a secret that is set reads `(set)`. */
  readonly value: string
  /** Flag, environment, file or default. */
  readonly source: string
}

export type Status = {
  readonly proxy: {
    readonly version: string
    readonly pid: number
    /** ISO 8601. */
    readonly startedAt: string
    readonly uptimeSeconds: number
    readonly ready: boolean
    readonly paused: boolean
    readonly draining: boolean
  }
  /** The address the clients connect to. */
  readonly listen: string
  readonly masterName: string
  readonly phase: string
  readonly generation: number
  readonly epoch: number
  readonly master: MasterStatus | null
  readonly replicas: readonly ReplicaStatus[]
  readonly sentinels: readonly SentinelStatus[]
  readonly clients: ClientStatus
  readonly requests: {
    readonly total: Readonly<Counts<RouteName>>
    readonly inFlight: Readonly<Counts<LaneRoute>>
    readonly errors: number
    readonly replayed: number
    readonly inDoubt: number
    readonly withheld: number
  }
  readonly latency: LatencyStatus
  readonly held: { readonly count: number; readonly bytes: number; readonly oldestAgeSeconds: number }
  readonly lanes: readonly { readonly node: string; readonly kinds: Readonly<Counts<LaneKind>> }[]
  /** The last 20, newest first. */
  readonly failovers: readonly FlightRecord[]
  readonly settings: readonly SettingStatus[]
}
