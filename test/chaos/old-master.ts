// What a node is asked to write while it says that it is master.
import { setTimeout as sleep } from 'node:timers/promises'
import type { RigNode } from '../../src/demo/rig-node.ts'

const everyMs = 20
const writes = ['sadd', 'incr', 'set', 'rpush']

/**
 * Asks the node again and again how often it ran which write, as long as its ROLE is master: as a replica it runs what
 * its master sends it. end() resolves with the writes that were seen, and with how often it was asked.
 */
export function watchWrites(node: RigNode): {
  readonly end: () => Promise<{ looks: number; writes: string[] }>
} {
  const seen = new Set<string>()
  let looks = 0
  let isOver = false
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const stats = await node.command('INFO', 'commandstats').catch(() => '')
      const role = await node.command('ROLE').catch(() => [])
      if (!Array.isArray(role) || role[0] !== 'master') return
      looks += 1
      for (const name of writes) if (String(stats).includes(`cmdstat_${name}:`)) seen.add(name)
      await sleep(everyMs)
    }
  }
  const watched = watch()
  return {
    end: async () => {
      isOver = true
      await watched
      return { looks, writes: [...seen] }
    }
  }
}
