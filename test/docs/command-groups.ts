// Why each exception to the flags of the server is one, for the README. The rows themselves are those of
// command/exceptions.ts: commands.test.ts holds the two against each other.

export type CommandGroup = { readonly names: string; readonly why: string }

/** Names as in exceptions.ts. All of a group go to the same place. */
export const commandGroups: readonly CommandGroup[] = [
  {
    names: 'ping echo auth hello select reset quit',
    why: "The client's connection ends here. Users, passwords and databases are checked by Redis."
  },
  {
    names: `client client|id client|info client|list client|kill client|reply client|pause client|unpause
      client|unblock client|getname client|setname client|setinfo client|no-evict client|no-touch client|getredir
      client|trackinginfo client|maint_notifications client|capa client|import-source`,
    why: "Speaks of the proxy's clients, in Redis' format: a connection to Redis carries many of them. A pause holds requests here; passed on, one longer than down-after would end in a failover."
  },
  {
    names: 'subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe',
    why: 'One subscription at Redis for each user and channel, however many clients listen.'
  },
  {
    names: 'script|kill function|kill',
    why: "Sent on a connection of the proxy's own, past what waits behind the script."
  },
  {
    names: 'post host:',
    why: 'Closed without a word, as by Redis: a browser was tricked into speaking to it.'
  },
  { names: 'multi exec discard watch unwatch', why: 'Redis remembers it for the connection.' },
  {
    names: 'blpop brpop blmove blmpop brpoplpush bzpopmin bzpopmax bzmpop wait waitaof',
    why: 'It waits for other clients, which would stand behind it. So do XREAD and XREADGROUP when they say BLOCK.'
  },
  { names: 'client|tracking client|caching', why: 'Redis remembers it for the connection.' },
  {
    names: 'eval evalsha fcall publish spublish script|flush',
    why: 'A script or a message may write, whatever its flags say; a replica would say so too late, or not at all.'
  },
  {
    names: 'eval_ro evalsha_ro fcall_ro script|load script|exists script|help',
    why: "Scripts are not replicated: the master's are those that are loaded again after a failover."
  },
  {
    names: 'function|list function|dump function|stats function|help',
    why: 'Speaks of the node where functions run.'
  },
  { names: 'scan hscan sscan zscan arscan', why: 'A cursor belongs to the node that gave it.' },
  {
    names: `touch randomkey dbsize object|encoding object|freq object|idletime object|refcount object|help
      memory|usage memory|doctor memory|stats memory|help memory|malloc-stats memory|purge`,
    why: "Numbers that differ from node to node; the master's count."
  },
  {
    names: `info role time lastsave lolwut config|get config|help slowlog|get slowlog|len slowlog|help
      latency|doctor latency|graph latency|help latency|histogram latency|history latency|latest
      acl|cat acl|genpass acl|whoami acl|help acl|dryrun acl|getuser acl|list acl|users acl|log
      module|list module|help xgroup|help xinfo|help client|help`,
    why: 'Speaks of one server: to its clients the proxy is the master.'
  },
  {
    names: `command command|count command|docs command|getkeys command|getkeysandflags command|help command|info
      command|list`,
    why: 'What the master can do.'
  },
  {
    names: 'pubsub|channels pubsub|numsub pubsub|numpat pubsub|shardchannels pubsub|shardnumsub pubsub|help',
    why: "Counts of listeners have the proxy's own added, since Redis sees one of them for each user and channel."
  },
  {
    names: 'readonly readwrite asking cluster',
    why: 'Redis itself says that it has no cluster support.'
  },
  {
    names: 'monitor',
    why: "It shows every client's commands. Where the operator allows it, on a connection of its own for each client."
  },
  {
    names: 'shutdown replicaof slaveof failover',
    why: 'Who is master is for Sentinel to say: `holdfast switchover`.'
  },
  {
    names: 'sync psync replconf',
    why: 'Turns the connection into a stream of replication.'
  },
  {
    names: `debug pfdebug pfselftest script|debug restore-asking migrate save bgsave bgrewriteaof config|set
      config|rewrite config|resetstat acl|setuser acl|deluser acl|load acl|save module|load module|loadex
      module|unload slowlog|reset latency|reset`,
    why: 'Acts on the server, for everybody, and is gone after the next failover.'
  }
]
