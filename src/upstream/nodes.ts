// Nodes with a heartbeat, and the questions that decide whether one may be bound: ROLE, INFO replication, and a PING
// that is not refused, because ROLE says master while the node is still loading.
import type { Clock } from '../clock.ts'
import type { Reply } from '../resp/decode.ts'
import type { Dialer, NodeAddress } from './dialer.ts'
import type { LaneEnd } from './lane.ts'
import { NodeWatch } from './node-watch.ts'
import { parseReplication, parseRole, type ReplicationInfo } from './role.ts'

export type NodesOptions = {
  readonly dialer: Dialer
  readonly clock: Clock
  readonly deadlineMs: () => number
  /** What the next master has to know: scripts are not replicated. */
  readonly scripts: () => readonly Buffer[]
}

export type NodeEvents = {
  readonly onAlive: (role: 'master' | 'replica' | undefined, offset: number) => void
  readonly onSilent: () => void
  readonly onLost: (why: string) => void
}

export type NodeProof = ReplicationInfo & {
  /** Another one after every start of the server. */
  readonly runId: string
  /** It refuses PING: LOADING, or cut off from its own master. */
  readonly isRefusing: boolean
}

export type WatchedNode = {
  readonly beat: () => void
  readonly prove: (done: (proof: NodeProof | undefined) => void) => void
  readonly offset: (done: (offset: number | undefined) => void) => void
  readonly unblock: (clientId: number) => void
  /** Tells it the scripts that clients rely on; sent ahead of what is asked next. */
  readonly prepare: () => void
  readonly ask: (words: readonly string[], done: (reply: Reply) => void) => void
  readonly close: () => void
}

export class Nodes {
  readonly #options: NodesOptions

  constructor(options: NodesOptions) {
    this.#options = options
  }

  /** Dials a node and asks it ROLE every `intervalMs`. */
  watch(address: NodeAddress, intervalMs: number, events: NodeEvents): WatchedNode {
    const { dialer, clock, deadlineMs, scripts } = this.#options
    const watch = new NodeWatch({
      address,
      dialer,
      clock,
      intervalMs,
      deadlineMs: deadlineMs(),
      events: {
        onAlive: (report) => {
          events.onAlive(report?.role, report?.offset ?? 0)
        },
        onSilent: () => {
          events.onSilent()
        },
        onLost: (end, failure) => {
          events.onLost(lostText(end, failure?.reply))
        }
      }
    })
    return {
      beat: () => {
        watch.beat()
      },
      prove: (done) => {
        prove(watch, done)
      },
      offset: (done) => {
        watch.ask(['ROLE'], (reply) => {
          done(parseRole(reply)?.offset)
        })
      },
      unblock: (clientId) => {
        watch.ask(['CLIENT', 'UNBLOCK', String(clientId), 'ERROR'], () => undefined)
      },
      prepare: () => {
        for (const script of scripts()) watch.ask(['SCRIPT', 'LOAD', script], () => undefined)
      },
      ask: (words, done) => {
        watch.ask(words, done)
      },
      close: () => {
        watch.close()
      }
    }
  }
}

function prove(watch: NodeWatch, done: (proof: NodeProof | undefined) => void): void {
  let info: ReplicationInfo | undefined
  let isMaster = false
  let runId = ''
  watch.ask(['INFO', 'server'], (reply) => {
    runId = (typeof reply === 'string' ? /run_id:(\w+)/.exec(reply)?.[1] : undefined) ?? ''
  })
  watch.ask(['ROLE'], (reply) => {
    isMaster = parseRole(reply)?.role === 'master'
  })
  watch.ask(['INFO', 'replication'], (reply) => {
    info = parseReplication(reply)
  })
  watch.ask(['PING'], (reply) => {
    const isKnown = info !== undefined && isMaster === info.isMaster
    done(info !== undefined && isKnown ? { ...info, runId, isRefusing: reply instanceof Error } : undefined)
  })
}

const LOST_TEXTS: Readonly<Partial<Record<LaneEnd, string>>> = {
  refused: 'connection refused',
  timeout: 'no connection in time',
  reset: 'connection reset',
  closed: 'it closed the connection'
}

function lostText(end: LaneEnd, reply: Buffer | undefined): string {
  if (reply !== undefined) return `it answers: ${reply.toString('utf8', 1).trim()}`
  return LOST_TEXTS[end] ?? end
}
