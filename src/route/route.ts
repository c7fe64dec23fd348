// Where a request goes. Pure: a command, what the session is in, and whether a master takes requests, to a decision.
import type { Command } from '../command/commands.ts'
import { mayReadFromReplica, type ReadPolicy } from './read-policy.ts'

/** forward: there is a master. hold: there will be one. refuse: there was none for too long. */
export type Admission = 'forward' | 'hold' | 'refuse'

/** here: the proxy answers. own: a lane of the session's own. shed: answered at once with an error. */
export type Decision = 'here' | 'refused' | 'own' | 'master' | 'replica' | 'hold' | 'shed'

export type RouteFacts = {
  readonly lastWriteAtMs: number
  readonly nowMs: number
  readonly hasReplica: boolean
  /** The session needs a lane of its own, for this command or since an earlier one. */
  readonly needsOwn: boolean
  /** Redis queues what comes, until EXEC or DISCARD. */
  readonly isInMulti: boolean
}

/** In a transaction too the proxy answers these, because they speak of the client's connection. */
const ALWAYS_HERE = new Set(['reset', 'quit', 'auth', 'hello', 'subscribe', 'psubscribe', 'ssubscribe'])

export function route(
  command: Command,
  facts: RouteFacts,
  policy: ReadPolicy,
  admission: Admission
): Decision {
  if (command.handling === 'here' && (!facts.isInMulti || ALWAYS_HERE.has(command.name))) return 'here'
  if (command.handling === 'refused') return 'refused'
  if (command.replica && facts.hasReplica && mayReadFromReplica(policy, facts.lastWriteAtMs, facts.nowMs))
    return 'replica'
  if (admission === 'hold') return 'hold'
  if (admission === 'refuse') return 'shed'
  return facts.needsOwn ? 'own' : 'master'
}
