// The only holder of the phase: takes events, runs the effects of the machine, owns the failover timers, logs each
// transition with its reason and counts it. No other file knows whether there is a failover.
import type { Timer } from '../clock.ts'
import { formatAddress, type Address, type Topology } from '../topology/topology.ts'
import { Binding, type BindingEvents } from './binding.ts'
import type { BoundMasterEvents } from './bound-master.ts'
import type { ControllerOptions } from './controller-options.ts'
import { Election, type ElectionEvents } from './election.ts'
import { FlightRecorder } from './flight-recorder.ts'
import { admits, step, type Admission, type Effect, type FailoverEvent, type Phase } from './machine.ts'
import type { NodeProof } from './redis-side.ts'
import { Seat } from './seat.ts'
import { TransitionLog } from './transition-log.ts'

export class FailoverController {
  readonly recorder: FlightRecorder
  readonly transitions: TransitionLog
  masterRestarts = 0
  readonly seat: Seat
  readonly #options: ControllerOptions
  #phase: Phase = 'seeking'
  #isPaused = false
  #isClosed = false
  #isFenced = false
  #admission: Admission = 'hold'
  #target: Topology | undefined
  #binding: Binding | undefined
  #election: Election | undefined
  #budget: Timer | undefined
  #confirmation: Timer | undefined

