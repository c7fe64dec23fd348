// A small world for sessions: a master, a replica, and a gate that the test opens and shuts as the failover controller
// would. Real are the session, what a lane reads, the hold queue, the gate and settle.
import { CommandTable } from '../../../src/command/commands.ts'
import { InputBudget } from '../../../src/downstream/input-budget.ts'
import { Pause } from '../../../src/downstream/pause.ts'
import type { SessionParts } from '../../../src/downstream/session-parts.ts'
import type { FailoverController } from '../../../src/failover/controller.ts'
import { HoldQueue } from '../../../src/failover/hold-queue.ts'
import { Gate } from '../../../src/gate.ts'
import { pong } from '../../../src/resp/replies.ts'
import type { ReadPolicy } from '../../../src/route/read-policy.ts'
import type { Admission } from '../../../src/route/route.ts'
import { FakeClient, StillClock } from './fake-client.ts'
import { FakeLane, FakeLanes, FakeNode } from './fake-lanes.ts'

export type WorldOptions = {
  readonly policy: ReadPolicy
  readonly maxHeld: number
  readonly hasReplica: boolean
  readonly outputSoftBytes?: number
}

export class World {
  readonly clock = new StillClock()
  readonly clients: FakeClient[] = []
  readonly held: HoldQueue
  readonly table = { current: new CommandTable(undefined) }
  admission: Admission = 'forward'
  doRepliesCount = true
  /** Writes that no master has any more, and writes that were acknowledged before requests were held. */
  readonly lost = new Set<string>()
  readonly told = new Set<string>()
  #flushes: { flush: () => void }[] = []
  #master: FakeLanes
  readonly #replica: FakeLanes | undefined
  readonly #parts: SessionParts
  /** Of masters that were bound before. */
  readonly #former: FakeLanes[] = []

  constructor({ policy, maxHeld, hasReplica, outputSoftBytes = 64 * 1024 }: WorldOptions) {
    this.held = new HoldQueue(
      this.clock,
      { windowMs: () => 1000, maxRequests: maxHeld, maxBytes: 1e9 },
      () => undefined
    )
    this.#master = this.#lanesOf(new FakeNode(true), 'master')
    this.#replica = hasReplica ? this.#lanesOf(new FakeNode(false), 'replica') : undefined
    this.#parts = this.#partsWith(policy, outputSoftBytes)
  }

  get master(): FakeNode {
    return this.#master.node
  }

  get lanes(): FakeLane[] {
    return [this.#master, ...this.#former, ...(this.#replica ? [this.#replica] : [])].flatMap(
      ({ lanes }) => lanes
    )
  }

