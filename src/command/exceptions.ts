// What COMMAND cannot tell of a command: one row per exception. Flags and key positions come from the live server;
// here stands only what changes a session's state, needs a lane of its own, is answered by the proxy or is refused.
// Sources: commands.def of Redis 6.2 to 8 and Valkey 8, and what those commands were seen to do on a real server.
import type { Effect } from '../exchange.ts'

/**
 * `shared`: plain, any lane. `leased`: a lane of its own for this one call. `pinned`: the session needs a lane of its
 * own from here on. `here`: the proxy answers. `refused`: it would damage a shared upstream.
 */
export type Handling = 'shared' | 'leased' | 'pinned' | 'here' | 'refused'

/** Why a session holds a lane of its own; a metric label. */
export type PinReason = 'multi' | 'watch' | 'blocking' | 'tracking' | 'one_call'

export type Exception = {
  readonly handling: Handling
  readonly effect: Effect
  /** Only the master answers it, also when the server flags it readonly. */
  readonly masterOnly: boolean
  readonly pin?: PinReason
  /** Of a refused one that the operator allows; a lane of its own for the call unless said otherwise. */
  readonly whenAllowed?: Handling
}

const row = (handling: Handling, effect: Effect, pin?: PinReason): Exception =>
  pin === undefined ? { handling, effect, masterOnly: true } : { handling, effect, masterOnly: true, pin }

const here = row('here', 'once')
const refused = row('refused', 'once')
/** The script or message may write, and would say so only on a replica: the flag is hidden since Redis 7. */
const masterWrite = row('shared', 'once')
/** Speaks of one node, or of a cursor of that node: the master, always. */
const masterRead = row('shared', 'again')
const multi = row('pinned', 'once', 'multi')
const watch = row('pinned', 'once', 'watch')
const blocking = row('pinned', 'once', 'blocking')

/** By lower-case name; a subcommand as `container|subcommand`, as the server itself spells it. */
// prettier-ignore
export const exceptions: Readonly<Record<string, Exception>> = {
  // The session's own state.
  auth: here, hello: here, select: here, reset: here, quit: here, ping: here, echo: here,
  // Also a CLIENT that the table does not know: it would speak of a connection that many sessions share.
  client: here,
  'client|id': here, 'client|getname': here, 'client|setname': here, 'client|setinfo': here, 'client|info': here,
  'client|list': here, 'client|kill': here, 'client|reply': here, 'client|pause': here, 'client|unpause': here,
  'client|unblock': here, 'client|no-evict': here, 'client|no-touch': here, 'client|help': masterRead,
  'client|getredir': here, 'client|trackinginfo': here, 'client|maint_notifications': here, 'client|capa': here,
  'client|import-source': here,
  'client|tracking': row('pinned', 'once', 'tracking'), 'client|caching': row('pinned', 'once', 'tracking'),

  // A browser that was tricked into speaking to us (securityWarningCommand of Redis): closed without a word.
  post: here, 'host:': here,

  // Connection state on Redis' side.
  multi, exec: multi, discard: multi, watch, unwatch: watch,
  subscribe: here, psubscribe: here, ssubscribe: here,
  unsubscribe: here, punsubscribe: here, sunsubscribe: here,

  // These wait for other clients, which would stand behind them on a shared lane.
  blpop: blocking, brpop: blocking, blmove: blocking, blmpop: blocking, brpoplpush: blocking,
  bzpopmin: blocking, bzpopmax: blocking, bzmpop: blocking, wait: blocking, waitaof: blocking,

  // Scripts and messages.
  eval: masterWrite, evalsha: masterWrite, fcall: masterWrite, publish: masterWrite, spublish: masterWrite,
  eval_ro: masterRead, evalsha_ro: masterRead, fcall_ro: masterRead,
  'script|load': masterRead, 'script|exists': masterRead, 'script|help': masterRead,
  'script|flush': masterWrite, 'script|kill': here, 'function|kill': here,
  'function|list': masterRead, 'function|dump': masterRead, 'function|stats': masterRead, 'function|help': masterRead,

  // Cursors and numbers that belong to one node.
  scan: masterRead, hscan: masterRead, sscan: masterRead, zscan: masterRead, arscan: masterRead,
  touch: masterRead, randomkey: masterRead, dbsize: masterRead,
  'object|encoding': masterRead, 'object|freq': masterRead, 'object|idletime': masterRead,
  'object|refcount': masterRead, 'object|help': masterRead,
  'memory|usage': masterRead, 'memory|doctor': masterRead, 'memory|stats': masterRead, 'memory|help': masterRead,
  'memory|malloc-stats': masterRead, 'memory|purge': masterRead,
  info: masterRead, role: masterRead, time: masterRead, lastsave: masterRead, lolwut: masterRead,
  command: masterRead, 'command|count': masterRead, 'command|docs': masterRead, 'command|getkeys': masterRead,
  'command|getkeysandflags': masterRead, 'command|help': masterRead, 'command|info': masterRead,
  'command|list': masterRead,
  'config|get': masterRead, 'config|help': masterRead,
  'slowlog|get': masterRead, 'slowlog|len': masterRead, 'slowlog|help': masterRead,
  'latency|doctor': masterRead, 'latency|graph': masterRead, 'latency|help': masterRead,
  'latency|histogram': masterRead, 'latency|history': masterRead, 'latency|latest': masterRead,
  'pubsub|channels': masterRead, 'pubsub|numsub': masterRead, 'pubsub|numpat': masterRead,
  'pubsub|shardchannels': masterRead, 'pubsub|shardnumsub': masterRead, 'pubsub|help': masterRead,
  'acl|cat': masterRead, 'acl|genpass': masterRead, 'acl|whoami': masterRead, 'acl|help': masterRead,
  'acl|dryrun': masterRead, 'acl|getuser': masterRead, 'acl|list': masterRead, 'acl|users': masterRead,
  'acl|log': masterRead,
  'module|list': masterRead, 'module|help': masterRead, 'xgroup|help': masterRead, 'xinfo|help': masterRead,
  // Redis itself answers these with its error for a server without cluster support.
  readonly: masterRead, readwrite: masterRead, asking: masterRead, cluster: masterRead,

  // Tells of every client's commands, without end.
  monitor: { ...refused, whenAllowed: 'here' },
  // Would act on the server, or on every session that shares it.
  shutdown: refused, replicaof: refused, slaveof: refused, failover: refused, sync: refused, psync: refused,
  replconf: refused, debug: refused, migrate: refused, 'restore-asking': refused, pfdebug: refused,
  pfselftest: refused, save: refused, bgsave: refused, bgrewriteaof: refused,
  'config|set': refused, 'config|rewrite': refused, 'config|resetstat': refused,
  'acl|setuser': refused, 'acl|deluser': refused, 'acl|load': refused, 'acl|save': refused,
  'module|load': refused, 'module|loadex': refused, 'module|unload': refused,
  'slowlog|reset': refused, 'latency|reset': refused, 'script|debug': refused
}
