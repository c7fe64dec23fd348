// Faults drawn by lot, one after the other and at the same time. CHAOS_SEED=n repeats a run, CHAOS_ROUNDS=n makes it
// longer; the seed is in the title.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from '../../../src/demo/redis-rig.ts'
import type { RigNode } from '../../../src/demo/rig-node.ts'
import { endScene, startScene, type Scene } from '../scene.ts'

const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e6))
const rounds = Number(process.env['CHAOS_ROUNDS'] ?? 8)
/** The default of hold.window with a down-after of one second. */
const windowMs = 11_000

/** Mulberry32: a run is repeated by its seed, as far as processes can repeat it. */
function lots(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const draw = lots(seed)
const between = (least: number, most: number): number => Math.round(least + draw() * (most - least))
const oneOf = <T>(things: readonly T[]): T => things[Math.floor(draw() * things.length)]!

type Fault = { readonly name: string; readonly run: () => Promise<unknown> }

async function away(node: RigNode, ms: number): Promise<void> {
  await node.kill(oneOf(['SIGKILL', 'SIGTERM']))
  await sleep(ms)
  await node.start()
}

// The servers of the rig have no file that Sentinel could rewrite: one that was promoted starts again as the replica of
// the first master, which may be its own replica by then. So it stays away until somebody has replaced it.
async function masterAway(rig: Rig, master: RigNode, ms: number): Promise<void> {
  await master.kill(oneOf(['SIGKILL', 'SIGTERM']))
  await sleep(ms)
  if (master !== rig.nodes[0]) await rig.masterAfter(master, 60_000)
  await master.start()
}

async function frozen(node: RigNode, ms: number): Promise<void> {
  node.freeze()
  await sleep(ms)
  node.thaw()
}

/** Of the master; each may cost what was in flight. */
function masterFault(scene: Scene, master: RigNode): Fault {
  const { rig } = scene
  const sentinel = oneOf(rig.sentinels)
  const failOver = () => sentinel.command('SENTINEL', 'FAILOVER', rig.masterName).catch(() => undefined)
  const awayMs = between(1500, 8000)
  const frozenMs = oneOf([between(100, 900), between(2500, 6000)])
  return oneOf([
    { name: 'planned failover', run: failOver },
    { name: `master killed, back after ${awayMs} ms`, run: () => masterAway(rig, master, awayMs) },
    { name: `master frozen for ${frozenMs} ms`, run: () => frozen(master, frozenMs) },
    {
      name: 'connections of the master closed',
      run: () => master.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    }
  ])
}

/** Of something else; no request may notice it. */
function sideFault({ rig }: Scene, master: RigNode): Fault {
  const replica = oneOf(rig.nodes.filter((node) => node !== master))
  const sentinel = oneOf(rig.sentinels)
  const ms = between(300, 4000)
  return oneOf([
    { name: `replica killed for ${ms} ms`, run: () => away(replica, ms) },
    { name: `replica frozen for ${ms} ms`, run: () => frozen(replica, ms) },
    { name: `Sentinel killed for ${ms} ms`, run: () => away(sentinel, ms) },
    { name: `Sentinel frozen for ${ms} ms`, run: () => frozen(sentinel, ms) },
    { name: 'nothing', run: () => sleep(ms) }
  ])
}

t.test(`random faults break no rule, seed ${seed}`, async (t) => {
  const scene = await startScene(t, { paceMs: 10 })
  const { rig } = scene
  for (let round = 0; round < rounds; round += 1) {
    const master = await rig.currentMaster()
    const chosen = [sideFault(scene, master), masterFault(scene, master)]
    t.comment(`${performance.now().toFixed(0)} ${chosen.map(({ name }) => name).join(' + ')}`)
    const side = chosen[0]!.run()
    await sleep(between(0, 1500))
    scene.loss()
    await chosen[1]!.run()
    await side
    await scene.writing(40_000)
    // With a replica that has caught up, the Sentinels have no reason to choose one that has not.
    await rig.settled(60_000)
    await sleep(between(500, 2000))
  }
  const healedMs = performance.now()
  await scene.writing()

  const rules = { mayLose: 'uncarried', refusedAfterMs: windowMs - 100, noticeMs: 1500 } as const
  await endScene(t, scene, { healedMs, windowMs, ...rules })
})
