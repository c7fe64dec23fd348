// The only holder of the phase: takes events, runs the effects of the machine, owns the failover timers, logs each
// transition with its reason and counts it. No other file knows whether there is a failover.
import type { Clock, Timer } from '../clock.ts'
import type { Log } from '../log.ts'
import { formatAddress, type Address, type SameNode, type Topology } from '../topology/topology.ts'
import { Drain } from './drain.ts'
import { Election } from './election.ts'
import { FlightRecorder, type Handover } from './flight-recorder.ts'
import { compareHistories } from './handover.ts'
import type { HoldQueue } from './hold-queue.ts'
import { admits, step, type Admission, type Effect, type FailoverEvent, type Phase } from './machine.ts'
import type { NodeEvents, NodeProof, RedisSide, WatchedNode } from './redis-side.ts'

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
  readonly onFailover: (durationMs: number) => void
}

type BoundMaster = {
  readonly topology: Topology
  readonly watch: WatchedNode
  readonly replicationId: string
  /** False while it is bound ahead of the Sentinels' word. */
  isConfirmed: boolean
}

const BIND_ATTEMPT_MS = 1000
const BIND_BEAT_MS = 20
/** A master that is doubted again and again is asked ever more slowly. */
const MAX_PROBE_DELAY_MS = 500
const CALM_MS = 5000

export class FailoverController {
  readonly recorder: FlightRecorder
  readonly transitions = new Map<string, number>()
  readonly handovers: Record<Handover, number> = { proved: 0, unproved: 0, lossy: 0 }
  readonly counters = { failovers: 0, masterRestarts: 0, lastFailoverAt: 0, offsetDifference: Number.NaN }
  generation = 0
  /** Whether replies that are kept count on the master that follows; read when a lane is settled. */
  doRepliesCount = true
  readonly #options: ControllerOptions
  #phase: Phase = 'seeking'
  #isPaused = false
  #isClosed = false
  #admission: Admission = 'hold'
  #master: BoundMaster | undefined
  #target: Topology | undefined
  #binding: { readonly watch: WatchedNode; readonly expiry: Timer } | undefined
  #election: Election | undefined
  #drain: Drain | undefined
  #budget: Timer | undefined
  #confirmation: Timer | undefined
  #probe: Timer | undefined
  #probeDelayMs = 0
  #servingSinceMs = 0
  #masterOffset = 0

  constructor(options: ControllerOptions) {
    this.#options = options
    this.recorder = new FlightRecorder(options.clock)
    this.#run('startBudget')
  }

  get phase(): Phase {
    return this.#phase
  }

