// A plain Redis and proxies in front of another one of the same kind.
import type { Test } from 'tap'
import { useProxy, useRig } from '../harness/with-rig.ts'
import type { Target } from '../harness/differential.ts'

const replicas = 2
// Redis ends a wait when it looks for those that are over: ten times a second if it is not told otherwise.
const redisArgs = ['--hz', '100']

export type Targets = { readonly plain: Target; readonly proxied: readonly Target[] }

/** One proxy for each list of further flags; they share their Redis, so only one may be under test at a time. */
export async function useTargets(t: Test, flags: readonly (readonly string[])[]): Promise<Targets> {
  const alone = await useRig(t, { replicas, sentinels: 0, redisArgs })
  const watched = await useRig(t, { replicas, redisArgs })
  const redisPort = (await watched.currentMaster()).port
  const plainPort = alone.nodes[0]!.port
  const proxied: Target[] = []
  for (const args of flags) {
    const { port } = await useProxy(t, watched, { args })
    proxied.push({ name: `the proxy with ${args.join(' ')}`, port, redisPort, replicas })
  }
  return { plain: { name: 'redis', port: plainPort, redisPort: plainPort, replicas }, proxied }
}
