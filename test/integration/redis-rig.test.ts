// The rig that the other tests and the demo stand on.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startRig, type Rig } from '../../src/demo/redis-rig.ts'

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function allGone(pids: readonly number[]): Promise<boolean> {
  for (let tries = 0; tries < 500 && pids.some(isRunning); tries += 1) await sleep(20)
  return !pids.some(isRunning)
}

function pidsOf(rig: Rig): number[] {
  return [...rig.nodes, ...rig.sentinels].map((node) => node.pid)
}

t.test('a started rig has one master, connected replicas and a quorum', async (t) => {
  const rig = await startRig({ masterName: 'shop' })
  t.teardown(() => rig.stop())
  const [master, ...replicas] = rig.nodes

  t.equal(await rig.currentMaster(), master)
  t.match(await master?.command('ROLE'), ['master'])
  for (const replica of replicas)
    t.match(await replica.command('ROLE'), ['slave', '127.0.0.1', master?.port, 'connected'])
  for (const sentinel of rig.sentinels)
    t.match(await sentinel.command('SENTINEL', 'CKQUORUM', 'shop'), /^OK 3 usable/)
  t.strictSame(
    rig.sentinelAddresses(),
    rig.sentinels.map((sentinel) => `127.0.0.1:${sentinel.port}`)
  )
})

t.test('a command is answered with the decoded reply or rejects with the text of the error', async (t) => {
  const rig = await startRig({ replicas: 0, sentinels: 0 })
  t.teardown(() => rig.stop())
  const [node] = rig.nodes

  t.equal(await node?.command('SET', 'k', 'ünïcode'), 'OK')
  t.equal(await node?.command('GET', 'k'), 'ünïcode')
  t.equal(await node?.command('INCR', 'n'), 1)
  await t.rejects(async () => node?.command('INCR', 'k'), {
    message: 'ERR value is not an integer or out of range'
  })
})

t.test(
  'the master moves by command and by death, and a restarted node is empty in its first role',
  async (t) => {
    const rig = await startRig()
    t.teardown(() => rig.stop())
    const first = await rig.currentMaster()
    await first.command('SET', 'k', 'v')

    await rig.sentinels[0]?.command('SENTINEL', 'FAILOVER', rig.masterName)
    const second = await rig.masterAfter(first)
    t.not(second, first)

    await second.kill()
    t.notOk(second.alive)
    await t.rejects(second.command('PING'), { code: 'ECONNREFUSED' })
    // So soon after the other failover the Sentinels take their time.
    const third = await rig.masterAfter(second, 60_000)
    t.not(third, second)

    await first.restart()
    t.ok(first.alive)
    t.match(await first.command('ROLE'), ['master'])
    t.equal(await first.command('DBSIZE'), 0)
  }
)

t.test('a frozen node accepts connections and answers nothing until it thaws', async (t) => {
  const rig = await startRig({ replicas: 0, sentinels: 0 })
  t.teardown(() => rig.stop())
  const [node] = rig.nodes

  node?.freeze()
  const reply = node?.command('PING')
  t.equal(await Promise.race([reply, sleep(200, 'silence')]), 'silence')
  node?.thaw()
  t.equal(await reply, 'PONG')
})

t.test('passwords and names reach every link of the rig', async (t) => {
  const rig = await startRig({
    password: 'one',
    sentinelPassword: 'two',
    host: 'localhost',
    announceHostnames: true
  })
  t.teardown(() => rig.stop())
  const master = await rig.currentMaster()

  t.strictSame(await rig.sentinels[1]?.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'), [
    'localhost',
    String(master.port)
  ])
  await rig.sentinels[0]?.command('SENTINEL', 'FAILOVER', 'mymaster')
  t.not(await rig.masterAfter(master), master)
})

t.test('stop() leaves no process, not even a frozen one', async (t) => {
  const rig = await startRig({ replicas: 1, sentinels: 1, quorum: 1 })
  const pids = pidsOf(rig)
  t.equal(pids.filter(isRunning).length, 3)

  rig.nodes[0]?.freeze()
  await rig.stop()
  t.ok(await allGone(pids))
})

t.test('the servers end with the process that started them, even when it is killed', async (t) => {
  const script = `
    import { startRig } from './dist/demo/redis-rig.js'
    const rig = await startRig({ replicas: 0, sentinels: 1, quorum: 1 })
    rig.nodes[0].freeze()
    console.log(JSON.stringify([...rig.nodes, ...rig.sentinels].map((node) => node.pid)))`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, TMPDIR: t.testdir() },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  const pids = JSON.parse(line.toString()) as number[]
  t.equal(pids.filter(isRunning).length, 2)

  owner.kill('SIGKILL')
  await once(owner, 'exit')
  t.ok(await allGone(pids))
})