  get admission(): Admission {
    return this.#admission
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** The bound master with its replicas; undefined until the first one is bound. */
  get topology(): Topology | undefined {
    return this.#master?.topology
  }

  /** As the master last said itself. */
  get masterOffset(): number {
    return this.#masterOffset
  }

  // ---- what happens -----------------------------------------------------------------------------------------------

  /** Usable Sentinels believe in this topology. */
  believed(topology: Topology): void {
    const bound = this.#master
    const isBound = bound !== undefined && this.#options.sameNode(bound.topology.master, topology.master)
    if (isBound && this.#phase !== 'seeking' && this.#phase !== 'shedding') {
      this.#master = { ...bound, isConfirmed: true, topology: { ...topology, master: bound.topology.master } }
      this.#options.onTopology(this.#master.topology, bound.replicationId)
      this.#happened('masterConfirmed', 'the Sentinels name it')
      return
    }
    // The Sentinels have not heard yet of the candidate that is bound ahead of their word.
    if (bound?.isConfirmed === false && this.#phase !== 'seeking' && topology.epoch <= bound.topology.epoch)
      return
    if (
      this.#phase === 'binding' &&
      this.#target &&
      this.#options.sameNode(this.#target.master, topology.master)
    )
      return
    this.#target = topology
    this.#happened(
      'masterNamed',
      `the Sentinels name ${formatAddress(topology.master)} at epoch ${topology.epoch}`
    )
  }

  /** An election is under way, as far as known with this candidate. */
  electionSeen(why: string, candidate: Address | undefined): void {
    if (this.#isClosed || this.#isBoundTo(candidate)) return
    this.#happened('electionSeen', why)
    this.recorder.mark(why)
    if (candidate !== undefined) this.#election?.name(candidate)
  }

  electionOver(why: string): void {
    this.#happened('electionOver', why)
  }

  /** Something speaks against the bound master. `generation` is that of who noticed: late news changes nothing. */
  doubted(why: string, generation = this.generation): void {
    if (generation === this.generation) this.#happened('masterDoubted', why)
  }

  quorumLost(): void {
    this.#happened('quorumLost', 'no Sentinel reaches a majority')
  }

  pause(): void {
    this.#isPaused = true
    this.#admit()
  }

  resume(): void {
    this.#isPaused = false
    this.#admit()
    if (this.#admission === 'forward') this.#options.held.replay()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelBinding()
    this.#election?.end()
    this.#drain?.end()
    for (const timer of [this.#budget, this.#confirmation, this.#probe]) timer?.cancel()
    this.#master?.watch.close()
    this.#options.held.shed('shutdown')
  }

  // ---- the machine ------------------------------------------------------------------------------------------------

  #happened(event: FailoverEvent, why: string): void {
    const from = this.#phase
    const next = step(from, event)
    if (next === undefined || this.#isClosed) return
    if (from === 'serving' || from === 'provisional') this.#takeOff(why)
    this.#phase = next.phase
    this.#admit()
    this.#record(from, next.phase, event, why)
    this.#leave(from)
    for (const effect of next.effects) this.#run(effect)
    if (next.phase === 'serving' || next.phase === 'provisional') this.#land(next.phase)
  }

  #takeOff(why: string): void {
    this.recorder.close()
    this.recorder.start(why, this.#master && formatAddress(this.#master.topology.master))
    this.#servingSinceMs =
      this.#options.clock.now() - this.#servingSinceMs > CALM_MS ? 0 : this.#servingSinceMs
    if (this.#servingSinceMs === 0) this.#probeDelayMs = 0
  }

  #land(phase: Phase): void {
    const durationMs = this.recorder.land()
    this.#servingSinceMs = this.#options.clock.now()
    if (durationMs !== undefined && this.#didMove) this.#options.onFailover(durationMs)
    this.#didMove = false
    if (phase === 'serving') this.recorder.close()
  }

  #didMove = false

  // Late replies of the phase before are not waited for: each phase starts its own watches and timers.
  #leave(from: Phase): void {
    if (from === 'binding') this.#cancelBinding()
    if (from === 'handover') this.#endElection()
    if (from === 'provisional') this.#confirmation?.cancel()
    this.#probe?.cancel()
  }

  #admit(): void {
    this.#admission = this.#isPaused && admits[this.#phase] === 'forward' ? 'hold' : admits[this.#phase]
  }

  #record(from: Phase, to: Phase, event: FailoverEvent, why: string): void {
    const name = `${from} ${to} ${event}`
    this.transitions.set(name, (this.transitions.get(name) ?? 0) + 1)
    this.recorder.mark(`${from} -> ${to}: ${event}`)
    const { log, held } = this.#options
    const flight = this.recorder.current
    log.info(
      {
        from,
        to,
        event,
        reason: why,
        master: this.#master && formatAddress(this.#master.topology.master),
        epoch: this.#master?.topology.epoch,
        generation: this.generation,
        held: held.requests,
        replayed: flight?.replayed,
        inDoubt: flight?.inDoubt
      },
      `${from} -> ${to}`
    )
  }

  #run(effect: Effect): void {
    const { held, redis, askSentinels } = this.#options
    switch (effect) {
      case 'startBudget':
        this.#startBudget()
        break
      case 'stopBudget':
        this.#budget?.cancel()
        this.#budget = undefined
        break
      case 'withhold':
        redis.withhold()
        this.#startDrain()
        break
      case 'release':
        this.#drain?.end()
        this.#drain = undefined
        this.doRepliesCount = true
        redis.release()
        break
      case 'ask':
        askSentinels(this.#phase)
        break
      case 'probe':
        this.#probeLater()
        break
      case 'bind':
        this.#bind()
        break
      case 'followElection':
        this.#followElection()
        break
      case 'awaitConfirmation':
        this.#awaitConfirmation()
        break
      case 'replay':
        this.#replay()
        break
      case 'shed':
        held.shed('budget')
        break
      default:
        effect satisfies never
    }
  }

  // ---- effects ----------------------------------------------------------------------------------------------------

  #startBudget(): void {
    this.#budget ??= this.#options.clock.after(this.#options.rules.budgetMs, () => {
      this.#budget = undefined
      this.#happened('budgetSpent', 'no master was found in the budget')
    })
  }

