// A rig in which every way between two nodes, and from the proxy to a node, leads through a relay: a network that a test
// can cut. The nodes of each side connect from an address of that side; everyone else connects from 127.0.0.1.
import type { Test } from 'tap'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/demo/free-port.ts'
import { installRedisServer } from '../../src/demo/redis-binary.ts'
import { Rig } from '../../src/demo/redis-rig.ts'
import { RigNode } from '../../src/demo/rig-node.ts'
import { Relay } from '../harness/relay.ts'

export const sides = { old: '127.0.0.3', rest: '127.0.0.4', outside: '127.0.0.1' } as const
export type Side = keyof typeof sides

// The relays listen where everyone looks for the nodes; the nodes listen on the same ports here.
const inside = '127.0.0.2'
const outside = sides.outside

export type RelayedRig = {
  readonly rig: Rig
  /** Nothing passes between these two any more; with 'outside' it is the proxy (and the test) that is cut off. */
  readonly cut: (one: Side, other: Side) => void
  readonly heal: () => void
  readonly relayOf: (node: RigNode) => Relay
}

/** The first data node and the first Sentinel are on the side `old`, all others on the side `rest`. */
export async function useRelayedRig(t: Pick<Test, 'teardown'>, downAfterMs: number): Promise<RelayedRig> {
  const binary = installRedisServer()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-relayed-'))
  const relays = new Map<RigNode, Relay>()
  const sideOf = new Map<RigNode, Side>()
  const node = async (side: Side, argsOf: (port: number) => readonly string[]): Promise<RigNode> => {
    // Free on every address: the relay and the node have the same one.
    const port = await freePort('0.0.0.0')
    const relay = await Relay.listen({ host: outside, port }, () => ({ host: inside, port }))
    t.teardown(() => relay.close())
    const logFile = join(folder, `${port}.log`)
    const ways = ['--bind', inside, '--bind-source-addr', sides[side], '--logfile', logFile]
    const args = [...argsOf(port), ...ways]
    const made = new RigNode({
      host: outside,
      port,
      password: '',
      binary,
      args,
      logFile,
      folder: join(folder, String(port))
    })
    relays.set(made, relay)
    sideOf.set(made, side)
    return made
  }
  const master = await node('old', dataArgs)
  const replicaArgs = (port: number): readonly string[] => [
    ...dataArgs(port),
    ...['--replicaof', outside, String(master.port)]
  ]
  const nodes = [master, await node('rest', replicaArgs), await node('rest', replicaArgs)]
  const sentinelArgs = (port: number): readonly string[] => [
    join(folder, `sentinel-${port}.conf`),
    '--sentinel'
  ]
  const sentinels = [
    await node('old', sentinelArgs),
    await node('rest', sentinelArgs),
    await node('rest', sentinelArgs)
  ]
  const options = {
    ...{ replicas: 2, sentinels: 3, quorum: 2, downAfterMs, failoverTimeoutMs: 5000, masterName: 'mymaster' },
    ...{ password: '', sentinelPassword: '', redisArgs: [], host: outside, announceHostnames: false },
    sentinelLines: [`sentinel announce-ip ${outside}`]
  }
  const rig = new Rig({ options, folder, nodes, sentinels })
  t.teardown(() => rig.stop())
  await rig.start()
  const relayOf = (of: RigNode): Relay => relays.get(of)!
  return { rig, relayOf, ...network(relays, sideOf) }
}

function dataArgs(port: number): readonly string[] {
  return [
    ...['--port', String(port), '--save', '', '--appendonly', 'no', '--protected-mode', 'no'],
    ...['--repl-diskless-sync-delay', '0', '--replica-announce-ip', outside]
  ]
}

function network(
  relays: ReadonlyMap<RigNode, Relay>,
  sideOf: ReadonlyMap<RigNode, Side>
): Pick<RelayedRig, 'cut' | 'heal'> {
  const cuts = new Set<string>()
  const apply = (): void => {
    for (const [node, relay] of relays) {
      const to = sideOf.get(node)!
      relay.cut((source) => cuts.has(`${source} ${to}`))
    }
  }
  return {
    cut: (one, other) => {
      cuts.add(`${sides[one]} ${other}`)
      cuts.add(`${sides[other]} ${one}`)
      apply()
    },
    heal: () => {
      cuts.clear()
      apply()
    }
  }
}
