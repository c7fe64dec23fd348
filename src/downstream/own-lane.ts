// The lane of its own that a session needs while Redis must remember something of its connection: a transaction, a
// watch, a blocked call. Knows what has to be said again on another master, and what cannot be [F1].
import type { Effect, Exchange, OwnStep, RequestBytes } from '../exchange.ts'
import type { Command } from '../command/commands.ts'
import type { PinReason } from '../command/exceptions.ts'
import { ALL_KEYS, type FramedWords } from '../command/keys.ts'
import { encode } from '../resp/decode.ts'
import { nullArray, ok, queued } from '../resp/replies.ts'
import type { OwnLender } from './own-lender.ts'
import { silently } from './silent-requests.ts'

export type LentLane = {
  readonly isUsable: boolean
  readonly clientId: number | undefined
  send: (exchange: Exchange) => void
  cut: () => void
}

/** The request that was framed last. */
export type FramedRequest = RequestBytes & FramedWords

type Taken = { readonly step: OwnStep; readonly effect: Effect; readonly writes?: number[] | undefined }

export class OwnLane {
  readonly #lender: OwnLender
  #lane: LentLane | undefined
  /** Forgotten by RESET, and not yet empty. */
  #leaving: LentLane | undefined
  #cancelWait: (() => void) | undefined
  // As the requests were taken: what the next one meets.
  #isInMulti = false
  #isWatching = false
  #isTracking = false
  /** The keys that the transaction's commands write, as hashes: its EXEC writes them. */
  #queuedWrites: number[] | undefined
  /** Why it is held, for the metric. */
  #reason: PinReason | undefined
  // As the replies came: what a new lane has to be told.
  /** Commands that the open transaction has queued. */
  queued = 0
  #body: Buffer[] = []
  /** The request that turned tracking on, and whether a lane has been told. */
  #tracking: readonly Buffer[] = []
  #isTold = false
  #database: number | undefined
  #isWatchArmed = false
  #isWatchBroken = false
  /** A command of the transaction was refused here, so that Redis must not execute the others. */
  #isTainted = false
  /** Redis itself refused one of its commands; another lane has to be told by failing EXEC. */
  #hasRefused = false
  /** Another session could not use it any more. */
  #isDirty = false

  constructor(lender: OwnLender) {
    this.#lender = lender
  }

  /** Requests must go to it whatever they are. */
  get isNeeded(): boolean {
    return this.#isInMulti || this.#isWatching || this.#isTracking
  }

  get isTracking(): boolean {
    return this.#isTracking
  }

  get isInMulti(): boolean {
    return this.#isInMulti
  }

  get reason(): PinReason | undefined {
    return this.#lane === undefined ? undefined : this.#reason
  }

  get lane(): LentLane | undefined {
    return this.#lane
  }

  /** A watched transaction can no longer succeed: what it watched was forgotten with the old lane. */
  get isWatchBroken(): boolean {
    return this.#isWatchBroken
  }

  get isTainted(): boolean {
    return this.#isTainted
  }

