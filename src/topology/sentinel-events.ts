// What a Sentinel publishes, read from its text. Pure: knows no connection and does not decide what an event means.
import { readAddress, type Address } from './topology.ts'

// Every event that matters here, and what it means for a look at the Sentinels: `look` when they may have something else
// to say, `peers` when there may be other Sentinels, `none` when listeners hear of it and that is all.
const looks = {
  '+sdown': 'look',
  '-sdown': 'look',
  '+odown': 'look',
  '-odown': 'look',
  '+new-epoch': 'none',
  '+vote-for-leader': 'none',
  '+try-failover': 'none',
  '+elected-leader': 'none',
  '+failover-state-select-slave': 'none',
  '+selected-slave': 'none',
  '+failover-state-send-slaveof-noone': 'none',
  '+failover-state-wait-promotion': 'none',
  '+promoted-slave': 'look',
  '+failover-state-reconf-slaves': 'none',
  '+slave-reconf-sent': 'none',
  '+slave-reconf-sent-be': 'none',
  '+slave-reconf-inprog': 'none',
  '+slave-reconf-done': 'look',
  '-slave-reconf-sent-timeout': 'none',
  '+failover-end': 'look',
  '+failover-end-for-timeout': 'look',
  '-failover-abort-not-elected': 'look',
  '-failover-abort-no-good-slave': 'look',
  '-failover-abort-slave-timeout': 'look',
  '-failover-abort-master-timeout': 'look',
  '+switch-master': 'look',
  '+config-update-from': 'look',
  '-role-change': 'look',
  '+role-change': 'look',
  '+reboot': 'look',
  '+slave': 'look',
  '+convert-to-slave': 'look',
  '+fix-slave-config': 'look',
  '+reset-master': 'look',
  '+monitor': 'look',
  '-monitor': 'look',
  '+set': 'look',
  '+tilt': 'look',
  '-tilt': 'look',
  '+sentinel': 'peers',
  '-dup-sentinel': 'peers',
  '+sentinel-address-switch': 'peers',
  '+sentinel-address-update': 'peers',
  '+sentinel-invalid-addr': 'peers'
} as const satisfies Record<string, 'look' | 'peers' | 'none'>

export type SentinelEventName = keyof typeof looks

/** What metrics count: the events of the table, and all others together. */
export const sentinelEventNames: readonly (SentinelEventName | 'other')[] = [
  ...Object.keys(looks).filter(isKnown),
  'other'
]

export function lookAfter(name: SentinelEventName): 'look' | 'peers' | 'none' {
  return looks[name]
}

export type ParsedEvent = {
  readonly name: SentinelEventName
  /** The instance the event is about: a replica, the master or a Sentinel. */
  readonly address?: Address
  /** The master as this event tells it; of +switch-master the old one. */
  readonly master?: Address
  /** The node that is, or is about to be, master: +selected-slave to +promoted-slave, and +switch-master's new one. */
  readonly candidate?: Address
  /** Of +new-epoch and +vote-for-leader. */
  readonly epoch?: number
  /** The role the node itself reported: -role-change (unexpected) and +role-change (as configured). */
  readonly role?: 'master' | 'replica'
}

const candidateEvents: ReadonlySet<SentinelEventName> = new Set([
  '+selected-slave',
  '+failover-state-send-slaveof-noone',
  '+failover-state-wait-promotion',
  '+promoted-slave'
])

/**
 * The event, `'other'` for one of our master that this proxy does not know or cannot read, or `'foreign'` for one of
 * another master. Events that name no master (+new-epoch, +vote-for-leader, +tilt, -tilt) are always ours.
 */
export function parseEvent(
  channel: string,
  text: string,
  masterName: string
): ParsedEvent | 'other' | 'foreign' {
  const words = text.split(' ')
  switch (channel) {
    case '+switch-master':
      return parseSwitch(words, masterName)
    case '+new-epoch':
      return parseEpoch(channel, words[0])
    case '+vote-for-leader':
      return parseEpoch(channel, words[1])
    case '+tilt':
    case '-tilt':
      return { name: channel }
    default:
      return parseInstance(channel, words, masterName)
  }
}

function parseSwitch(words: readonly string[], masterName: string): ParsedEvent | 'other' | 'foreign' {
  const [name, oldHost, oldPort, newHost, newPort] = words
  if (name !== masterName) return 'foreign'
  const master = readAddress(oldHost, oldPort)
  const candidate = readAddress(newHost, newPort)
  if (master === undefined || candidate === undefined) return 'other'
  return { name: '+switch-master', address: master, master, candidate }
}

function parseEpoch(
  name: '+new-epoch' | '+vote-for-leader',
  word: string | undefined
): ParsedEvent | 'other' {
  const epoch = Number(word)
  return Number.isSafeInteger(epoch) && word !== '' ? { name, epoch } : 'other'
}

// `<type> <name> <ip> <port> @ <master name> <master ip> <master port> <more>`, without the @ part for the master itself.
// IPv6 addresses come bare, so texts are split on spaces, never on colons.
function parseInstance(
  channel: string,
  words: readonly string[],
  masterName: string
): ParsedEvent | 'other' | 'foreign' {
  const [type, name, host, port] = words
  const isMaster = type === 'master'
  const at = words[4] === '@'
  if ((isMaster ? name : at ? words[5] : masterName) !== masterName) return 'foreign'
  const address = readAddress(host, port)
  if (!isKnown(channel) || address === undefined || !(isMaster || at)) return 'other'
  const master = isMaster ? address : readAddress(words[6], words[7])
  const role = reportedRole(channel, words)
  return {
    name: channel,
    address,
    ...(master === undefined ? {} : { master }),
    ...(candidateEvents.has(channel) ? { candidate: address } : {}),
    ...(role === undefined ? {} : { role })
  }
}

// `... new reported role is slave`
function reportedRole(name: SentinelEventName, words: readonly string[]): 'master' | 'replica' | undefined {
  if (name !== '-role-change' && name !== '+role-change') return undefined
  return words.at(-1) === 'master' ? 'master' : 'replica'
}

function isKnown(channel: string): channel is SentinelEventName {
  return Object.hasOwn(looks, channel)
}
