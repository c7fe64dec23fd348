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
  ...several('writer', 4, 2, writing),
  ...several('reader', 4, 2, reading),
  ...several('pipeline', 1, 10, () => () => Array.from({ length: 16 }, get)),
  ...several('mixed pipeline', 1, 10, mixing),
  { ...speaksResp3(), name: 'RESP3', pauseMs: 4 }
]

export const clientCount = habits.length

function several(name: string, count: number, pauseMs: number, round: Habit['round']): Habit[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${name} ${index + 1}`, pauseMs, round }))
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

function speaksResp3(): Pick<Habit, 'greeting' | 'round'> {
  const map = `%${profile.length / 2}${encode(...profile).toString('latin1').slice(2)}`
  const greeting = { bytes: encode('HELLO', '3'), isRight: (reply: string) => reply.startsWith('%') }
  const read = { bytes: encode('HGETALL', 'demo:profile'), isRight: (reply: string) => reply === map }
  const round = (name: string): Round => {
    const nextMember = members(name)
    let turn = 0
    return () => [(turn += 1) % 8 === 0 ? nextMember() : read]
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
      if (wire === undefined) {
        await sleep(100)
        continue
      }
      this.#wires.add(wire)
      if (habit.greeting !== undefined) await this.#exchange(wire, habit, [habit.greeting])
      while (!this.#isOver && (await this.#exchange(wire, habit, round()))) await sleep(habit.pauseMs)
      wire.close()
      this.#wires.delete(wire)
    }
  }

  /** False when the connection is gone. */
  async #exchange(wire: Wire, { name }: Habit, requests: readonly DemoRequest[]): Promise<boolean> {
    const tallied = { client: name, requests, sentAtMs: performance.now() }
    try {
      this.#tally.answered(tallied, await wire.send(requests.map(({ bytes }) => bytes)))
      return true
    } catch (error) {
      if (!(error instanceof Dropped)) throw error
      if (!this.#wires.has(wire)) throw error
      this.#tally.dropped(tallied)
      return false
    }
  }
}
