// Sessions in a world where anything may happen between any two bytes; what must hold whatever happens.
import fc from 'fast-check'
import t from 'tap'
import { encode } from '../../../src/resp/decode.ts'
import { inDoubt, noMaster } from '../../../src/resp/replies.ts'
import type { Consistency } from '../../../src/route/read-policy.ts'
import type { FakeClient } from './fake-client.ts'
import type { FakeLane } from './fake-lanes.ts'
import { World } from './world.ts'

const NO_MASTER = noMaster.toString()
const IN_DOUBT = inDoubt.toString()

type Step = readonly [kind: number, pick: number, amount: number]

/** What a client has sent: `SET c1 c1:3`, `GET c1` or `PING`, of which bytes may still be on their way. */
class Script {
  readonly requests: string[][] = []
  readonly client: FakeClient
  readonly key: string
  #unsent = Buffer.alloc(0)

  constructor(client: FakeClient, index: number) {
    this.client = client
    this.key = `c${index}`
  }

  ask(kind: number): void {
    const { key } = this
    const words =
      kind % 5 < 2 ? ['SET', key, `${key}:${this.requests.length}`] : kind % 5 < 4 ? ['GET', key] : ['PING']
    this.requests.push(words)
    this.#unsent = Buffer.concat([this.#unsent, encode(...words)])
  }

