// Every setting, one row each. The type, the check, --help, the README's table and config/holdfast.yaml are made of
// these rows; nothing about a setting is written anywhere else. Knows no file, no flag syntax and no environment.
import type { AddressMap, Address } from './kinds.ts'

type Described = {
  /** Dotted name: the flag, the path in the settings file and, in capitals, the environment variable. */
  readonly key: string
  /** As an operator would write it; empty where leaving the setting out means "none". */
  readonly default: string
  /** One sentence for --help, the README and the settings file. */
  readonly means: string
  /** A section's own name standing for this row: `--sentinel`, `HOLDFAST_SENTINEL`, `sentinel: host:port`. */
  readonly short?: string
}

type Bounds = { readonly min?: string; readonly max?: string }

/** Kinds of which several are written: repeated flags, comma-separated variables, lists and maps in the file. */
export type ListKind = 'addresses' | 'addressMap' | 'names'

export type Setting = Described &
  (
    | { readonly kind: 'address'; readonly anyPort?: true }
    | { readonly kind: ListKind }
    | { readonly kind: 'flag' | 'secret' | 'string' }
    | ({ readonly kind: 'duration'; readonly auto?: true } & Bounds)
    | ({ readonly kind: 'count' | 'size' } & Bounds)
    | { readonly kind: 'choice'; readonly values: readonly string[] }
  )

// prettier-ignore
const rows = [
  { key: 'listen', kind: 'address', anyPort: true, default: '127.0.0.1:6379',
    means: 'Address the clients connect to; port 0 takes any free port.' },
  { key: 'admin.listen', short: 'admin', kind: 'address', anyPort: true, default: '127.0.0.1:9379',
    means: 'Address of the status page, the metrics and the health checks.' },
  { key: 'admin.token', kind: 'secret', default: '',
    means: 'Token that a request which changes something must carry; without one only this machine may ask for it.' },
  { key: 'master', kind: 'string', default: 'mymaster',
    means: 'Name under which the Sentinels know the master.' },

  { key: 'sentinel.addresses', short: 'sentinel', kind: 'addresses', default: '127.0.0.1:26379',
    means: 'Sentinels to ask; name them all, so that any of them may be down at the start.' },
  { key: 'sentinel.username', kind: 'string', default: '',
    means: 'User for the Sentinels.' },
  { key: 'sentinel.password', kind: 'secret', default: '',
    means: 'Password for the Sentinels.' },
  { key: 'sentinel.pollInterval', kind: 'duration', default: '1s', min: '100ms', max: '1m',
    means: 'How often every Sentinel is asked, besides listening to its events.' },
  { key: 'sentinel.timeout', kind: 'duration', default: '500ms', min: '10ms', max: '30s',
    means: 'How long a Sentinel may take to connect or to answer.' },
  { key: 'natMap', kind: 'addressMap', default: '',
    means: 'Reachable address for each announced one that cannot be reached from here.' },

  { key: 'redis.username', kind: 'string', default: '',
    means: 'User with which the proxy itself asks Redis for its role.' },
  { key: 'redis.password', kind: 'secret', default: '',
    means: 'Password of the proxy itself at Redis.' },

  { key: 'client.password', kind: 'secret', default: '',
    means: 'When set, clients must AUTH with this password, which the proxy checks itself.' },
  { key: 'client.maxClients', kind: 'count', default: '10000', min: '1', max: '1000000',
    means: 'Clients served at the same time; one more is refused as Redis refuses it.' },
  { key: 'client.queryBufferLimit', kind: 'size', default: '1gb', min: '1mb',
    means: 'Most bytes of unanswered requests that one client may have here; past it the client is closed.' },
  { key: 'client.outputSoftLimit', kind: 'size', default: '4mb', min: '64kb',
    means: 'Past this many unread reply bytes nothing more of a client is sent to Redis until it has read some.' },
  { key: 'client.outputHardLimit', kind: 'size', default: '256mb', min: '1kb',
    means: 'Past this many unread reply bytes a client is closed.' },
  { key: 'client.stallTimeout', kind: 'duration', default: '60s', min: '1s',
    means: 'A client that reads nothing of its replies for this long is closed.' },
  { key: 'client.idleTimeout', kind: 'duration', default: '0s',
    means: 'A client that sends nothing for this long is closed; 0 is never, as in Redis.' },
  { key: 'client.uploadBudget', kind: 'size', default: '256mb', min: '1mb',
    means: 'Memory for large requests still arriving, shared by all clients; past it they wait unread.' },
  { key: 'client.replyBuffer', kind: 'size', default: '64kb', min: '1kb',
    means: 'Replies up to this size are kept whole until their turn; larger ones stream.' },

  { key: 'reads.consistency', kind: 'choice', values: ['causal', 'session', 'eventual', 'master'],
    default: 'causal',
    means: 'What a read on a replica may miss: nothing that the proxy has acknowledged, nothing its own session wrote, anything; or no replica reads at all.' },
  { key: 'reads.afterWrite', kind: 'duration', default: '1s',
    means: 'With `session`: how long the reads of a session stay on the master after a write of its own.' },
  { key: 'reads.maxLag', kind: 'duration', default: '10s', min: '100ms',
    means: 'A replica further behind its master than this serves no reads.' },
  { key: 'reads.staleWindow', kind: 'duration', default: '10s',
    means: 'How long replicas go on serving while every one of them has lost its master; 0 is never.' },
  { key: 'reads.prefer', kind: 'string', default: '',
    means: 'Replicas whose address begins with this are read first, such as those of the same zone.' },

  { key: 'hold.window', kind: 'duration', auto: true, default: 'auto',
    means: "Longest wait of one request for a master; auto is the Sentinels' down-after plus 10s." },
  { key: 'hold.budget', kind: 'duration', default: '60s',
    means: 'Longest time of one failover in which requests are held at all.' },
  { key: 'hold.maxRequests', kind: 'count', default: '100000',
    means: 'Requests held at the same time; one more is answered with an error at once.' },
  { key: 'hold.maxBytes', kind: 'size', default: '256mb',
    means: 'Bytes of requests held at the same time.' },

  { key: 'failover.fence', kind: 'choice', values: ['available', 'strict'], default: 'available',
    means: 'Without a Sentinel that reaches a majority: go on with the verified master, or stop writes.' },
  { key: 'failover.inDoubt', kind: 'choice', values: ['error', 'close'], default: 'error',
    means: 'A write that was sent but not answered when the master was lost: answer an error, or close the client.' },
  { key: 'failover.earlyHold', kind: 'choice', values: ['try-failover', 'elected', 'selected', 'noone'], default: 'selected',
    means: "Sentinel's event from which writes are held: the earlier, the fewer acknowledged writes are at risk." },
  { key: 'failover.confirmTimeout', kind: 'duration', default: '10s', min: '1s',
    means: 'How long a promoted candidate is used before a Sentinel has confirmed it; then writes are held again.' },
  { key: 'failover.refuseEmptyMaster', kind: 'flag', default: 'false',
    means: 'Refuse a master that came back without any data after a restart, instead of going on with it.' },

  { key: 'heartbeat.interval', kind: 'duration', default: '250ms', min: '10ms', max: '1m',
    means: 'How often each node is asked for its role.' },
  { key: 'heartbeat.deadline', kind: 'duration', auto: true, default: 'auto', min: '20ms', max: '1m',
    means: 'A node silent for this long is suspect; auto is half of down-after, at most 1s.' },

  { key: 'lane.timeout', kind: 'duration', default: '60s', min: '1s',
    means: 'A connection to Redis on which requests stay unanswered this long is cut.' },
  { key: 'lane.connectTimeout', kind: 'duration', default: '1500ms', min: '10ms', max: '1m',
    means: 'How long connecting to a Redis node may take, with AUTH and ROLE.' },
  { key: 'lane.maxPerNode', kind: 'count', default: '64', min: '1', max: '10000',
    means: 'Most shared connections to one node.' },
  { key: 'lane.pinnedMax', kind: 'count', default: '1000', max: '1000000',
    means: 'Most connections lent to single clients at the same time, for MULTI, WATCH and blocking commands.' },
  { key: 'lane.pinnedWait', kind: 'duration', default: '5s',
    means: 'How long a request waits for such a connection before it is answered with an error.' },
  { key: 'lane.warmSpares', kind: 'count', default: '2', max: '1000',
    means: 'Connections to the master kept open in advance for such clients.' },

  { key: 'commands.allow', kind: 'names', default: '',
    means: 'Commands that the proxy refuses unless they are named here.' },
  { key: 'log.level', kind: 'choice', values: ['debug', 'info', 'warn', 'error'], default: 'info',
    means: 'Least important log lines that are written.' },
  { key: 'shutdown.delay', kind: 'duration', default: '0s',
    means: 'How long the proxy goes on accepting after SIGTERM, already reported as not ready.' },
  { key: 'shutdown.drainTimeout', kind: 'duration', default: '10s',
    means: 'How long clients may finish what is in flight at shutdown.' }
] as const satisfies readonly Setting[]

