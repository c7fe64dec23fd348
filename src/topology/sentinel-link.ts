// One Sentinel for as long as it is wanted: dials, redials, asks, and gives up a connection that fell silent. What one
// Sentinel does never delays another. Does not judge what is answered.
import type { Clock, Timer } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Failure } from './observation.ts'
import type { Connection, Dial, Greeting } from './sentinel-connection.ts'
import { failureOf, silence } from './sentinel-failure.ts'
import { questions, readAnswer, readMasterNames, type Answered } from './sentinel-replies.ts'
import { formatAddress, type Address, type NatMap } from './topology.ts'

export type LinkOptions = {
  readonly masterName: string
  readonly username?: string
  readonly password?: string
  /** How long a Sentinel may take to connect, and to answer before it counts as failed for a look. */
  readonly timeoutMs: number
  readonly natMap: NatMap
  readonly clock: Clock
  readonly log: Log
  readonly dial: Dial
  /** From 0 to 1, for the jitter between two dials. */
  readonly random: () => number
}

export type LinkListener = {
  /** Connected, and what was published before is lost: ask. */
  readonly opened: () => void
  readonly published: (channel: string, text: string) => void
}

export type LinkState = {
  readonly connected: boolean
  readonly subscribed: boolean
  /** Null before its first answer. */
  readonly lastAnswerAgoMs: number | null
  /** Null while all is well. */
  readonly lastError: string | null
}

/** A question unanswered for so long means that the connection is dead, whatever TCP says. */
const silenceMs = 3000
const firstRedialMs = 200
const shortestRedialMs = 100
const longestRedialMs = 2000

type Settle = (result: Answered | Failure) => void

export class SentinelLink {
  readonly address: Address
  readonly name: string
  readonly #options: LinkOptions
  readonly #listener: LinkListener
  readonly #leaving = new Set<Promise<void>>()
  #connection: Connection | undefined
  #greeting: Greeting | undefined
  #id: string | undefined
  #isClosed = false
  #failure: Failure | undefined
  #failedDials = 0
  #lastAnswerMs: number | undefined
  #askedMs: number | undefined
  #waiting: Settle[] = []
  #timers: Timer[] = []

  constructor(address: Address, options: LinkOptions, listener: LinkListener) {
    this.address = address
    this.name = formatAddress(address)
    this.#options = options
    this.#listener = listener
    this.#dial()
  }

  /** The Sentinel's own id, once it has told it; kept while it is away. */
  get id(): string | undefined {
    return this.#id
  }

  get isOpen(): boolean {
    return this.#greeting !== undefined
  }

