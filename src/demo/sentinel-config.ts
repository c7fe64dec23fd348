// The settings file of one Sentinel of a rig. Pure text.
import { createHash } from 'node:crypto'
import type { RigOptions } from './redis-rig.ts'

type Peer = { readonly host: string; readonly port: number }

type Watched = {
  readonly master: Peer
  readonly replicas: readonly Peer[]
  readonly sentinels: readonly Peer[]
}

/**
 * Names the replicas and the other Sentinels beforehand. Left alone they find each other by messages they publish
 * every two seconds, and a rig would take 4 s longer to start.
 */
export function sentinelConfig(self: Peer, watched: Watched, options: Required<RigOptions>): string {
  const { masterName: name, password, sentinelPassword } = options
  const yes = options.announceHostnames
  return [
    `port ${self.port}`,
    `bind ${options.host}`,
    'protected-mode no',
    ...when(yes, ['sentinel resolve-hostnames yes', 'sentinel announce-hostnames yes']),
    ...when(yes, [`sentinel announce-ip ${self.host}`]),
    `sentinel myid ${idOf(self)}`,
    `sentinel monitor ${name} ${at(watched.master)} ${options.quorum}`,
    `sentinel down-after-milliseconds ${name} ${options.downAfterMs}`,
    `sentinel failover-timeout ${name} ${options.failoverTimeoutMs}`,
    ...when(password !== '', [`sentinel auth-pass ${name} ${password}`]),
    ...when(sentinelPassword !== '', [
      `requirepass ${sentinelPassword}`,
      `sentinel sentinel-pass ${sentinelPassword}`
    ]),
    ...watched.replicas.map((replica) => `sentinel known-replica ${name} ${at(replica)}`),
    ...watched.sentinels
      .filter((sentinel) => sentinel.port !== self.port)
      .map((sentinel) => `sentinel known-sentinel ${name} ${at(sentinel)} ${idOf(sentinel)}`),
    ...options.sentinelLines,
    ''
  ].join('\n')
}

function when(condition: boolean, lines: readonly string[]): readonly string[] {
  return condition ? lines : []
}

function at({ host, port }: Peer): string {
  return `${host} ${port}`
}

function idOf({ host, port }: Peer): string {
  return createHash('sha1').update(`${host}:${port}`).digest('hex')
}
