// What the failover controller is given: its rules, Redis' side, and whom it tells. Types only.
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { SameNode, Topology } from '../topology/topology.ts'
import type { HoldQueue } from './hold-queue.ts'
import type { RedisSide } from './redis-side.ts'

export type ControllerRules = {
  /** How long a master may be sought before requests are refused, in milliseconds. */
  readonly budgetMs: number
  /** How long a candidate may serve before a usable Sentinel confirms it, in milliseconds. */
  readonly confirmTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** A master that came back under its address with another history is left to the Sentinels. */
  readonly refuseEmptyMaster: boolean
}

export type ControllerOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly redis: RedisSide
  readonly held: HoldQueue
  readonly rules: ControllerRules
  readonly sameNode: SameNode
  readonly askSentinels: (reason: string) => void
  /** A master is bound, or its replicas changed. */
  readonly onTopology: (topology: Topology, replicationId: string) => void
  /** Where the bound master's history stands, when it has just said so itself. */
  readonly onMasterOffset: (offset: number) => void
  /** Another master was bound; how long requests could not be sent. */
  readonly onFailover: (durationMs: number) => void
}
