// What the failover controller needs of Redis' side; proxy.ts passes the real one.
import type { Reply } from '../resp/decode.ts'
import type { Address } from '../topology/topology.ts'

/** What a node says of itself when it is asked whether it may be bound. */
export type NodeProof = {
  readonly isMaster: boolean
  /** It refuses PING: LOADING, or cut off from its own master. */
  readonly isRefusing: boolean
  readonly offset: number
  /** Another one after every start of the server; empty if it does not say. */
  readonly runId: string
  readonly replicationId: string
  /** The history before its promotion, which it shares for offsets below `secondOffset`. */
  readonly previousId: string
  readonly secondOffset: number
}

export type NodeEvents = {
  /** It answered a heartbeat; undefined: it lives and did not say its role. */
  readonly onAlive: (role: 'master' | 'replica' | undefined, offset: number) => void
  readonly onSilent: () => void
  readonly onLost: (why: string) => void
}

/** A node with a heartbeat on a connection of its own. */
export type WatchedNode = {
  /** Heartbeat now. */
  beat: () => void
  /** Tells it what a master has to know that is not replicated. */
  prepare: () => void
  /** Undefined when the connection was lost or the node refused. */
  prove: (done: (proof: NodeProof | undefined) => void) => void
  /** The proxy's own question; the answer is an Error when the node refuses or the connection is lost. */
  ask: (words: readonly string[], done: (reply: Reply) => void) => void
  /** Lets a call that blocks on this connection end with UNBLOCKED: proof that it popped nothing. */
  unblock: (clientId: number) => void
  /** The replication offset behind everything it has answered so far; undefined if it does not say. */
  offset: (done: (offset: number | undefined) => void) => void
  close: () => void
}

export type RedisSide = {
  watch: (address: Address, intervalMs: number, events: NodeEvents) => WatchedNode
  /** Points new requests at this master, cuts the lanes of the one before, and returns the new generation. */
  bind: (address: Address) => number
  /** Replies of the bound master stay here; `unblock` is called for each call that blocks on it. */
  withhold: (unblock: (clientId: number) => void) => void
  release: () => void
  /** Exchanges written to the bound master and not answered. */
  inFlight: () => number
}
