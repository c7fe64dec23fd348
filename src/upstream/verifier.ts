// Asks the master whether a user and a database are good: every AUTH of a client is checked by Redis itself, on a
// fresh connection that never carries anything else.
import type { Clock } from '../clock.ts'
import { noMaster } from '../resp/replies.ts'
import type { Dialer, NodeAddress } from './dialer.ts'
import type { LaneIdentity } from './handshake.ts'

/** undefined: they are good. Else Redis' own error, or the one that no master was found in time. */
type Done = (refusal: Buffer | undefined) => void

type Check = { readonly identity: LaneIdentity; readonly done: Done; readonly deadlineMs: number }

export type VerifierOptions = {
  readonly dialer: Dialer
  readonly clock: Clock
  readonly master: () => NodeAddress | undefined
  readonly windowMs: () => number
}

/** Connections under way at a time; the others wait their turn. */
const MAX_CHECKS = 16
const RETRY_MS = 20

export class Verifier {
  readonly #options: VerifierOptions
  #waiting: Check[] = []
  #running = 0

  constructor(options: VerifierOptions) {
    this.#options = options
  }

  verify(identity: LaneIdentity, done: Done): void {
    const { clock, windowMs } = this.#options
    this.#waiting.push({ identity, done, deadlineMs: clock.now() + windowMs() })
    this.#run()
  }

  #run(): void {
    while (this.#running < MAX_CHECKS) {
      const check = this.#waiting.shift()
      if (check === undefined) return
      this.#running++
      this.#check(check)
    }
  }

  #check(check: Check): void {
    const address = this.#options.master()
    if (address === undefined) {
      this.#again(check)
      return
    }
    this.#options.dialer.dial(address, 'master', check.identity, {
      onOpen: (lane) => {
        lane.cut()
        this.#finish(check, undefined)
      },
      onRefused: () => undefined,
      onEnd: (_lane, end, failure) => {
        if (failure?.step === 'user' || failure?.step === 'select') this.#finish(check, failure.reply)
        else if (end !== 'cut') this.#again(check)
      }
    })
  }

  #again(check: Check): void {
    const { clock } = this.#options
    if (clock.now() >= check.deadlineMs) {
      this.#finish(check, noMaster)
      return
    }
    clock.after(RETRY_MS, () => {
      this.#check(check)
    })
  }

  #finish(check: Check, refusal: Buffer | undefined): void {
    this.#running--
    check.done(refusal)
    this.#run()
  }
}