  constructor(options: ControllerOptions) {
    this.#options = options
    this.recorder = new FlightRecorder(options.clock, options.onFailover)
    this.transitions = new TransitionLog(options.log, this.recorder)
    this.seat = new Seat({ ...options, ...options.rules, recorder: this.recorder, events: this.#signals })
    this.#startBudget()
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

  /** The one that is followed during a handover. */
  get election(): Election | undefined {
    return this.#election
  }

  /** The bound master with its replicas; undefined until the first one is bound. */
  get topology(): Topology | undefined {
    return this.seat.master?.topology
  }

  // ---- what happens -----------------------------------------------------------------------------------------------

  /** Usable Sentinels believe in this topology. */
  believed(topology: Topology): void {
    this.#isFenced = false
    const bound = this.seat.master
    const isSettled = this.#phase !== 'seeking' && this.#phase !== 'shedding'
    if (bound !== undefined && isSettled && this.#options.sameNode(bound.topology.master, topology.master)) {
      bound.confirm(topology)
      this.#options.onTopology(bound.topology, bound.replicationId)
      this.#happened('masterConfirmed', 'the Sentinels name it')
      return
    }
    // The Sentinels have not heard yet of the candidate that is bound ahead of their word.
    if (bound?.isConfirmed === false && isSettled && topology.epoch <= bound.topology.epoch) return
    // It is being proved already.
    if (this.#binding && this.#options.sameNode(this.#binding.topology.master, topology.master)) return
    const name = formatAddress(topology.master)
    this.#named(topology, `the Sentinels name ${name} at epoch ${topology.epoch}`)
  }

  /** An election is under way, as far as known with this candidate. */
  electionSeen(why: string, candidate: Address | undefined): void {
    const bound = this.seat.master?.topology.master
    if (candidate !== undefined && bound !== undefined && this.#options.sameNode(bound, candidate)) return
    this.#happened('electionSeen', why)
    this.recorder.mark(why)
    if (candidate !== undefined) this.#election?.name(candidate)
  }

  electionOver(why: string): void {
    this.#happened('electionOver', why)
  }

  /** Holds requests and drains the master for an election that is to begin now; false if it does not serve. */
  switchoverAsked(why: string): boolean {
    const doesServe = this.#phase === 'serving'
    if (doesServe) this.#happened('switchoverAsked', why)
    return doesServe
  }

  /** Something speaks against the bound master. `generation` is that of who noticed: late news changes nothing. */
  doubted(why: string, generation = this.seat.generation): void {
    if (generation === this.seat.generation) this.#happened('masterDoubted', why)
  }

  /** The fence is strict, and down: only Sentinels that reach a majority open it again. */
  quorumLost(): void {
    this.#isFenced = true
    this.#happened('quorumLost', 'no Sentinel reaches a majority')
  }

  /** While it is paused requests are held, each for its window, whatever the phase; the machine goes on. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#admit()
    if (this.#admission === 'forward') this.#options.held.replay()
  }

  close(): void {
    this.#isClosed = true
    this.#leave()
    this.#budget?.cancel()
    this.seat.close()
    this.#options.held.shed('shutdown')
  }

  // ---- the machine ------------------------------------------------------------------------------------------------

  /** What the parts below report, as events of the machine. */
  readonly #signals: ElectionEvents & BindingEvents & BoundMasterEvents = {
    onCandidateProved: (candidate, proof) => {
      this.#bindAhead(candidate, proof)
    },
    onExpired: (why) => {
      this.electionOver(why)
    },
    onProved: (topology, proof) => {
      if (this.seat.doesRefuse(topology, proof)) {
        this.#signals.onFailed(`${formatAddress(topology.master)} restarted with another history`)
        return
      }
      this.#moveTo(topology, proof, true)
      this.#happened('bound', `${formatAddress(topology.master)} proved that it is master`)
    },
    onFailed: (why) => {
      this.#endBinding()
      this.#happened('bindFailed', why)
    },
    onDoubted: (why) => {
      this.doubted(why)
    },
    onAlive: () => {
      this.#happened('masterAlive', 'it answers, and is master')
    },
    onOffset: (offset) => {
      this.#options.onMasterOffset(offset)
    },
    onRestarted: (topology) => {
      this.#restarted(topology)
    },
    mark: (what) => {
      this.recorder.mark(what)
    }
  }

  #happened(event: FailoverEvent, why: string): void {
    const from = this.#phase
    const next = step(from, event)
    if (next === undefined || this.#isClosed) return
    if (admits[from] === 'forward' && admits[next.phase] !== 'forward')
      this.recorder.start(why, this.topology)
    this.#phase = next.phase
    this.#admit()
    this.#leave()
    const facts = { generation: this.seat.generation, held: this.#options.held.requests }
    this.transitions.add({ from, to: next.phase, event, reason: why, ...facts }, this.seat.master?.topology)
    for (const effect of next.effects) this.#effects[effect]()
    if (admits[next.phase] === 'forward') this.recorder.land(next.phase === 'serving')
  }

  // Each phase starts its own watches and timers; those of the phase before end with it.
  #leave(): void {
    this.#endBinding()
    this.#election?.end()
    this.#election = undefined
    this.#confirmation?.cancel()
    this.seat.master?.endProbe()
  }

  #admit(): void {
    const admission = admits[this.#phase]
    this.#admission = this.#isPaused && admission === 'forward' ? 'hold' : admission
  }

  readonly #effects: Readonly<Record<Effect, () => void>> = {
    startBudget: () => {
      this.#startBudget()
    },
    stopBudget: () => {
      this.#budget?.cancel()
      this.#budget = undefined
    },
    withhold: () => {
      this.seat.withhold()
    },
    release: () => {
      this.seat.release()
    },
    ask: () => {
      this.#options.askSentinels(this.#phase)
    },
    probe: () => {
      // What it says of itself does not open the fence.
      if (!this.#isFenced) this.seat.master?.probe()
    },
    bind: () => {
      this.#startBinding()
    },
    followElection: () => {
      const { clock, redis, sameNode } = this.#options
      this.#election = new Election(clock, redis, sameNode, this.#signals)
    },
    awaitConfirmation: () => {
      this.#awaitConfirmation()
    },
    replay: () => {
      const { held } = this.#options
      const { tally } = this.recorder
      tally.held = Math.max(tally.held, held.requests)
      if (this.#admission === 'forward') tally.replayed += held.replay()
    },
    shed: () => {
      this.seat.abandon()
      this.#options.held.shed('budget')
    }
  }

  // ---- effects ----------------------------------------------------------------------------------------------------

  #startBudget(): void {
    this.#budget ??= this.#options.clock.after(this.#options.rules.budgetMs, () => {
      this.#budget = undefined
      this.#happened('budgetSpent', 'no master was found in the budget')
    })
  }

  #awaitConfirmation(): void {
    const { clock, rules, askSentinels } = this.#options
    askSentinels('to confirm the candidate')
    this.#confirmation = clock.after(rules.confirmTimeoutMs, () => {
      this.#happened('confirmationMissed', 'no usable Sentinel confirmed the candidate')
    })
  }

  #named(topology: Topology, why: string): void {
    this.#target = topology
    // The budget is spent, so that nothing may be held while it is proved.
    if (this.#phase === 'shedding') this.#startBinding()
    else this.#happened('masterNamed', why)
  }

  #startBinding(): void {
    this.#endBinding()
    const { clock, redis } = this.#options
    if (this.#target !== undefined) this.#binding = new Binding(clock, redis, this.#target, this.#signals)
  }

  #endBinding(): void {
    this.#binding?.end()
    this.#binding = undefined
  }

  // [F6] The one exception to Sentinel's word: the candidate has our history, and is confirmed or left afterwards.
  #bindAhead(candidate: Address, proof: NodeProof): void {
    const old = this.seat.master
    if (old === undefined || proof.previousId !== old.replicationId) return
    const { epoch, replicas } = old.topology
    const others = replicas.filter(({ address }) => !this.#options.sameNode(address, candidate))
    this.#moveTo({ master: candidate, replicas: others, epoch }, proof, false)
    this.#happened('boundAhead', `${formatAddress(candidate)} is master and has our history`)
  }

  #moveTo(topology: Topology, proof: NodeProof, isConfirmed: boolean): void {
    this.seat.take(topology, proof, isConfirmed)
    this.#options.onTopology(topology, proof.replicationId)
    this.#options.onMasterOffset(proof.offset)
  }

  // It was not replaced in time: what the Sentinels call master stays master, unless that is refused.
  #restarted(topology: Topology): void {
    const { log, rules } = this.#options
    this.masterRestarts++
    log.warn({ master: formatAddress(topology.master) }, 'the master restarted with another history')
    if (rules.refuseEmptyMaster) return
    this.#named(topology, 'it restarted under the same address')
  }
}
