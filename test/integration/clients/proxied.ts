// What every black box works against: a rig and the proxy in front of it, with the settings it has by itself.
import type { Test } from 'tap'
import type { Rig, RigOptions } from '../../../src/demo/redis-rig.ts'
import type { ProxyProcess } from '../../harness/proxy-process.ts'
import { useProxy, useRig } from '../../harness/with-rig.ts'

export type Proxied = {
  readonly rig: Rig
  readonly proxy: ProxyProcess
  readonly host: string
  readonly port: number
  readonly url: string
}

export async function useProxied(
  t: Test,
  options: RigOptions = {},
  args: readonly string[] = []
): Promise<Proxied> {
  const rig = await useRig(t, options)
  const proxy = await useProxy(t, rig, { args })
  return { rig, proxy, host: '127.0.0.1', port: proxy.port, url: `redis://127.0.0.1:${proxy.port}` }
}

export type Counting = {
  readonly incr: (key: string) => Promise<number>
  readonly get: (key: string) => Promise<unknown>
}

export type Counted = {
  /** The last reply. */
  readonly told: number
  /** What the client reads afterwards, and what the new master itself holds. */
  readonly read: number
  readonly kept: number
}

/**
 * Each client counts in a key of its own, without a pause, while the master is asked to give way. Rejects with the
 * first error of any.
 */
export async function countThroughFailover(
  { rig }: Proxied,
  clients: readonly Counting[]
): Promise<Counted[]> {
  const before = await rig.currentMaster()
  let isOver = false
  const counting = clients.map(async (client, index) => {
    let told = 0
    while (!isOver) told = await client.incr(`count-${index}`)
    return { told, read: Number(await client.get(`count-${index}`)) }
  })
  const moved = async (): Promise<void> => {
    await rig.sentinels[0]?.command('SENTINEL', 'FAILOVER', rig.masterName)
    await rig.masterAfter(before)
  }
  await moved().finally(() => {
    isOver = true
  })
  const counted = await Promise.all(counting)
  const master = await rig.currentMaster()
  return Promise.all(
    counted.map(async (it, index) => ({ ...it, kept: Number(await master.command('GET', `count-${index}`)) }))
  )
}
