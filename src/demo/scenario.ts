// The plot: traffic, a planned failover, a master killed, and the account. Starts no process; draws no panel.
import { messageOf } from '../errors.ts'
import type { FlightRecord } from '../status.ts'
import { pause, until } from './interruption.ts'
import type { Stored } from './ledger.ts'
import { number } from './panel.ts'
import type { ProxyChild } from './proxy-child.ts'
import type { Rig } from './redis-rig.ts'
import type { RigNode } from './rig-node.ts'
import { killed, planned, seconds } from './score.ts'
import type { Look } from './screen.ts'
import type { Spell, Tally } from './tally.ts'
import { counter } from './traffic.ts'
import type { Watch } from './watch.ts'

export type Stage = {
  readonly rig: Rig
  readonly proxy: ProxyChild
  readonly tally: Tally
  readonly watch: Watch
  /** When the traffic began, on the clock of performance.now(). */
  readonly begunAtMs: number
  readonly signal: AbortSignal
  readonly tell: (atMs: number, text: string, look?: Look) => void
}

const plannedAtMs = 5000
const killAtMs = 16_000
// Sentinel makes the old master a replica 11 s after a planned failover (8 s of patience and its next look).
const backWithinMs = 17_000
const movedWithinMs = 25_000
/** What comes so long after a failover is not put down to it. */
const aftermathMs = 3000
const endAfterMs = 4000

/** Both failovers, with the traffic running. Rejects when one does not come to its end in time. */
export async function perform(stage: Stage): Promise<void> {
  const { begunAtMs, signal, tell } = stage
  tell(performance.now(), 'traffic: writers, readers on the replicas, pipelines, RESP3')
  await pauseUntil(begunAtMs + plannedAtMs, signal)
  const first = await planTheMove(stage)
  await returned(stage, first)
  await pauseUntil(begunAtMs + killAtMs, signal)
  const second = await killTheMaster(stage)
  await second.restart()
  tell(performance.now(), `${second.address} is started again, empty`)
  await pause(endAfterMs, signal)
}

/** What the master has in the end, asked without the proxy. */
export async function auditStored({ rig, tally }: Pick<Stage, 'rig' | 'tally'>): Promise<Stored> {
  const master = await rig.currentMaster()
  const members = new Map<string, ReadonlySet<string>>()
  for (const set of tally.ledger.sets) {
    const reply = await master.command('SMEMBERS', set)
    members.set(set, new Set(Array.isArray(reply) ? reply.map(String) : []))
  }
  return { members, counter: Number(await master.command('GET', counter)) }
}

/** The old master. */
async function planTheMove(stage: Stage): Promise<RigNode> {
  const { rig, tally, tell } = stage
  const old = await rig.currentMaster()
  const newest = await newestFlight(stage)
  const spell = tally.beginSpell(planned)
  await orderFailover(stage)
  tell(spell.begunAtMs, 'SENTINEL FAILOVER: a planned move of the master', 'yellow')
  await endOf(stage, spell, { old, newest })
  return old
}

// A Sentinel refuses while it has not seen enough of the replicas.
async function orderFailover({ rig, signal }: Stage): Promise<void> {
  let refusal = ''
  await until({ what: 'SENTINEL FAILOVER', atMostMs: 10_000, signal }, async () => {
    for (const sentinel of rig.sentinels) {
      try {
        return await sentinel.command('SENTINEL', 'FAILOVER', rig.masterName)
      } catch (error) {
        refusal = messageOf(error)
      }
    }
    return undefined
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new Error(`${messageOf(error)}: ${refusal}`)
  })
}

/** The killed master. */
async function killTheMaster(stage: Stage): Promise<RigNode> {
  const { rig, tally, tell } = stage
  const old = await rig.currentMaster()
  const newest = await newestFlight(stage)
  const spell = tally.beginSpell(killed)
  await old.kill('SIGKILL')
  tell(spell.begunAtMs, `kill -9 of the master ${old.address}`, 'red')
  await tellHolding(stage, spell, old)
  await endOf(stage, spell, { old, newest })
  return old
}

async function tellHolding(stage: Stage, { begunAtMs }: Spell, old: RigNode): Promise<void> {
  const { tally, watch, signal, tell } = stage
  const readsBefore = tally.reads
  const view = await until({ what: 'the first sign of the failover', atMostMs: 10_000, signal }, () => {
    const { lookedAtMs, status } = watch.last
    if (lookedAtMs < begunAtMs || status === undefined) return undefined
    const isOver = status.master !== null && status.master.address !== old.address
    return status.held.count > 0 || isOver ? watch.last : undefined
  })
  if (view.status?.held.count === 0) return
  const replicas = view.nodes.filter(({ state }) => state === 'replica').length
  const reads = number(tally.reads - readsBefore)
  tell(performance.now(), `writes are held; reads go on, ${reads} since, on ${replicas} replicas`, 'yellow')
}

type Move = { readonly old: RigNode; readonly newest: string | undefined }

/** When the proxy's newest account of a failover began; undefined while there is none. */
async function newestFlight({ proxy }: Stage): Promise<string | undefined> {
  return (await proxy.status()).failovers[0]?.startedAt
}

/** The proxy's own account of the failover, once it is bound to another master and writes flow. */
async function moved({ watch, tally, signal }: Stage, { old, newest }: Move): Promise<FlightRecord> {
  return until({ what: 'the failover', atMostMs: movedWithinMs, signal }, () => {
    const { status } = watch.last
    const flight = status?.failovers[0]
    if (flight === undefined || flight.startedAt === newest || flight.durationMs === null) return undefined
    const isElsewhere =
      flight.to !== null && flight.to !== old.address && status?.master?.address === flight.to
    return isElsewhere && tally.sinceLastAckMs < 100 ? flight : undefined
  })
}

async function endOf(stage: Stage, spell: Spell, move: Move): Promise<void> {
  const { tally, signal, tell } = stage
  const flight = await moved(stage, move)
  const { held, replayed, inDoubt, proof } = flight
  const gap = `writes flow again, to ${flight.to ?? 'nobody'}, after ${seconds(spell.longestGapMs)}`
  const counts = `held ${number(held)}, replayed ${number(replayed)}, in doubt ${number(inDoubt)}`
  const proved = proof === 'proved' ? ', handover proved' : ''
  tell(spell.resumedAtMs, `${gap} (${counts}${proved})`, 'green')
  await pause(aftermathMs, signal)
  tally.beginSpell('no failover')
}

/** Waits until the old master follows the new one, so that the next failover finds two replicas again. */
async function returned({ signal, begunAtMs, tell }: Stage, old: RigNode): Promise<void> {
  const atMostMs = Math.max(0, begunAtMs + plannedAtMs + backWithinMs - performance.now())
  await until({ what: `the return of ${old.address}`, atMostMs, signal }, async () => {
    const role = await old.command('ROLE').catch(() => null)
    return Array.isArray(role) && role[3] === 'connected' ? true : undefined
  })
  tell(performance.now(), `${old.address}, the old master, has become a replica`)
}

async function pauseUntil(atMs: number, signal: AbortSignal): Promise<void> {
  await pause(Math.max(0, atMs - performance.now()), signal)
}
