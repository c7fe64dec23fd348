// What the bound master says of itself: its commands, for the table, and its version, for HELLO. Asked anew at each
// rebind: versions, modules and ACLs may differ from node to node.
import { CommandTable, type LiveCommand } from './command/commands.ts'
import { keySpecsOf } from './command/keys.ts'
import type { Log } from './log.ts'
import { formatAddress, type Address } from './topology/topology.ts'
import type { Nodes, WatchedNode } from './upstream/nodes.ts'

/** Commands that are passed on although the table refuses them. */
export type AllowedCommands = { readonly allow: readonly string[] }

export class ServerKnowledge {
  current: CommandTable
  version = '7.0.0'
  readonly #allowed: AllowedCommands
  readonly #nodes: Nodes
  readonly #log: Log
  #isBuiltIn = true

  constructor(nodes: Nodes, allowed: AllowedCommands, log: Log) {
    this.#nodes = nodes
    this.#allowed = allowed
    this.#log = log
    this.current = new CommandTable(undefined, allowed.allow)
  }

  /** Asks on a connection of its own: the reply of COMMAND is too long for one that has a heartbeat. */
  learn(master: Address): void {
    const node: WatchedNode = this.#nodes.watch(master, 60_000, {
      onAlive: () => undefined,
      onSilent: () => undefined,
      onLost: () => {
        node.close()
      }
    })
    node.ask(['INFO', 'server'], (reply) => {
      const version = typeof reply === 'string' ? /redis_version:(\S+)/.exec(reply)?.[1] : undefined
      if (version !== undefined) this.version = version
    })
    node.ask(['COMMAND'], (reply) => {
      if (Array.isArray(reply)) this.#take(liveCommands(reply))
      else this.#log.warn({ master: formatAddress(master) }, `COMMAND is refused (${String(reply)})`)
      node.close()
    })
  }

  #take(live: readonly LiveCommand[]): void {
    this.current = new CommandTable(live, this.#allowed.allow)
    if (this.#isBuiltIn) this.#log.debug({ commands: live.length }, 'the commands of the server are known')
    this.#isBuiltIn = false
  }
}

/**
 * The reply of COMMAND (Redis docs): name, arity, flags, where the keys stand...; subcommands in the tenth element since
 * Redis 7.
 */
function liveCommands(reply: readonly unknown[]): LiveCommand[] {
  return reply.flatMap((entry) => {
    if (!Array.isArray(entry)) return []
    const [name, arity, flags] = entry as readonly unknown[]
    const isCommand = typeof name === 'string' && Array.isArray(flags)
    const own = isCommand
      ? [
          {
            name: name.toLowerCase(),
            flags: flags.map(String),
            arity: Number(arity),
            keys: keySpecsOf(entry as readonly unknown[])
          }
        ]
      : []
    return Array.isArray(entry[9]) ? [...own, ...liveCommands(entry[9])] : own
  })
}