  /**
   * Never rejects and never takes longer than `timeoutMs`: at once where the last answer is still out or where a dial
   * has failed before; a first dial is waited for.
   */
  look(withPeers: boolean): Promise<Answered | Failure> {
    const { clock, timeoutMs } = this.#options
    if (this.#askedMs !== undefined) return Promise.resolve(silence(this.name, clock.now() - this.#askedMs))
    if (!this.isOpen && this.#failure !== undefined) return Promise.resolve(this.#failure)
    return new Promise((resolve) => {
      const timer = clock.after(timeoutMs, () => {
        settle(this.#noted(silence(this.name, timeoutMs)))
      })
      const settle: Settle = (result) => {
        timer.cancel()
        this.#waiting = this.#waiting.filter((other) => other !== settle)
        resolve(result)
      }
      this.#waiting.push(settle)
      if (this.isOpen) void this.#ask(withPeers)
    })
  }

  /** One command beside the looks. Rejects with the error reply, and with a Failure's reason where there is no answer. */
  async command(...words: string[]): Promise<unknown> {
    const { clock, timeoutMs } = this.#options
    const connection = this.#connection
    if (connection === undefined || !this.isOpen)
      throw new Error(this.#failure?.reason ?? 'not connected yet')
    return new Promise((resolve, reject) => {
      const timer = clock.after(timeoutMs, () => {
        reject(new Error(silence(this.name, timeoutMs).reason))
      })
      void connection.run([words]).then(([reply]) => {
        timer.cancel()
        if (reply?.[0] === null) resolve(reply[1])
        else reject(reply?.[0] ?? new Error('no reply'))
      })
    })
  }

  state(): LinkState {
    return {
      connected: this.isOpen,
      subscribed: this.#greeting !== undefined && this.#greeting.deaf === undefined,
      lastAnswerAgoMs:
        this.#lastAnswerMs === undefined ? null : this.#options.clock.now() - this.#lastAnswerMs,
      lastError: this.#failure?.reason ?? null
    }
  }

  /** Resolves when no socket and no timer of it is left. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#leave({
        sentinel: this.name,
        kind: 'unreachable',
        reason: `no longer asking Sentinel ${this.name}`
      })
    }
    await Promise.all(this.#leaving)
  }

  #dial(): void {
    const { dial, timeoutMs, username, password } = this.#options
    const target = {
      address: this.address,
      connectTimeoutMs: timeoutMs,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password })
    }
    this.#connection = dial(target, {
      opened: (greeting) => {
        this.#opened(greeting)
      },
      published: (channel, text) => {
        this.#listener.published(channel, text)
      },
      lost: (why) => {
        this.#redial(failureOf(this.name, why))
      }
    })
    // One time to connect and one to be greeted.
    this.#after(2 * timeoutMs, () => {
      this.#redial(silence(this.name, 2 * timeoutMs))
    })
  }

  #opened(greeting: Greeting): void {
    this.#stopTimers()
    this.#greeting = greeting
    this.#id = greeting.id
    if (greeting.deaf !== undefined) {
      const facts = { sentinel: this.name, why: greeting.deaf }
      this.#options.log.warn(facts, 'no events from this Sentinel: it is only polled')
    }
    if (this.#waiting.length > 0) void this.#ask(true)
    this.#listener.opened()
  }

  async #ask(withPeers: boolean): Promise<void> {
    const { clock, masterName, natMap, timeoutMs } = this.#options
    const connection = this.#connection
    if (connection === undefined) return
    const deadAfterMs = Math.max(silenceMs, timeoutMs)
    this.#askedMs = clock.now()
    this.#after(deadAfterMs, () => {
      this.#redial(silence(this.name, deadAfterMs))
    })
    const replies = await connection.run(questions(masterName, withPeers))
    let result = readAnswer(this.name, replies, natMap)
    if ('vote' in result && result.vote.address === null) {
      const [masters] = await connection.run([['sentinel', 'MASTERS']])
      result = { vote: { ...result.vote, knownMasters: readMasterNames(masters?.[1]) } }
    }
    // A connection given up meanwhile has failed for those who asked already.
    if (connection === this.#connection) this.#answered(result)
  }

  #answered(result: Answered | Failure): void {
    this.#stopTimers()
    this.#askedMs = undefined
    if ('vote' in result) this.#recovered()
    else this.#noted(result)
    for (const settle of this.#waiting) settle(result)
  }

  #redial(failure: Failure): void {
    this.#leave(failure)
    const { random } = this.#options
    const longest = Math.min(longestRedialMs, firstRedialMs * 2 ** this.#failedDials)
    this.#failedDials = Math.min(this.#failedDials + 1, 10)
    this.#after(shortestRedialMs + random() * (longest - shortestRedialMs), () => {
      this.#stopTimers()
      this.#dial()
    })
  }

  // Gives the connection up without waiting for its socket.
  #leave(failure: Failure): void {
    const leaving = this.#connection?.close()
    if (leaving !== undefined) {
      this.#leaving.add(leaving)
      void leaving.then(() => this.#leaving.delete(leaving))
    }
    this.#connection = undefined
    this.#greeting = undefined
    this.#askedMs = undefined
    this.#stopTimers()
    this.#noted(failure)
    for (const settle of this.#waiting) settle(failure)
  }

  // Told once for each kind of trouble: a dead Sentinel is dialled twice a second for as long as it is dead.
  #noted(failure: Failure): Failure {
    const isNews = this.#failure?.kind !== failure.kind && !this.#isClosed
    this.#failure = failure
    if (isNews) this.#options.log.warn({ sentinel: this.name, kind: failure.kind }, failure.reason)
    return failure
  }

  #recovered(): void {
    this.#lastAnswerMs = this.#options.clock.now()
    this.#failedDials = 0
    if (this.#failure !== undefined)
      this.#options.log.info({ sentinel: this.name }, 'this Sentinel answers again')
    this.#failure = undefined
  }

  #after(delayMs: number, run: () => void): void {
    this.#timers.push(this.#options.clock.after(delayMs, run))
  }

  #stopTimers(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
  }
}