  connect(): FakeClient {
    const client = new FakeClient(this.clients.length + 1, this.#parts, this.clock.now())
    this.clients.push(client)
    return client
  }

  /** The end of a turn of the event loop: what is to be written is written. */
  turn(): void {
    for (const lane of this.lanes) lane.write()
    this.#flush()
    for (const { socket } of this.clients) socket.drain()
  }

  replicate(): void {
    this.#replica?.node.follow(this.master)
  }

  // ---- what the failover controller does ----------------------------------------------------------------------------

  /** Something speaks against the master: requests are held, replies withheld. */
  suspect(): void {
    if (this.admission === 'refuse') return
    if (this.admission === 'forward') this.#noteTold()
    this.admission = 'hold'
    this.doRepliesCount = false
    for (const lane of this.#master.lanes) lane.withhold()
  }

  /** The bound master is master still. */
  relieve(): void {
    if (!this.master.isMaster || !this.master.isAlive) return
    this.doRepliesCount = true
    this.admission = 'forward'
    for (const lane of this.#master.lanes) lane.release()
    this.held.replay()
  }

  /** Another node takes over with what this one has executed, all of it if that is proved; this one is replica or dead. */
  failOver(how: 'demoted' | 'dead', isProved: boolean): void {
    const old = this.#master
    this.suspect()
    this.admission = 'hold'
    const next = new FakeNode(true, this.#historyOf(old.node, isProved))
    this.#next = undefined
    old.node.isMaster = false
    if (how === 'dead') old.node.isAlive = false
    this.#former.push(old)
    this.#master = this.#lanesOf(next, 'master')
    this.doRepliesCount = isProved
    for (const lane of [...old.lanes]) lane.end()
    this.relieve()
  }

  /** The old master goes without a word: nobody was bound yet. */
  demote(): void {
    if (!this.master.isMaster) return
    this.#next = new FakeNode(true, this.master.log)
    this.master.isMaster = false
  }

  /** The master refuses for a while, and is master again: nobody else has taken over. */
  flap(): void {
    if (this.#next === undefined && this.master.isAlive) this.master.isMaster = !this.master.isMaster
  }

  #next: FakeNode | undefined

  /** Binds the node that has taken over, if one has. */
  bind(isProved: boolean): void {
    if (this.#next === undefined) return
    const old = this.#master
    this.suspect()
    this.admission = 'hold'
    this.#former.push(old)
    this.#master = this.#lanesOf(this.#next, 'master')
    this.#next = undefined
    this.doRepliesCount = isProved
    for (const lane of [...old.lanes]) lane.end()
    this.relieve()
  }

  /** No master was found in the budget: what is held is answered, and what the lanes owe is settled. */
  shed(): void {
    this.suspect()
    this.admission = 'refuse'
    for (const lane of [...this.#master.lanes]) lane.end()
    this.held.shed('budget')
  }

  // Where nothing is proved the last two writes are lost.
  #historyOf({ log }: FakeNode, isProved: boolean): readonly string[] {
    if (isProved) return log
    for (const id of log.slice(-2)) this.lost.add(id)
    return log.slice(0, -2)
  }

  #noteTold(): void {
    this.#flush()
    for (const client of this.clients)
      for (const reply of client.replies) if (reply.startsWith('+OK ')) this.told.add(reply.slice(4, -2))
  }

  #flush(): void {
    const flushes = this.#flushes
    this.#flushes = []
    for (const session of flushes) session.flush()
  }

  #lanesOf(node: FakeNode, role: 'master' | 'replica'): FakeLanes {
    const lanes: FakeLanes = new FakeLanes(
      node,
      role,
      () =>
        new FakeLane(
          node,
          role,
          () => {
            if (lanes === this.#master) this.suspect()
          },
          () => {
            if (lanes === this.#master && this.admission === 'forward') this.suspect()
          }
        )
    )
    return lanes
  }

  /** The real gate, with no more of a controller than it asks for. */
  #gate(): Gate {
    const world = (): World => this
    const controller = {
      get admission() {
        return world().admission
      },
      seat: {
        get doRepliesCount() {
          return world().doRepliesCount
        }
      },
      recorder: { tally: { inDoubt: 0, withheld: 0 } }
    }
    return new Gate(controller as unknown as FailoverController, this.held, this.table, { inDoubt: 'error' })
  }

  #partsWith(policy: ReadPolicy, outputSoftBytes: number): SessionParts {
    const world = (): World => this
    const none = { observeMs: () => undefined }
    return {
      clock: this.clock,
      turn: { flushDownstream: (session) => this.#flushes.push(session), isEnough: () => false },
      lanes: {
        pinned: { lend: () => () => undefined, giveBack: () => undefined },
        get master() {
          return world().#master
        },
        replica: () => this.#replica
      },
      gate: this.#gate(),
      table: this.table,
      policy,
      causality: {
        neededBy: () => Number.NEGATIVE_INFINITY,
        writtenBy: () => undefined,
        missed: () => undefined
      },
      limits: { maxBulkBytes: 1e9, queryBufferBytes: 1e9, outputSoftBytes, outputHardBytes: 1e9 },
      budget: new InputBudget(1e9),
      counts: {
        concerns: () => false,
        echoes: () => false,
        rewriteOf: () => undefined
      } as unknown as SessionParts['counts'],
      scripts: { seen: () => undefined },
      counters: {
        ...{ master: 0, replica: 0, pinned: 0, here: 0, refused: 0, receivedBytes: 0, sentBytes: 0 },
        fallbacks: { consistency: 0, no_replica: 0 },
        latency: { master: none, replica: none, pinned: none }
      },
      pause: new Pause(this.clock),
      here: (_command, _request, session) => {
        session.answer(pong)
      },
      onClosed: () => undefined
    }
  }
}
