// Asks the master whether a user and a database are good: every AUTH of a client is checked by Redis itself, on a
// fresh connection that never carries anything else.
import type { Clock } from '../clock.ts'
import type { Reply } from '../resp/decode.ts'
import { error, noMaster } from '../resp/replies.ts'
import { ask, LaneGone } from './ask.ts'
import type { Dialer, NodeAddress } from './dialer.ts'
import type { LaneIdentity } from './handshake.ts'
import type { Lane } from './lane.ts'

/** undefined: they are good. Else Redis' own error, or the one that no master was found in time. */
type Done = (refusal: Buffer | undefined, answer?: Reply) => void

type Check = {
  readonly identity: LaneIdentity
  readonly done: Done
  readonly deadlineMs: number
  /** Whether the user may ask this is what is checked besides. */
  readonly question: readonly string[] | undefined
}

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

  verify(identity: LaneIdentity, done: Done, question?: readonly string[]): void {
    const { clock, windowMs } = this.#options
    this.#waiting.push({ identity, done, deadlineMs: clock.now() + windowMs(), question })
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
    let wasOpened = false
    // While a script runs Redis refuses to tell its role; what is asked besides is about the user, not about data.
    const role = check.question === undefined ? 'master' : undefined
    this.#options.dialer.dial(address, role, check.identity, {
      onOpen: (lane) => {
        wasOpened = true
        if (check.question === undefined) {
          lane.cut()
          this.#finish(check, undefined)
        } else {
          this.#ask(check, check.question, lane)
        }
      },
      onRefused: () => undefined,
      onEnd: (_lane, _end, failure) => {
        if (failure?.step === 'user' || failure?.step === 'select') this.#finish(check, failure.reply)
        else if (!wasOpened) this.#again(check)
      }
    })
  }

  // Only an error of the ACL speaks of the user; everything else is an answer.
  #ask(check: Check, question: readonly string[], lane: Lane): void {
    const { clock } = this.#options
    const deadline = clock.after(Math.max(0, check.deadlineMs - clock.now()), () => {
      lane.cut('timeout')
    })
    ask(lane, question, (reply) => {
      deadline.cancel()
      lane.cut()
      if (reply instanceof LaneGone) this.#again(check)
      else if (reply instanceof Error && reply.message.startsWith('NOPERM '))
        this.#finish(check, error(reply.message))
      else this.#finish(check, undefined, reply)
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

  #finish(check: Check, refusal: Buffer | undefined, answer?: Reply): void {
    this.#running--
    check.done(refusal, answer)
    this.#run()
  }
}
