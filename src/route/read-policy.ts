// Which reads may go to a replica. Pure.

export type Consistency = 'causal' | 'session' | 'eventual' | 'master'

export type ReadPolicy = {
  readonly consistency: Consistency
  /** `session`: how long after its own last write a session reads from the master, in milliseconds. */
  readonly afterWriteMs: number
}

export function mayReadFromReplica(policy: ReadPolicy, lastWriteAtMs: number, nowMs: number): boolean {
  switch (policy.consistency) {
    case 'master':
      return false
    // Of the replicas only those are asked for a causal read that have what it must see.
    case 'causal':
    case 'eventual':
      return true
    case 'session':
      return nowMs - lastWriteAtMs >= policy.afterWriteMs
    default:
      return policy.consistency satisfies never
  }
}
