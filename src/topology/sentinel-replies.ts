// What one Sentinel answered to the questions of a look, read into a vote. Pure: knows no connection.
import { failureOf, garbage } from './sentinel-failure.ts'
import type { Failure, Vote } from './observation.ts'
import { reachable, readAddress, type Address, type NatMap, type ReplicaReport } from './topology.ts'

/** An error reply or a value, as a pipeline of ioredis gives them. */
export type Reply = readonly [error: Error | null, value?: unknown]

/** Another Sentinel, as one that knows it lists it. */
export type Peer = {
  /** The id by which Sentinels know one another, whatever their address is. */
  readonly id: string
  readonly address: Address
  readonly down: boolean
}

export type Answered = {
  readonly vote: Vote
  /** Present when the question was asked and answered. */
  readonly peers?: readonly Peer[]
}

/** The questions of one look, sent in one write so that they are answered back to back. */
export function questions(masterName: string, withPeers: boolean): (readonly string[])[] {
  const asked: (readonly string[])[] = [
    ['sentinel', 'GET-MASTER-ADDR-BY-NAME', masterName],
    ['sentinel', 'MASTER', masterName],
    ['sentinel', 'CKQUORUM', masterName],
    ['sentinel', 'REPLICAS', masterName],
    ['info', 'sentinel']
  ]
  if (withPeers) asked.push(['sentinel', 'SENTINELS', masterName])
  return asked
}

/** Reads the replies to `questions`, in their order. */
export function readAnswer(sentinel: string, replies: readonly Reply[], natMap: NatMap): Answered | Failure {
  // The value of an error reply is undefined.
  const [named, master, quorum, replicas, info, peers] = replies.map(([, value]) => value)
  if (named === null) return { vote: unknownMaster(sentinel) }
  const error = firstError(replies.slice(0, 4))
  if (error !== undefined) return failureOf(sentinel, error)
  const address = readNamed(named)
  const fields = readFields(master)
  const epoch = numberOf(fields, 'config-epoch')
  if (address === undefined || epoch === undefined) return garbage(sentinel, 'no address or no config-epoch')
  const vote: Vote = {
    ...readMaster(sentinel, fields),
    address: reachable(natMap, address),
    epoch,
    usable: quorum !== undefined,
    ...readTilt(info),
    replicas: readEntries(replicas).flatMap((entry) => readReplica(entry, natMap))
  }
  return peers === undefined ? { vote } : { vote, peers: readPeers(peers, natMap) }
}

/** The names of a SENTINEL MASTERS reply, for the message of one who asked for a name that is not among them. */
export function readMasterNames(value: unknown): readonly string[] {
  return readEntries(value).flatMap((entry) => entry.get('name') ?? [])
}

function unknownMaster(sentinel: string): Vote {
  return { ...readMaster(sentinel, new Map()), knownSentinels: 0 }
}

function readMaster(sentinel: string, fields: Fields): Vote {
  return {
    sentinel,
    address: null,
    knownMasters: [],
    epoch: 0,
    usable: false,
    downAfterMs: numberOf(fields, 'down-after-milliseconds') ?? 0,
    failoverTimeoutMs: numberOf(fields, 'failover-timeout') ?? 0,
    quorum: numberOf(fields, 'quorum') ?? 0,
    knownSentinels: (numberOf(fields, 'num-other-sentinels') ?? 0) + 1,
    masterFlags: readFlags(fields),
    replicas: []
  }
}

// -NOQUORUM is an answer; any other error means that a question could not be put.
function firstError(replies: readonly (Reply | undefined)[]): Error | undefined {
  return replies.flatMap((reply) => reply?.[0] ?? []).find((error) => !error.message.startsWith('NOQUORUM'))
}

// INFO is refused to a user with the smallest set of rights; then nothing is known of TILT.
function readTilt(info: unknown): Pick<Vote, 'tilt'> {
  if (typeof info !== 'string') return {}
  const [, tilt] = /^sentinel_tilt:(\d)/m.exec(info) ?? []
  return tilt === undefined ? {} : { tilt: tilt !== '0' }
}

function readNamed(value: unknown): Address | undefined {
  return Array.isArray(value) ? readAddress(String(value[0]), String(value[1])) : undefined
}

function readReplica(entry: Fields, natMap: NatMap): ReplicaReport[] {
  const address = readAddress(entry.get('ip'), entry.get('port'))
  if (address === undefined) return []
  const follows = readAddress(entry.get('master-host'), entry.get('master-port'))
  const flags = readFlags(entry)
  return [
    {
      address: reachable(natMap, address),
      usable: !flags.some((flag) => unusableFlags.has(flag)),
      flags,
      linkUp: entry.get('master-link-status') === 'ok',
      follows: follows === undefined ? null : reachable(natMap, follows),
      priority: numberOf(entry, 'slave-priority') ?? 0,
      replOffset: numberOf(entry, 'slave-repl-offset') ?? 0
    }
  ]
}

const unusableFlags: ReadonlySet<string> = new Set(['s_down', 'o_down', 'disconnected'])

function readPeers(value: unknown, natMap: NatMap): readonly Peer[] {
  return readEntries(value).flatMap((entry) => {
    const id = entry.get('runid') ?? ''
    // Port 0 is how a Sentinel keeps one whose address turned out to be another's.
    const address = readAddress(entry.get('ip'), entry.get('port'))
    if (id === '' || address === undefined) return []
    return [{ id, address: reachable(natMap, address), down: readFlags(entry).includes('s_down') }]
  })
}

type Fields = ReadonlyMap<string, string>

function readEntries(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(readFields) : []
}

// Names and values by turns.
function readFields(value: unknown): Fields {
  const flat: readonly unknown[] = Array.isArray(value) ? value : []
  const fields = new Map<string, string>()
  for (let index = 0; index + 1 < flat.length; index += 2)
    fields.set(String(flat[index]), String(flat[index + 1]))
  return fields
}

function readFlags(fields: Fields): readonly string[] {
  return (fields.get('flags') ?? '').split(',').filter((flag) => flag !== '')
}

function numberOf(fields: Fields, name: string): number | undefined {
  const number = Number(fields.get(name) ?? NaN)
  return Number.isFinite(number) ? number : undefined
}
