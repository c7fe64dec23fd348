// A 50 MB value that is on its way to the master when it is lost.
import t from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RigNode } from '../../../src/demo/rig-node.ts'
import { RawClient, requestOf } from '../../harness/raw-client.ts'
import { downAfterMs, endScene, onTopMs, plannedGapMs, startScene, type Scene } from '../scene.ts'

const size = 50 * 1024 * 1024
const pieces = 25

/** Sends the request in pieces over about half a second, with the fault in the middle; resolves with the reply. */
async function upload({ proxy }: Scene, value: Buffer, fault: () => Promise<unknown>): Promise<string> {
  const client = await RawClient.connect(proxy.port)
  const request = requestOf('SET', 'large', value)
  const step = Math.ceil(request.length / pieces)
  let done: Promise<unknown> = Promise.resolve()
  for (let at = 0; at < request.length; at += step) {
    if (at === step * 12) done = fault()
    client.send(request.subarray(at, at + step))
    await sleep(20)
  }
  const reply = String(await client.reply())
  await done
  t.equal(String(await client.command('ECHO', 'still')), '$5\r\nstill\r\n', 'its connection goes on')
  await client.close()
  return reply
}

const digest = (value: Buffer): string => createHash('sha1').update(value).digest('hex')

/** The digest of what the node has; undefined if it has nothing. */
async function stored({ port }: RigNode): Promise<string | undefined> {
  const client = await RawClient.connect(port)
  const reply = await client.command('GET', 'large')
  await client.close()
  return reply[1] === 0x2d ? undefined : digest(reply.subarray(reply.indexOf('\n') + 1, -2))
}

const value = Buffer.from(randomBytes(size / 2).toString('hex'))

t.test(
  'an upload under way in a planned failover arrives whole, once, and at the new master [F2] [F5]',
  async (t) => {
    const scene = await startScene(t)
    const { rig } = scene
    const old = await rig.currentMaster()
    const reply = await upload(scene, value, () =>
      rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName)
    )
    t.equal(reply, '+OK\r\n')
    const master = await rig.masterAfter(old)
    const healedMs = performance.now()
    await scene.writing()

    const outcome = await endScene(t, scene, { healedMs, windowMs: 2000 })
    t.comment(`longest gap ${outcome.gapMs} ms beside the upload; ${plannedGapMs} ms without one`)
    t.strictSame(outcome.errors, {})
    t.equal(await stored(master), digest(value))
  }
)

t.test(
  'an upload under way when the master is killed arrives whole, or its fate is said to be in doubt [F3]',
  async (t) => {
    const scene = await startScene(t)
    const { rig } = scene
    const old = await rig.currentMaster()
    const reply = await upload(scene, value, () => {
      scene.loss()
      return old.kill()
    })
    const master = await rig.masterAfter(old)
    const healedMs = performance.now()
    await scene.writing()
    await endScene(t, scene, { healedMs, mayLose: 'uncarried', gapMs: downAfterMs + onTopMs + 1000 })
    const found = await stored(master)
    if (reply === '+OK\r\n') t.equal(found, digest(value), 'acknowledged, so it is there')
    else t.match(reply, /^-UNCERTAIN /)
    if (found !== undefined) t.equal(found, digest(value), 'no half of it')
  }
)
