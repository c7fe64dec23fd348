// The master's seat: who is bound, what the one before had acknowledged when it had to leave, and whether its
// acknowledgements count on the one that follows [F5].
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Reply } from '../resp/decode.ts'
import { formatAddress, type SameNode, type Topology } from '../topology/topology.ts'
import { BoundMaster, type BoundMasterEvents } from './bound-master.ts'
import { Drain } from './drain.ts'
import type { FlightRecorder } from './flight-recorder.ts'
import { compareHistories } from './handover.ts'
import type { NodeProof, RedisSide } from './redis-side.ts'

export type SeatOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly redis: RedisSide
  readonly recorder: FlightRecorder
  readonly heartbeatIntervalMs: number
  readonly refuseEmptyMaster: boolean
  readonly sameNode: SameNode
  readonly events: BoundMasterEvents
}

export class Seat {
  /** Our own count of rebinds. */
  generation = 0
  /** Whether replies that are kept count on the master that follows; read when a lane is settled. */
  doRepliesCount = true
  readonly #options: SeatOptions
  #master: BoundMaster | undefined
  #drain: Drain | undefined

  constructor(options: SeatOptions) {
    this.#options = options
  }

  /** Undefined until the first one is bound. */
  get master(): BoundMaster | undefined {
    return this.#master
  }

  /** The proxy's own question to the bound master; the answer is an Error when there is none, or it refuses. */
  ask(words: readonly string[], done: (reply: Reply) => void): void {
    if (this.#master === undefined) done(new Error('MASTERDOWN no master is known'))
    else this.#master.watch.ask(words, done)
  }

  /** Where the bound master stood when all that it owed was answered; undefined while that is not known. */
  get drainedOffset(): number | undefined {
    return this.#drain?.offset
  }

  /** Whether it is the one that was bound, started anew with another history, and such a one is refused. */
  doesRefuse({ master }: Topology, proof: NodeProof): boolean {
    const { refuseEmptyMaster, sameNode } = this.#options
    const old = this.#master
    if (!refuseEmptyMaster || old === undefined || !sameNode(old.topology.master, master)) return false
    return !old.hasSameHistory(proof)
  }

  /** Gives the lanes to a master that has proved itself; what the lanes before owe is settled on the way. */
  take(topology: Topology, proof: NodeProof, isConfirmed: boolean): void {
    const { clock, redis, recorder, heartbeatIntervalMs, events } = this.#options
    const old = this.#master
    // Its lanes and what they owe are as good as before.
    if (old?.isStill(proof) === true) {
      old.confirm(topology)
      recorder.arrive(formatAddress(old.topology.master), topology.epoch, this.generation)
      return
    }
    if (old !== undefined && old.replicationId !== proof.replicationId) this.#compare(old, proof)
    old?.close()
    this.#endDrain()
    this.generation = redis.bind(topology.master)
    const facts = { topology, proof, isConfirmed, heartbeatIntervalMs }
    this.#master = new BoundMaster({ clock, redis, events, ...facts })
    recorder.arrive(formatAddress(topology.master), topology.epoch, this.generation)
  }

  /** Replies of the bound master stay here, and its offset is taken behind the last of them. */
  withhold(): void {
    const { clock, redis, recorder } = this.#options
    redis.withhold((clientId) => {
      this.#master?.watch.unblock(clientId)
    })
    this.doRepliesCount = false
    if (this.#drain !== undefined || this.#master === undefined) return
    this.#drain = new Drain(clock, this.#master.watch, redis.inFlight, (offset) => {
      recorder.mark(`drained at offset ${offset}`)
    })
  }

  /** What was withheld counts. */
  release(): void {
    this.#endDrain()
    this.doRepliesCount = true
    this.#options.redis.release()
  }

  /** Nothing proves in time what was withheld: it is settled without, and what is sent from now on has other lanes. */
  abandon(): void {
    if (this.#master !== undefined) this.generation = this.#options.redis.bind(this.#master.topology.master)
  }

  close(): void {
    this.#endDrain()
    this.#master?.close()
  }

  #endDrain(): void {
    this.#drain?.end()
    this.#drain = undefined
  }

  #compare(old: BoundMaster, proof: NodeProof): void {
    const drainedOffset = this.#drain?.offset
    const verdict = compareHistories({ replicationId: old.replicationId, drainedOffset }, proof)
    this.doRepliesCount = verdict.proof === 'proved'
    this.#options.recorder.handover(verdict)
    this.#options.log.info({ ...verdict, from: formatAddress(old.topology.master) }, 'handover')
  }
}