export const settingsTable: readonly Setting[] = rows

type Row = (typeof rows)[number]
export type SettingKey = Row['key']

type PlainValue = {
  address: Address
  addresses: readonly Address[]
  addressMap: AddressMap
  choice: string
  count: number
  duration: number
  flag: boolean
  names: readonly string[]
  secret: string
  size: number
  string: string
}

type Unit<R extends Row> = R['key'] extends `${string}Bytes` ? '' : UnitOf<R['kind']>
type UnitOf<K> = K extends 'duration' ? 'Ms' : K extends 'size' ? 'Bytes' : ''
type ValueOf<R extends Row> = R extends { values: readonly (infer Choice)[] }
  ? Choice
  : R extends { auto: true }
    ? number | 'auto'
    : PlainValue[R['kind']]

type Flat = { readonly [R in Row as `${R['key']}${Unit<R>}`]: ValueOf<R> }
type Section = SettingKey extends infer Key ? (Key extends `${infer Name}.${string}` ? Name : never) : never

/**
 * `hold.window` is `settings.hold.windowMs` and `client.replyBuffer` is `settings.client.replyBufferBytes`: durations are
 * milliseconds and sizes are bytes. Text settings that were left out are ''.
 */
export type Settings = {
  readonly [Key in keyof Flat as Key extends `${string}.${string}` ? never : Key]: Flat[Key]
} & {
  readonly [S in Section]: {
    readonly [Key in keyof Flat as Key extends `${S}.${infer Name}` ? Name : never]: Flat[Key]
  }
}

/** Where a setting's value is kept: `['hold', 'windowMs']`. The same rule as the type above. */
export function propertyOf(setting: Setting): readonly string[] {
  const unit =
    setting.kind === 'duration'
      ? 'Ms'
      : setting.kind === 'size' && !setting.key.endsWith('Bytes')
        ? 'Bytes'
        : ''
  return `${setting.key}${unit}`.split('.')
}
