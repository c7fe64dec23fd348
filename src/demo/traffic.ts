// The ordinary clients of the demo, all of which know one address only. Each one sends, waits, checks and goes on;
// a dropped one connects again and is counted. Knows no Redis behind that address.
import { setTimeout as sleep } from 'node:timers/promises'
import { encode } from '../resp/decode.ts'
import type { DemoRequest, Tally } from './tally.ts'
import { Dropped, Wire } from './wire.ts'

type Round = () => readonly DemoRequest[]

type Habit = {
  readonly name: string
  readonly pauseMs: number
  /** Sent first on every connection. */
  readonly greeting?: DemoRequest
  /** It never writes, so no replica is too far behind for it. */
  readonly readsOnly?: true
  /** What the client of this name sends in one go. */
  readonly round: (name: string) => Round
}

const items = 200
const profile = ['name', 'Ada', 'born', '1815'] as const

/** What has to be there before the traffic begins: requests whose replies do not matter. */
export function seeds(): Buffer[] {
  const pairs = Array.from({ length: items }, (_, index) => [item(index), String(index)]).flat()
  return [encode('MSET', ...pairs), encode('SET', counter, '0'), encode('HSET', 'demo:profile', ...profile)]
}

export const counter = 'demo:counter'

const habits: readonly Habit[] = [
  ...several(4, { name: 'writer', pauseMs: 2, round: writing }),
  ...several(4, { name: 'reader', pauseMs: 2, round: reading, readsOnly: true }),
  { name: 'pipeline', pauseMs: 10, round: () => () => Array.from({ length: 16 }, get), readsOnly: true },
  { name: 'mixed pipeline', pauseMs: 10, round: mixing },
  { name: 'RESP3', pauseMs: 4, ...speakingResp3() }
]

export const clientCount = habits.length

function several(count: number, habit: Habit): Habit[] {
  return Array.from({ length: count }, (_, index) => ({ ...habit, name: `${habit.name} ${index + 1}` }))
}

function writing(name: string): Round {
  const nextMember = members(name)
  let turn = 0
  return () => [(turn += 1) % 2 === 0 ? increment() : nextMember()]
}

function reading(): Round {
  let turn = 0
  return () => [(turn += 1) % 2 === 0 ? get() : mget()]
}

// One write, so that its reads have to follow it to the master, and at most one write of it can be in doubt.
function mixing(name: string): Round {
  const nextMember = members(name)
  return () => [nextMember(), ...Array.from({ length: 15 }, get)]
}

// Writes every two seconds or so, and reads what others wrote from the replicas in between.
function speakingResp3(): Pick<Habit, 'greeting' | 'round'> {
  const map = `%${profile.length / 2}${encode(...profile)
    .toString('latin1')
    .slice(2)}`
  const greeting = { bytes: encode('HELLO', '3'), isRight: (reply: string) => reply.startsWith('%') }
  const read = { bytes: encode('HGETALL', 'demo:profile'), isRight: (reply: string) => reply === map }
  const round = (name: string): Round => {
    const nextMember = members(name)
    let turn = 0
    return () => [(turn += 1) % 400 === 0 ? nextMember() : read]
  }
  return { greeting, round }
}

function item(index: number): string {
  return `demo:item:${index}`
}

function anItem(): number {
  return Math.floor(Math.random() * items)
}

function get(): DemoRequest {
  const index = anItem()
  const right = `$${String(index).length}\r\n${index}\r\n`
  return { bytes: encode('GET', item(index)), isRight: (reply) => reply === right }
}

function mget(): DemoRequest {
  const [one, other] = [anItem(), anItem()]
  const right = encode(String(one), String(other)).toString('latin1')
  return { bytes: encode('MGET', item(one), item(other)), isRight: (reply) => reply === right }
}

function increment(): DemoRequest {
  return { bytes: encode('INCR', counter), isRight: (reply) => /^:\d+\r\n$/.test(reply), write: 'increment' }
}

/** Adds one member after the other; a 0 for an answer would mean that it was added before. */
function members(name: string): () => DemoRequest {
  const set = `demo:written-by:${name}`
  let last = 0
  return () => {
    const member = String((last += 1))
    const isRight = (reply: string): boolean => reply === ':1\r\n'
    return { bytes: encode('SADD', set, member), isRight, write: { set, member } }
  }
}

export class Traffic {
  readonly #port: number
  readonly #tally: Tally
  readonly #wires = new Set<Wire>()
  #isOver = false
  #ended: Promise<unknown> = Promise.resolve()

  constructor(port: number, tally: Tally) {
    this.#port = port
    this.#tally = tally
  }

  start(): void {
    this.#ended = Promise.all(habits.map((habit) => this.#live(habit)))
  }

  /** Nothing is sent any more; resolves when every client has its last reply. */
  async finish(): Promise<void> {
    this.#isOver = true
    await this.#ended
    this.#tally.end()
  }

  /** Closes the connections, whatever is unanswered on them. */
  abandon(): void {
    this.#isOver = true
    for (const wire of this.#wires) wire.close()
  }

  async #live(habit: Habit): Promise<void> {
    const round = habit.round(habit.name)
    while (!this.#isOver) {
      const wire = await Wire.open(this.#port).catch(() => undefined)
      if (wire === undefined) await sleep(100)
      else await this.#talk(wire, habit, round)
    }
  }

  async #talk(wire: Wire, habit: Habit, round: Round): Promise<void> {
    const { greeting, pauseMs } = habit
    this.#wires.add(wire)
    let isOpen = greeting === undefined || (await this.#exchange(wire, habit, [greeting]))
    while (isOpen && !this.#isOver) {
      isOpen = await this.#exchange(wire, habit, round())
      await sleep(pauseMs)
    }
    wire.close()
    this.#wires.delete(wire)
  }

  /** False when the connection is gone. */
  async #exchange(wire: Wire, habit: Habit, requests: readonly DemoRequest[]): Promise<boolean> {
    const { name, readsOnly = false } = habit
    const tallied = { client: name, readsOnly, requests, sentAtMs: performance.now() }
    try {
      this.#tally.answered(tallied, await wire.send(requests.map(({ bytes }) => bytes)))
      return true
    } catch (error) {
      if (!(error instanceof Dropped)) throw error
      this.#tally.dropped(tallied)
      return false
    }
  }
}
