// Whether what the old master acknowledged is part of the new master's history. Pure (Redis docs, "Replication ID
// explained": after a promotion the old id is kept as the second one, valid below second_repl_offset).
import type { NodeProof } from './redis-side.ts'

/** `lossy`: the new master lacks some of the old one's history. `unproved`: it cannot be said. */
export type Handover = 'proved' | 'unproved' | 'lossy'

export type OldMaster = {
  readonly replicationId: string
  /** Its offset when everything it had been sent was answered; undefined if that is not known. */
  readonly drainedOffset: number | undefined
}

export type HandoverVerdict = {
  readonly proof: Handover
  /** Bytes of the old master's history that the new one lacks; undefined if it cannot be said. */
  readonly difference: number | undefined
}

export function compareHistories(old: OldMaster, next: NodeProof): HandoverVerdict {
  const { drainedOffset, replicationId } = old
  if (drainedOffset === undefined) return { proof: 'unproved', difference: undefined }
  const shared = sharedOffset(replicationId, next)
  if (shared === undefined) return { proof: 'unproved', difference: undefined }
  const difference = Math.max(0, drainedOffset - shared)
  return { proof: difference === 0 ? 'proved' : 'lossy', difference }
}

/** Up to where the next master has the history named by `replicationId`. */
function sharedOffset(replicationId: string, next: NodeProof): number | undefined {
  if (next.replicationId === replicationId) return next.offset
  return next.previousId === replicationId ? next.secondOffset - 1 : undefined
}
