// Moves the master on an operator's word without losing a write: holds, drains, waits until every replica that may be
// elected has it all, and only then asks for the election. What follows is the machine's work as in any other [F5].
import type { Clock } from '../clock.ts'
import { formatAddress, type Address } from '../topology/topology.ts'
import type { FailoverController } from './controller.ts'
import { refused, reported, type SwitchoverReport } from './switchover-report.ts'

export type PromotableReplica = {
  readonly address: Address
  /** It answers, and the bound master feeds it. */
  readonly isFed: boolean
  /** Its applied replication offset as it last said itself. */
  readonly offset: number | null
  /** When it said so, in milliseconds of the clock. */
  readonly heardAtMs: number
}

export type SwitchoverReplicas = {
  /** Those that the Sentinels may elect. */
  promotable: () => readonly PromotableReplica[]
  /** Asks each replica for its offset now. */
  beat: () => void
}

export type SwitchoverSentinels = {
  /** Whether a majority of them answered the last look, and one of them reaches the others. */
  readonly hasMajority: boolean
  look: (reason: string) => Promise<unknown>
  /** Asks for an election; the reason when it was refused. */
  failover: () => Promise<string | undefined>
}

export type SwitchoverOptions = {
  readonly clock: Clock
  readonly controller: FailoverController
  readonly replicas: SwitchoverReplicas
  readonly sentinels: SwitchoverSentinels
}

const DRAIN_MS = 600
const CATCH_UP_MS = 1000
/** For the Sentinel's answer, which itself is bounded; and from there to the candidate. */
const ANSWER_MS = 3000
const CANDIDATE_MS = 1000
/** From the first held request until the Sentinels name the new master; each has its own time, up to 10 s. */
const SETTLE_MS = 20_000
const POLL_MS = 5

export class Switchover {
  readonly #options: SwitchoverOptions
  #isUnderWay = false

  constructor(options: SwitchoverOptions) {
    this.#options = options
  }

  /** Resolves when it is over, within about 25 s. Does not reject. */
  async run(): Promise<SwitchoverReport> {
    if (this.#isUnderWay) return refused('a switchover is under way already')
    this.#isUnderWay = true
    try {
      await this.#options.sentinels.look('switchover')
      const refusal = this.#refusal()
      return refusal === undefined ? await this.#move() : refused(refusal)
    } finally {
      this.#isUnderWay = false
    }
  }

  #refusal(): string | undefined {
    const { controller, sentinels, replicas } = this.#options
    if (controller.phase !== 'serving') return `no master is being served now (${controller.phase})`
    if (!sentinels.hasMajority) return 'no majority of the Sentinels answers'
    const promotable = replicas.promotable()
    if (promotable.length === 0) return 'there is no replica that the Sentinels may elect'
    const starved = promotable.filter(({ isFed }) => !isFed)
    if (starved.length > 0) return `not fed by the master, yet may be elected: ${names(starved)}`
    return undefined
  }

  async #move(): Promise<SwitchoverReport> {
    const { controller } = this.#options
    const { generation } = controller.seat
    const hasBegun = controller.switchoverAsked('an operator asked for a switchover')
    const [flight] = controller.recorder.flights
    if (!hasBegun || flight === undefined)
      return refused(`no master is being served now (${controller.phase})`)
    controller.election?.awaitCandidate(DRAIN_MS + CATCH_UP_MS + ANSWER_MS)
    const failure = (await this.#prepare()) ?? (await this.#elect())
    if (failure !== undefined) this.#callOff(failure)
    await this.#until(SETTLE_MS, () => controller.phase === 'serving')
    const { phase, topology } = controller
    const hasMoved = controller.seat.generation !== generation
    return reported({ flight, master: topology?.master, phase, hasMoved, failure })
  }

  #isHandingOver(): boolean {
    return this.#options.controller.phase === 'handover'
  }

  /** Undefined when every replica that may be elected has all that the master acknowledged, else what is missing. */
  async #prepare(): Promise<string | undefined> {
    const { clock, controller, replicas } = this.#options
    const isDrained = await this.#duringHandover(DRAIN_MS, () => controller.seat.drainedOffset !== undefined)
    if (!this.#isHandingOver()) return undefined
    const { drainedOffset } = controller.seat
    if (!isDrained || drainedOffset === undefined) return 'requests in flight were not answered in time'
    const drainedAtMs = clock.now()
    // What one said before may be enough, but one that is silent since cannot be promoted.
    const behind = (): readonly PromotableReplica[] =>
      replicas
        .promotable()
        .filter((it) => !it.isFed || it.heardAtMs < drainedAtMs || (it.offset ?? -1) < drainedOffset)
    const haveAll = await this.#duringHandover(CATCH_UP_MS, () => {
      replicas.beat()
      return behind().length === 0
    })
    if (!this.#isHandingOver()) return undefined
    if (!haveAll) return `behind the master after ${CATCH_UP_MS} ms: ${names(behind())}`
    controller.recorder.mark('the replicas have it all')
    return undefined
  }

  /** Undefined when a Sentinel has agreed to begin, or when one began meanwhile by itself; else the refusal. */
  async #elect(): Promise<string | undefined> {
    const { controller, sentinels } = this.#options
    if (!this.#isHandingOver() || controller.election?.hasCandidate === true) return undefined
    const refusal = await sentinels.failover()
    controller.recorder.mark(refusal ?? 'a Sentinel has agreed to an election')
    controller.election?.awaitCandidate(CANDIDATE_MS)
    return refusal
  }

  // An election that is under way decides, whoever asked for it: its candidate may be promoted at any moment.
  #callOff(why: string): void {
    const { controller } = this.#options
    const isUnderWay = controller.election?.hasCandidate === true || /\bINPROG\b/.test(why)
    if (this.#isHandingOver() && !isUnderWay) controller.electionOver(why)
  }

  /** Whether it came true in time, and before the handover was over. */
  async #duringHandover(withinMs: number, isSo: () => boolean): Promise<boolean> {
    await this.#until(withinMs, () => isSo() || !this.#isHandingOver())
    return this.#isHandingOver() && isSo()
  }

  async #until(withinMs: number, isSo: () => boolean): Promise<void> {
    const { clock } = this.#options
    const deadlineMs = clock.now() + withinMs
    while (!isSo() && clock.now() < deadlineMs) {
      await new Promise<void>((resolve) => {
        clock.after(POLL_MS, resolve)
      })
    }
  }
}

function names(replicas: readonly PromotableReplica[]): string {
  return replicas.map(({ address }) => formatAddress(address)).join(', ')
}
