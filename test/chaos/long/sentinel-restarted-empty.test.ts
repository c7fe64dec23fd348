// Sentinels that lose what they knew: their files, or the master by an operator's command. Epochs start again.
import t from 'tap'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from '../../../src/demo/redis-rig.ts'
import type { RigNode } from '../../../src/demo/rig-node.ts'
import { endScene, startScene, type Scene } from '../scene.ts'

const quiet = { windowMs: 500, gapMs: 250 }

async function failOver({ rig }: Scene): Promise<void> {
  const old = await rig.currentMaster()
  await rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName)
  await rig.masterAfter(old)
  await rig.settled(40_000)
}

/** Ends the Sentinel and starts it with nothing in its file but its port, and a master if one is given. */
async function forget({ masterName }: Rig, sentinel: RigNode, master?: RigNode): Promise<void> {
  const file = /config_file:(.*)\r\n/.exec(String(await sentinel.command('INFO', 'server')))?.[1] ?? ''
  const kept = (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => /^(port|bind|protected-mode) /.test(line))
  await sentinel.kill()
  const monitor = master === undefined ? [] : monitorLines(masterName, master)
  await writeFile(file, [...kept, ...monitor, ''].join('\n'))
  await sentinel.start()
}

function monitorLines(masterName: string, { host, port }: RigNode): string[] {
  return [
    `sentinel monitor ${masterName} ${host} ${port} 2`,
    `sentinel down-after-milliseconds ${masterName} 1000`,
    `sentinel failover-timeout ${masterName} 5000`
  ]
}

t.test(
  'a Sentinel that is back with its first file, and names the first master, is not believed [F6]',
  async (t) => {
    const scene = await startScene(t)
    const { rig } = scene
    const first = await rig.currentMaster()
    await failOver(scene)
    await forget(rig, rig.sentinels[2]!, first)
    await sleep(8000)
    const healedMs = performance.now()
    await scene.writing()

    const outcome = await endScene(t, scene, { healedMs, ...quiet })
    t.strictSame(outcome.errors, {})
  }
)

t.test('a Sentinel that is back and knows no master at all costs nothing', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  await forget(rig, rig.sentinels[1]!)
  await sleep(4000)
  const healedMs = performance.now()
  await scene.writing()

  const outcome = await endScene(t, scene, { healedMs, ...quiet })
  t.strictSame(outcome.errors, {})
})

t.test(
  'Sentinels that all start anew with epoch 0 are followed through the next failover [F6]',
  async (t) => {
    const scene = await startScene(t)
    const { rig } = scene
    await failOver(scene)
    const master = await rig.currentMaster()
    for (const sentinel of rig.sentinels) await forget(rig, sentinel, master)
    // They find each other by messages that come every 2 s.
    await rig.settled(40_000)
    await sleep(6000)
    await failOver(scene)
    const healedMs = performance.now()
    await scene.writing()

    const outcome = await endScene(t, scene, { healedMs, windowMs: 1000, gapMs: 500 })
    t.strictSame(outcome.errors, {})
  }
)

t.test('REMOVE and MONITOR, and RESET, on a running Sentinel cost nothing', async (t) => {
  const scene = await startScene(t)
  const { rig } = scene
  await failOver(scene)
  const { host, port } = await rig.currentMaster()
  for (const sentinel of rig.sentinels) {
    await sentinel.command('SENTINEL', 'REMOVE', rig.masterName)
    await sleep(500)
    await sentinel.command('SENTINEL', 'MONITOR', rig.masterName, host, String(port), '2')
    await sentinel.command('SENTINEL', 'SET', rig.masterName, 'down-after-milliseconds', '1000')
  }
  await rig.settled(40_000)
  for (const sentinel of rig.sentinels) await sentinel.command('SENTINEL', 'RESET', rig.masterName)
  await rig.settled(40_000)
  const healedMs = performance.now()
  await sleep(2000)

  const outcome = await endScene(t, scene, { healedMs, ...quiet })
  t.strictSame(outcome.errors, {})
})
