// What ROLE and INFO replication say of a node (Redis docs, commands ROLE and INFO).
import type { Reply } from '../resp/decode.ts'

export type RoleReport =
  | { readonly role: 'master'; readonly offset: number }
  | {
      readonly role: 'replica'
      readonly masterHost: string
      readonly masterPort: number
      /** connect, connecting, handshake, sync or connected. */
      readonly link: string
      /** Applied replication offset. */
      readonly offset: number
    }

/** undefined if the node did not say its role: an error reply, or it is no data node. */
export function parseRole(reply: Reply): RoleReport | undefined {
  if (!Array.isArray(reply)) return undefined
  const [role, first, second, third, fourth] = reply
  if (role === 'master') return { role, offset: Number(first) }
  if (role !== 'slave') return undefined
  return {
    role: 'replica',
    masterHost: String(first),
    masterPort: Number(second),
    link: String(third),
    offset: Number(fourth)
  }
}

export type ReplicationInfo = {
  readonly isMaster: boolean
  readonly replicationId: string
  /** The id of the history before a promotion, valid for offsets below `secondOffset`. */
  readonly previousId: string
  readonly secondOffset: number
  /** Of a master: where its history stands. */
  readonly offset: number
  /** Of a replica: what it has applied; undefined while it has no link to its master. */
  readonly appliedOffset: number | undefined
}

/** undefined if the reply is not that of INFO replication. */
export function parseReplication(reply: Reply): ReplicationInfo | undefined {
  if (typeof reply !== 'string') return undefined
  const fields = new Map(reply.split('\r\n').map((line) => line.split(':', 2) as [string, string]))
  const replicationId = fields.get('master_replid')
  if (replicationId === undefined) return undefined
  return {
    isMaster: fields.get('role') === 'master',
    replicationId,
    previousId: fields.get('master_replid2') ?? '',
    secondOffset: Number(fields.get('second_repl_offset') ?? -1),
    offset: Number(fields.get('master_repl_offset') ?? 0),
    appliedOffset:
      fields.get('master_link_status') === 'up' ? Number(fields.get('slave_repl_offset')) : undefined
  }
}