  /** Sends all but the last bytes of what was asked. */
  send(butLast: number): void {
    const length = Math.max(0, this.#unsent.length - butLast)
    if (length > 0) this.client.send(this.#unsent.subarray(0, length))
    this.#unsent = this.#unsent.subarray(length)
  }

  /** The place of each of its writes among those that a node has executed. */
  executed(log: readonly string[]): number[] {
    return log.filter((id) => id.startsWith(`${this.key}:`)).map((id) => Number(id.split(':')[1]))
  }
}

type Plan = {
  readonly clients: number
  readonly steps: readonly Step[]
  readonly consistency: Consistency
  readonly maxHeld: number
  readonly hasReplica: boolean
}

function laneAt(world: World, pick: number): FakeLane | undefined {
  const lanes = world.lanes.filter((lane) => !lane.isEnded)
  return lanes[pick % Math.max(1, lanes.length)]
}

function run(plan: Plan): { world: World; scripts: Script[] } {
  const world = new World({ ...plan, policy: { consistency: plan.consistency, afterWriteMs: 1e9 } })
  const scripts = Array.from({ length: plan.clients }, (_, index) => new Script(world.connect(), index + 1))
  for (const [kind, pick, amount] of plan.steps) take(world, scripts, [kind, pick, amount])
  finish(world, scripts)
  return { world, scripts }
}

// Kinds that move things come often, those that break them seldom.
function take(world: World, scripts: readonly Script[], [kind, pick, amount]: Step): void {
  const script = scripts[pick % scripts.length]!
  if (kind < 6) for (let count = 0; count <= amount % 4; count++) script.ask(pick + count)
  if (kind < 10) script.send(amount % 3 === 0 ? amount : 0)
  else if (kind < 14) world.turn()
  else if (kind < 18) laneAt(world, pick)?.serve(amount % 5)
  else if (kind < 22) laneAt(world, pick)?.read(amount * 3)
  else FAULTS[kind - 22]?.(world, pick)
}

const FAULTS: readonly ((world: World, pick: number) => void)[] = [
  (world) => world.suspect(),
  (world) => world.relieve(),
  (world) => world.relieve(),
  (world) => world.replicate(),
  (world, pick) => laneAt(world, pick)?.end(pick % 2 === 0),
  (world) => world.demote(),
  (world) => world.flap(),
  (world, pick) => world.bind(pick % 2 === 0),
  (world, pick) => world.failOver(pick % 3 === 0 ? 'dead' : 'demoted', pick % 2 === 0),
  (world) => world.clock.turn(400),
  (world) => world.shed()
]

/** Nothing breaks any more: everything that is asked must be answered. */
function finish(world: World, scripts: readonly Script[]): void {
  for (let round = 0; round < 60; round++) {
    world.bind(true)
    if (world.admission !== 'forward') world.relieve()
    if (world.admission !== 'forward' || !world.master.isMaster) world.failOver('demoted', true)
    for (const script of scripts) script.send(0)
    world.turn()
    for (const lane of world.lanes) {
      lane.serve(1000)
      lane.read(100_000)
    }
    world.turn()
  }
}

const step: fc.Arbitrary<Step> = fc.tuple(fc.nat(32), fc.nat(40), fc.nat(40))
const plan: fc.Arbitrary<Plan> = fc.record({
  clients: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { maxLength: 120, size: 'max' }),
  consistency: fc.constantFrom<Consistency>('master', 'eventual', 'session'),
  maxHeld: fc.constantFrom(2, 1000),
  hasReplica: fc.boolean()
})

/** What is wrong with what one client got; undefined when all is well. */
function wrongWith(world: World, script: Script, consistency: Consistency): string | undefined {
  const { requests, client } = script
  const { replies } = client
  const isCut = client.session.closed === 'reply_cut'
  if (!isCut && replies.length !== requests.length)
    return `${replies.length} replies to ${requests.length} requests`
  if (client.session.closed !== undefined && !isCut) return `closed: ${client.session.closed}`
  const executed = script.executed(world.master.log)
  const overtaken = executed.findIndex((at, index) => index > 0 && at <= executed[index - 1]!)
  // A write of unknown fate may have overtaken one that is sent again; nothing else may.
  if (overtaken > 0 && replies[executed[overtaken - 1]!] !== IN_DOUBT)
    return `executed in the order ${executed.join(' ')}`
  for (const [at, reply] of replies.entries()) {
    const wrong = wrongReply(script, at, reply, { world, executed: new Set(executed), consistency })
    if (wrong !== undefined)
      return `${requests[at]!.join(' ')} at ${at} got ${JSON.stringify(reply)}: ${wrong}`
  }
  return undefined
}

type Known = {
  readonly world: World
  readonly executed: ReadonlySet<number>
  readonly consistency: Consistency
}

function wrongReply(script: Script, at: number, reply: string, known: Known): string | undefined {
  const [name] = script.requests[at]!
  if (name === 'PING') return reply === '+PONG\r\n' ? undefined : 'not its own'
  if (reply === NO_MASTER) return known.executed.has(at) ? 'executed all the same' : undefined
  return name === 'SET' ? wrongWrite(script, at, reply, known) : wrongRead(script, at, reply, known)
}

function wrongRead(
  script: Script,
  at: number,
  reply: string,
  { world, executed, consistency }: Known
): string | undefined {
  const value = reply.split('\r\n')[1] ?? ''
  if (value !== 'none' && !value.startsWith(`${script.key}:`)) return "another client's"
  const seen = value === 'none' ? -1 : Number(value.split(':')[1])
  // A read that is read again may see a later write of its pipeline, if nobody knows whether that one was executed.
  if (seen > at) return script.client.replies[seen] === IN_DOUBT ? undefined : 'from the future'
  const last = [...executed].filter((write) => write < at).at(-1) ?? -1
  const isRight = consistency === 'eventual' || seen === last || world.lost.has(value)
  return isRight ? undefined : `not the last write ${last}`
}

function wrongWrite(
  script: Script,
  at: number,
  reply: string,
  { world, executed }: Known
): string | undefined {
  if (reply === IN_DOUBT) return undefined
  if (reply.startsWith('-READONLY')) {
    const isOvertaken = [...executed].some((write) => write > at) || world.lost.size > 0
    return executed.has(at)
      ? 'executed all the same'
      : isOvertaken
        ? undefined
        : 'it could have been sent again'
  }
  const id = `${script.key}:${at}`
  if (reply !== `+OK ${id}\r\n`) return 'not its own'
  // Nobody can bring back what was acknowledged before the failover was noticed.
  return executed.has(at) || (world.lost.has(id) && world.told.has(id)) ? undefined : 'acknowledged and lost'
}

function firstWrong(one: Plan): string | undefined {
  const { world, scripts } = run(one)
  if (world.lanes.some(({ wrongWrites }) => wrongWrites > 0)) return 'a write went to a replica'
  for (const script of scripts) {
    const wrong = wrongWith(world, script, one.consistency)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function holds(which: fc.Arbitrary<Plan>, numRuns: number): void {
  fc.assert(
    fc.property(which, (one) => {
      const wrong = firstWrong(one)
      if (wrong !== undefined) throw new Error(wrong)
    }),
    { numRuns }
  )
}

const quiet = plan.map((one) => ({ ...one, steps: one.steps.filter(([kind]) => kind < 22 || kind === 25) }))

t.test(
  'as long as nothing breaks every request is answered, in order and from the writes before it [R1] [R2] [R4]',
  async (t) => {
    t.doesNotThrow(() => holds(quiet, 500))
  }
)

t.test(
  'whatever breaks, each request is answered once and in its turn, and no write runs twice or out of order [R1] [R2] [R4] [C1] [F2] [F3]',
  async (t) => {
    t.doesNotThrow(() => holds(plan, 3000))
  }
)

t.test(
  'a deep pipeline that can neither be sent nor held is refused, one by one, on a short stack [R3] [F4]',
  async (t) => {
    const world = new World({
      policy: { consistency: 'master', afterWriteMs: 0 },
      maxHeld: 0,
      hasReplica: false
    })
    const client = world.connect()
    world.suspect()
    client.send(Buffer.concat(Array<Buffer>(50_000).fill(encode('GET', 'c1'))))
    for (let turns = 0; turns < 100; turns++) world.turn()
    t.equal(client.replies.length, 50_000)
    t.ok(client.replies.every((reply) => reply === NO_MASTER))
  }
)