  /** A command was refused: if that was in a transaction, EXEC must fail. */
  taint(): void {
    if (this.#isInMulti) this.#isTainted = true
  }

  /** Called once for each request that needs it, in the order of the requests. */
  take(command: Command, request: FramedRequest, writes: number[] | undefined): Taken {
    if (!this.#isInMulti && command.pin !== undefined) this.#reason = command.pin
    this.#reason ??= 'one_call'
    if (this.#isInMulti) return this.#takeQueued(command, request, writes)
    switch (command.name) {
      case 'multi':
        this.#isInMulti = true
        this.queued = 0
        this.#queuedWrites = undefined
        return { step: 'multi', effect: 'again' }
      case 'watch':
        this.#isWatching = true
        return { step: 'watch', effect: 'again' }
      case 'unwatch':
        this.#isWatching = false
        return { step: 'unwatch', effect: 'again' }
      default:
        return { ...this.#takeCall(command, request), writes }
    }
  }

  #takeQueued(command: Command, request: FramedRequest, writes: number[] | undefined): Taken {
    if (command.name === 'select') this.#database = Number(request.argument(1)?.toString('latin1'))
    if (command.handling === 'here' && command.name !== 'ping') this.#isDirty = true
    if (!endsTransaction(command)) {
      this.queued++
      if (writes !== undefined) this.#queuedWrites = joined(this.#queuedWrites, writes)
      return { step: 'queued', effect: 'again' }
    }
    this.#isInMulti = false
    this.#isWatching = false
    if (command.name === 'discard') return { step: 'discard', effect: 'again' }
    return { step: 'exec', effect: 'once', writes: this.#queuedWrites }
  }

  // A blocked call that a lost lane did not answer is issued again: nothing was popped for a client that waits.
  #takeCall(command: Command, request: FramedRequest): Taken {
    if (command.pin === 'blocking') return { step: 'blocking', effect: 'again' }
    if (command.pin === 'tracking') this.#takeTracking(command, request)
    return { step: command.handling === 'leased' ? 'call' : 'plain', effect: command.effect }
  }

  #takeTracking({ name }: Command, request: FramedRequest): void {
    if (name !== 'client|tracking') return
    this.#isTracking = request.argument(2)?.toString('latin1').toLowerCase() === 'on'
    this.#isTold &&= this.#isTracking
    this.#isDirty = true
    this.#tracking = this.#isTracking ? bytesOf(request) : []
  }

  /** Calls back with the lane, told what the one before knew; with undefined when none came free in time. */
  acquire(onLane: (lane: LentLane | undefined) => void): void {
    if (this.#lane?.isUsable) {
      this.#isTold ||= this.#isTracking
      onLane(this.#lane)
      return
    }
    this.#forgetLost()
    this.#cancelWait = this.#lender.lend((lane) => {
      this.#cancelWait = undefined
      this.#lane = lane
      this.#isDirty = false
      const remembered = [...(this.#isTold ? this.#tracking : []), ...this.#body]
      this.#isTold = this.#isTracking
      if (lane !== undefined && remembered.length > 0) lane.send(silently(remembered))
      onLane(lane)
    }, this.#onLost)
  }

  // What a tracking client has cached is not watched over any more.
  readonly #onLost = (): void => {
    if (this.#isTracking && this.#lender.protocol === 3) this.#lender.push(FLUSH_ALL)
  }

  /** The exchange has had its whole reply, of which `bytes` are the last ones. */
  answered(exchange: Exchange, bytes: Buffer): void {
    // It was on the lane that RESET left.
    if (this.#leaving !== undefined) return
    switch (exchange.own) {
      case 'multi':
      case 'queued':
        if (isAccepted(bytes)) this.#body.push(...bytesOf(exchange))
        else this.#hasRefused = true
        break
      case 'watch':
        this.#isWatchArmed = true
        break
      case 'exec':
      case 'discard':
        if (exchange.own === 'exec') this.#keepDatabase(bytes)
        this.#forgetTransaction()
        break
      case 'unwatch':
        this.#isWatchArmed = false
        this.#isWatchBroken = false
        break
      case 'call':
        this.#isDirty = true
        break
      default:
    }
  }

  /** What the client's connection has become, its lane must become too; the watch on it goes on. */
  tell(...words: readonly string[]): void {
    if (this.#lane === undefined) return
    this.#isDirty = true
    this.#lane.send(silently([encode(...words)]))
  }

  /** Its transaction is over though Redis has not said so. */
  abandonTransaction(): void {
    this.#forgetTransaction()
    this.#isDirty = true
  }

  /** The session forgets everything, as RESET asks. */
  reset(): void {
    this.#isInMulti = false
    this.#isWatching = false
    this.#isTracking = false
    this.#tracking = []
    this.#isTold = false
    this.abandonTransaction()
    // What is unanswered on it is still answered; what follows must not meet what it remembers.
    this.#leaving ??= this.#lane
    this.#lane = undefined
  }

  /** Nothing is unanswered: gives the lane back unless it is needed. */
  release(): void {
    this.#leaving?.cut()
    this.#leaving = undefined
    if (this.isNeeded || this.#lane === undefined) return
    const lane = this.#lane
    this.#lane = undefined
    this.#reason = undefined
    if (this.#isDirty) lane.cut()
    else this.#lender.giveBack(lane)
  }

  /** The client has gone: a call that blocks must not pop anything for nobody. */
  close(): void {
    this.#cancelWait?.()
    this.#leaving?.cut()
    this.#lane?.cut()
    this.#lane = undefined
  }

  // What SELECT did in a transaction stays when it was executed.
  #keepDatabase(reply: Buffer): void {
    const database = this.#database
    this.#database = undefined
    if (database === undefined || reply[0] === MINUS || isNull(reply)) return
    this.#isDirty = true
    this.#lender.selected(database)
  }

  #forgetTransaction(): void {
    this.#body = []
    this.#isTainted = false
    this.#hasRefused = false
    this.#isWatchArmed = false
    this.#isWatchBroken = false
  }

  #forgetLost(): void {
    if (this.#isWatchArmed) this.#isWatchBroken = true
    if (this.#hasRefused) this.#isTainted = true
    this.#lane = undefined
  }
}

/** So many keys of one transaction are as good as all of them. */
const MAX_QUEUED_WRITES = 1024

function joined(before: number[] = [], writes: readonly number[]): number[] {
  return before.length < MAX_QUEUED_WRITES ? [...before, ...writes] : [ALL_KEYS]
}

function endsTransaction({ name }: Command): boolean {
  return name === 'exec' || name === 'discard'
}

function isNull(reply: Buffer): boolean {
  return reply.equals(nullArray(2)) || reply.equals(nullArray(3))
}

function isAccepted(reply: Buffer): boolean {
  return reply.equals(queued) || reply.equals(ok)
}

const MINUS = 45

/** Redis docs, "Client-side caching": an invalidation of null means all keys. */
const FLUSH_ALL = Buffer.from('>2\r\n$10\r\ninvalidate\r\n_\r\n')

function bytesOf(request: RequestBytes): readonly Buffer[] {
  return [request.parts ? Buffer.concat(request.parts) : request.bytes.subarray(request.start, request.end)]
}
