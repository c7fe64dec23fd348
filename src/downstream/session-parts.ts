// What a session needs of the rest of the proxy; proxy.ts passes the real ones.
import type { Clock } from '../clock.ts'
import type { Command, CommandTable } from '../command/commands.ts'
import type { FramedWords } from '../command/keys.ts'
import type { Exchange, LeftOver } from '../exchange.ts'
import type { RequestFramer } from '../resp/request-framer.ts'
import type { ReadPolicy } from '../route/read-policy.ts'
import type { Admission } from '../route/route.ts'
import type { Turn } from '../turn.ts'
import type { InputBudget } from './input-budget.ts'
import type { LentLane } from './own-lane.ts'
import type { OpenRequests } from './open-requests.ts'
import type { Pause } from './pause.ts'
import type { Session } from './session.ts'
import type { SessionIdentity } from './session-state.ts'
import type { SubscriberCounts } from './subscriber-counts.ts'

/** Why a client connection ended; a metric label. */
export type CloseReason =
  | 'client'
  | 'quit'
  | 'error'
  | 'protocol_error'
  | 'query_limit'
  | 'output_limit'
  | 'stalled'
  | 'idle_timeout'
  | 'reply_cut'
  | 'in_doubt'
  | 'auth'
  | 'killed'
  | 'shutdown'

export type LaneSide = 'master' | 'replica'

/** The session, as far as its open requests move it. */
export type RequestHost = {
  readonly closed: CloseReason | undefined
  /** Reply bytes, in order. */
  leave: (bytes: Buffer) => void
  /** More requests may be taken. */
  proceed: () => void
  /** A frame that is no reply, to leave between two of them. */
  push: (frame: Buffer) => void
  end: (reason: CloseReason) => void
  close: (reason: CloseReason) => void
}

export type SessionLane = { readonly isUsable: boolean; send: (exchange: Exchange) => void }

/** The shared lanes of one node; undefined when it has as many lanes as it may. */
export type NodeChoice = {
  lane: (key: string, kind: 'shared' | 'bulk', identity: SessionIdentity) => SessionLane | undefined
}

/** Lanes that are lent to one session each. */
export type LaneLender = {
  lend: (borrower: {
    readonly key: string
    readonly identity: SessionIdentity
    readonly onPush: (frame: Buffer) => void
    readonly onLost: () => void
    readonly onLane: (lane: LentLane | undefined) => void
  }) => () => void
  giveBack: (lane: LentLane) => void
}

export type SessionLanes = {
  readonly pinned: LaneLender
  /** The bound master. */
  readonly master: NodeChoice | undefined
  /** A replica that may serve reads and has applied `offset`: `before` while that one may and has. */
  replica: (before: NodeChoice | undefined, offset: number) => NodeChoice | undefined
}

/** What was written and may not have reached every replica. */
export type SessionCausality = {
  /** The offset that a replica must have applied for this read. */
  neededBy: (command: Command, request: FramedWords) => number
  /** The hashes of the keys that the request writes; undefined when it writes none, or reads are not causal. */
  writtenBy: (command: Command, request: FramedWords) => number[] | undefined
  /** A read goes to the master because no replica has applied what it must see. */
  missed: () => void
}

/** What settle made of an exchange: what stands in its place, in order. */
export type SettledExchange = {
  readonly exchange: Exchange
  readonly pieces: readonly Exchange[]
  /** The fate of a write is unknown, and the session ends instead of being told so. */
  readonly closes: boolean
}

/** The failover controller as a session sees it. */
export type SessionGate = {
  readonly admission: Admission
  /** The exchange waits for a master; `dispatch` or `refuse` of the holder is called once, unless it is gone. */
  hold: (exchange: Exchange, holder: OpenRequests) => void
  /** Judges what a lane could not answer. */
  settle: (exchanges: readonly Exchange[], why: LeftOver) => readonly SettledExchange[]
}

export type SessionLimits = {
  readonly maxBulkBytes: number
  readonly queryBufferBytes: number
  readonly outputSoftBytes: number
  readonly outputHardBytes: number
}

export type SessionCounters = {
  master: number
  replica: number
  pinned: number
  here: number
  refused: number
  receivedBytes: number
  sentBytes: number
  readonly fallbacks: { consistency: number; no_replica: number }
  readonly latency: Readonly<Record<LaneSide | 'pinned', { observeMs: (ms: number, count: number) => void }>>
}

export type SessionParts = {
  readonly clock: Clock
  readonly turn: Pick<Turn, 'flushDownstream' | 'isEnough'>
  readonly lanes: SessionLanes
  readonly gate: SessionGate
  readonly table: { readonly current: CommandTable }
  readonly policy: ReadPolicy
  readonly causality: SessionCausality
  readonly limits: SessionLimits
  readonly budget: InputBudget
  readonly counts: SubscriberCounts
  readonly scripts: {
    seen: (name: string, request: { argument: (index: number) => Buffer | undefined }) => void
  }
  readonly counters: SessionCounters
  readonly pause: Pause
  /** The proxy's own answers. */
  readonly here: (command: Command, request: RequestFramer, session: Session) => void
  readonly onClosed: (session: Session, reason: CloseReason) => void
}
