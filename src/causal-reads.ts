// Causal reads: a read sees every write that this proxy has acknowledged, on any of its connections [C3]. Says what a
// replica must have applied for a read, and finds out: asks the master where its history stands behind what was
// written, and the replicas how far they have come. Decides nothing: route/causality.ts does.
import type { Clock, Timer } from './clock.ts'
import type { Command } from './command/commands.ts'
import { keysOf, type FramedWords } from './command/keys.ts'
import type { WriteWatch } from './exchange.ts'
import { Causality } from './route/causality.ts'
import type { Consistency } from './route/read-policy.ts'

export type CausalReadsOptions = {
  readonly clock: Clock
  readonly policy: { readonly consistency: Consistency }
  /** Where the history of the bound master stands, as it says itself when it is asked now; undefined if it does not. */
  readonly askMaster: (done: (master: MasterHistory | undefined) => void) => void
  /** Asks the replicas that are not known to have applied so much of that history. */
  readonly askReplicas: (replicationId: string, offset: number) => void
}

type MasterHistory = { readonly isMaster: boolean; readonly replicationId: string; readonly offset: number }

/** As long as reads go to the master that replicas could serve. */
const WANTED_MS = 3
const WANTED_FOR_MS = 100
/** So that a key which was written long ago is not read at the master first. */
const UNWANTED_MS = 100

export class CausalReads implements WriteWatch {
  readonly #options: CausalReadsOptions
  readonly #marks = new Causality()
  /** The keys of the read that was asked for last: the same list each time. */
  readonly #read: number[] = []
  #timer: Timer
  #isAsking = false
  #missedAtMs = Number.NEGATIVE_INFINITY
  /** How often everything was marked: what was asked before answers nothing any more. */
  #beginnings = 0
  /** Of the bound master: offsets mean nothing in another history. */
  #replicationId = ''

  constructor(options: CausalReadsOptions) {
    this.#options = options
    this.markEverything()
    this.#timer = options.clock.after(UNWANTED_MS, this.#look)
  }

  // ---- what sessions ask --------------------------------------------------------------------------------------------

  neededBy(command: Command, request: FramedWords): number {
    if (!command.replica || !this.#isCausal) return Number.NEGATIVE_INFINITY
    this.#read.length = 0
    return this.#marks.needed(keysOf(request, command.keys, this.#read))
  }

  writtenBy(command: Command, request: FramedWords): number[] | undefined {
    return command.writes && this.#isCausal ? keysOf(request, command.keys) : undefined
  }

  missed(): void {
    const nowMs = this.#options.clock.now()
    const wasWanted = this.#isWanted(nowMs)
    this.#missedAtMs = nowMs
    if (wasWanted) return
    this.#timer.cancel()
    this.#look()
  }

  // ---- what lanes tell ----------------------------------------------------------------------------------------------

  begun(keys: readonly number[]): void {
    this.#marks.begun(keys)
  }

  ended(keys: readonly number[]): void {
    this.#marks.ended(keys)
  }

  // ---- what is found out --------------------------------------------------------------------------------------------

  /** Another master was bound, or what was written so far was not marked: it may be any key. */
  markEverything(): void {
    this.#beginnings++
    this.#isAsking = false
    this.#marks.markEverything()
  }

  close(): void {
    this.#timer.cancel()
  }

  get #isCausal(): boolean {
    return this.#options.policy.consistency === 'causal'
  }

  #isWanted(nowMs: number): boolean {
    return nowMs - this.#missedAtMs < WANTED_FOR_MS
  }

  readonly #look = (): void => {
    const { clock } = this.#options
    if (this.#isCausal) {
      if (this.#marks.isAskDue && !this.#isAsking) this.#askMaster()
      this.#askReplicas()
    }
    this.#timer = clock.after(this.#isWanted(clock.now()) ? WANTED_MS : UNWANTED_MS, this.#look)
  }

  // One question at a time serves every write that was answered before it.
  #askMaster(): void {
    const beginning = this.#beginnings
    this.#isAsking = true
    this.#marks.ask()
    this.#options.askMaster((master) => {
      if (beginning !== this.#beginnings) return
      this.#isAsking = false
      this.#learn(master)
    })
  }

  #learn(master: MasterHistory | undefined): void {
    if (master?.isMaster !== true || !Number.isFinite(master.offset)) {
      this.#marks.learn(undefined)
      return
    }
    if (master.replicationId !== this.#replicationId) {
      this.#follow(master.replicationId)
      return
    }
    this.#marks.learn(master.offset)
    if (this.#isWanted(this.#options.clock.now())) this.#askReplicas()
  }

  // Neither the barriers nor what the replicas have applied mean anything in another history.
  #follow(replicationId: string): void {
    this.#replicationId = replicationId
    this.markEverything()
    this.#askReplicas()
    this.#askMaster()
  }

  #askReplicas(): void {
    if (this.#replicationId !== '') this.#options.askReplicas(this.#replicationId, this.#marks.highest)
  }
}
