// Where a request goes. Pure: a command, what the session is in, and whether a master takes requests, to a decision.
import type { Command } from '../command/commands.ts'
import { mayReadFromReplica, type ReadPolicy } from './read-policy.ts'

/** forward: there is a master. hold: there will be one. refuse: there was none for too long. */
export type Admission = 'forward' | 'hold' | 'refuse'

/** here: the proxy answers. own: a lane of the session's own. shed: answered at once with an error. */
export type Decision = 'here' | 'refused' | 'notInMulti' | 'own' | 'master' | 'replica' | 'hold' | 'shed'

/** behind: there are some, and none of them has applied yet what the read must see. */
export type ReplicaFound = 'none' | 'behind' | 'ready'

export type RouteFacts = {
  readonly lastWriteAtMs: number
  readonly nowMs: number
  readonly replica: ReplicaFound
  /** The session needs a lane of its own, for this command or since an earlier one. */
  readonly needsOwn: boolean
  /** Redis queues what comes, until EXEC or DISCARD. */
  readonly isInMulti: boolean
  /** Redis tells this session's lane which keys have changed. */
  readonly isTracking: boolean
}

/** In a transaction Redis would run these on the connection that the proxy lends to the client. */
const NOT_IN_MULTI = new Set([
  ...['auth', 'hello'],
  ...['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sunsubscribe']
])

/** These speak of the client's connection also in a transaction, which they end. */
const ENDS_MULTI = new Set(['reset', 'quit'])

/** While it does, only that lane knows the answer. */
const ABOUT_TRACKING = new Set(['client|trackinginfo', 'client|getredir'])

export function route(
  command: Command,
  facts: RouteFacts,
  policy: ReadPolicy,
  admission: Admission
): Decision {
  const atProxy = routeAtProxy(command, facts)
  if (atProxy !== undefined) return atProxy
  const isReady = command.replica && facts.replica === 'ready'
  if (isReady && mayReadFromReplica(policy, facts.lastWriteAtMs, facts.nowMs)) return 'replica'
  if (admission === 'hold') return 'hold'
  if (admission === 'refuse') return 'shed'
  return facts.needsOwn ? 'own' : 'master'
}

function routeAtProxy({ name, handling }: Command, facts: RouteFacts): Decision | undefined {
  const { isInMulti } = facts
  if (facts.isTracking && ABOUT_TRACKING.has(name)) return undefined
  // CLIENT would tell of that connection, silence it, or close and pause those of every session.
  if (isInMulti && (NOT_IN_MULTI.has(name) || name.startsWith('client|'))) return 'notInMulti'
  if (handling === 'here' && (!isInMulti || ENDS_MULTI.has(name))) return 'here'
  return handling === 'refused' ? 'refused' : undefined
}