  #startDrain(): void {
    this.doRepliesCount = false
    if (this.#drain !== undefined || this.#master === undefined) return
    this.#drain = new Drain(
      this.#options.clock,
      this.#master.watch,
      this.#options.redis.inFlight,
      (offset) => {
        this.recorder.mark(`drained at offset ${offset}`)
      }
    )
  }

  #replay(): void {
    const flight = this.recorder.current
    if (flight !== undefined) flight.held = this.#options.held.requests
    if (this.#admission !== 'forward') return
    const replayed = this.#options.held.replay()
    if (flight !== undefined) flight.replayed += replayed
  }

  #probeLater(): void {
    this.#probe?.cancel()
    this.#probe = this.#options.clock.after(this.#probeDelayMs, () => {
      this.#master?.watch.beat()
    })
    this.#probeDelayMs = Math.min(MAX_PROBE_DELAY_MS, Math.max(10, this.#probeDelayMs * 2))
  }

  #followElection(): void {
    const { clock, redis, sameNode } = this.#options
    this.#election = new Election(clock, redis, sameNode, {
      onCandidateProved: (candidate, watch, proof) => {
        this.#boundAhead(candidate, watch, proof)
      },
      onExpired: (why) => {
        this.electionOver(why)
      },
      mark: (what) => {
        this.recorder.mark(what)
      }
    })
  }

  #endElection(taken?: WatchedNode): void {
    this.#election?.end(taken)
    this.#election = undefined
  }

  #awaitConfirmation(): void {
    const { clock, rules, askSentinels } = this.#options
    askSentinels('to confirm the candidate')
    this.#confirmation = clock.after(rules.confirmTimeoutMs, () => {
      this.#happened('confirmationMissed', 'no usable Sentinel confirmed the candidate')
    })
  }

  #cancelBinding(): void {
    this.#binding?.expiry.cancel()
    this.#binding?.watch.close()
    this.#binding = undefined
  }

  #bind(): void {
    this.#cancelBinding()
    const target = this.#target
    if (target === undefined) return
    const { clock, redis } = this.#options
    const watch = redis.watch(target.master, BIND_BEAT_MS, {
      onAlive: (role) => {
        if (role === 'master') this.#proveTarget(target, watch)
      },
      onSilent: () => undefined,
      onLost: (why) => {
        this.recorder.mark(`${formatAddress(target.master)}: ${why}`)
      }
    })
    const expiry = clock.after(BIND_ATTEMPT_MS, () => {
      this.#happened('bindFailed', `${formatAddress(target.master)} did not prove that it is master`)
    })
    this.#binding = { watch, expiry }
  }

  #proveTarget(target: Topology, watch: WatchedNode): void {
    watch.prove((proof) => {
      if (this.#binding?.watch !== watch || !proof?.isMaster || proof.isRefusing) return
      this.#binding.expiry.cancel()
      this.#binding = undefined
      this.#moveTo(target, watch, proof, true)
      this.#happened('bound', `${formatAddress(target.master)} proved that it is master`)
    })
  }

  // [F6] The one exception to Sentinel's word: the candidate has our history, and is confirmed or left afterwards.
  #boundAhead(candidate: Address, watch: WatchedNode, proof: NodeProof): void {
    const old = this.#master
    if (this.#phase !== 'handover' || old === undefined || proof.previousId !== old.replicationId) return
    this.#endElection(watch)
    const { sameNode } = this.#options
    const replicas = old.topology.replicas.filter(({ address }) => !sameNode(address, candidate))
    this.#moveTo({ master: candidate, replicas, epoch: old.topology.epoch }, watch, proof, false)
    this.#happened('boundAhead', `${formatAddress(candidate)} is master and has our history`)
  }

  #moveTo(topology: Topology, watch: WatchedNode, proof: NodeProof, isConfirmed: boolean): void {
    const { redis, onTopology } = this.#options
    const old = this.#master
    if (old !== undefined) this.#compare(old, proof)
    old?.watch.close()
    this.#master = {
      topology,
      watch: this.#watchMaster(topology.master, watch),
      replicationId: proof.replicationId,
      isConfirmed
    }
    this.#masterOffset = proof.offset
    this.#drain?.end()
    this.#drain = undefined
    this.generation = redis.bind(topology.master)
    const flight = this.recorder.current
    if (flight !== undefined) {
      Object.assign(flight, {
        to: formatAddress(topology.master),
        epoch: topology.epoch,
        generation: this.generation
      })
    }
    onTopology(topology, proof.replicationId)
  }

  #compare(old: BoundMaster, proof: NodeProof): void {
    if (old.replicationId === proof.replicationId) return
    const verdict = compareHistories(
      { replicationId: old.replicationId, drainedOffset: this.#drain?.offset },
      proof
    )
    this.doRepliesCount = verdict.proof === 'proved'
    this.#didMove = true
    this.handovers[verdict.proof]++
    this.counters.failovers++
    this.counters.lastFailoverAt = Date.now() / 1000
    this.counters.offsetDifference = verdict.difference ?? Number.NaN
    this.recorder.mark(`handover ${verdict.proof}`)
    const flight = this.recorder.current
    if (flight !== undefined)
      Object.assign(flight, { proof: verdict.proof, offsetDifference: verdict.difference })
    this.#options.log.info({ ...verdict, from: formatAddress(old.topology.master) }, 'handover')
  }

  /** The watch that proved the master is closed; the heartbeat of a bound master is another rhythm. */
  #watchMaster(address: Address, proved: WatchedNode): WatchedNode {
    proved.close()
    return this.#options.redis.watch(address, this.#options.rules.heartbeatIntervalMs, this.#masterEvents())
  }

  #masterEvents(): NodeEvents {
    const generation = (): number => this.generation
    return {
      onAlive: (role, offset) => {
        this.#masterAlive(role, offset)
      },
      onSilent: () => {
        this.doubted('it does not answer', generation())
      },
      onLost: (why) => {
        this.doubted(`its connection was lost: ${why}`, generation())
      }
    }
  }

  #masterAlive(role: 'master' | 'replica' | undefined, offset: number): void {
    if (role === 'replica') {
      this.doubted('it says that it is a replica')
      return
    }
    if (role === 'master') this.#masterOffset = offset
    if (this.#phase !== 'suspect' && this.#phase !== 'shedding') return
    const bound = this.#master
    bound?.watch.prove((proof) => {
      if (this.#master !== bound || bound === undefined || !proof?.isMaster || proof.isRefusing) return
      if (proof.replicationId === bound.replicationId)
        this.#happened('masterAlive', 'it answers, and is master')
      else this.#restarted(bound.topology)
    })
  }

  // It lost its memory and perhaps its data, and was not replaced in time: what the Sentinels call master stays master.
  #restarted(topology: Topology): void {
    const { log, rules } = this.#options
    this.counters.masterRestarts++
    log.warn({ master: formatAddress(topology.master) }, 'the master restarted with another history')
    if (rules.refuseEmptyMaster) return
    this.#target = topology
    this.#happened('masterNamed', 'it restarted under the same address')
  }

  #isBoundTo(address: Address | undefined): boolean {
    const bound = this.#master?.topology.master
    return address !== undefined && bound !== undefined && this.#options.sameNode(bound, address)
  }
}
