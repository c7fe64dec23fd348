// Asks the Sentinels and the nodes they name what the proxy would ask, decides as it would, and prints the answers.
// Changes nothing.
import { systemClock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import { ProxyError, type ErrorCode } from '../errors.ts'
import { silentLog } from '../log.ts'
import { decide, type Verdict, type WhyNot } from '../topology/decide.ts'
import type { Observation, Vote } from '../topology/observation.ts'
import { Sentinels } from '../topology/sentinels.ts'
import { formatAddress, type Address, type ReplicaReport, type Topology } from '../topology/topology.ts'
import { askNode, type NodeAnswer } from './ask-node.ts'
import { printable } from './printable.ts'

/**
 * Prints a line for each Sentinel and each node, and a warning for what will hurt one day. Resolves to 0 when the
 * Sentinels name a master that says it is one. Throws SENTINEL, UNKNOWN_MASTER or AUTH with the reason why not.
 */
export async function check(settings: Settings, print: (line: string) => void): Promise<number> {
  const { observation, verdict } = await look(settings)
  for (const line of sentinelLines(observation)) print(line)
  if (verdict.kind !== 'believe') throw new ProxyError(codes[verdict.why] ?? 'SENTINEL', verdict.text)
  const { topology } = verdict
  const [master, ...replicas] = await Promise.all([
    askNode(topology.master, settings),
    ...topology.replicas.map(async (report) => replicaLine(report, await askNode(report.address, settings)))
  ])
  for (const line of [row('master', topology.master, stateOf(master)), ...replicas]) print(line)
  for (const warning of warningsOf(observation, topology, master)) print(`warning: ${warning}`)
  requireMaster(topology.master, master)
  print(`ok: ${formatAddress(topology.master)} is the master of ${settings.master}`)
  return 0
}

const codes: Partial<Readonly<Record<WhyNot, ErrorCode>>> = {
  auth: 'AUTH',
  'unknown-master': 'UNKNOWN_MASTER'
}

async function look(
  settings: Settings
): Promise<{ readonly observation: Observation; readonly verdict: Verdict }> {
  const { natMap, master: masterName, sentinel } = settings
  const { addresses: seeds, ...asked } = sentinel
  const sentinels = new Sentinels(
    { ...asked, seeds, masterName, natMap, clock: systemClock, log: silentLog },
    { observed: () => undefined, announced: () => undefined }
  )
  sentinels.start()
  // The first look dials; by the second the Sentinels that the first ones know are asked as well.
  await sentinels.ask('check')
  const observation = await sentinels.ask('check')
  await sentinels.close()
  const { sameNode } = sentinels
  const nothingBefore = { adopted: undefined, lowerSinceMs: undefined, nowMs: systemClock.now() }
  return { observation, verdict: decide({ ...nothingBefore, observation, masterName, sameNode }) }
}

function sentinelLines({ votes, failures }: Observation): readonly string[] {
  return [
    ...votes.map((vote) => row('sentinel', vote.sentinel, voteOf(vote))),
    ...failures.map(({ sentinel, reason }) => row('sentinel', sentinel, reason))
  ]
}

function voteOf({ address, epoch, usable, tilt }: Vote): string {
  if (address === null) return 'does not know this master'
  const named = `names ${formatAddress(address)}, epoch ${epoch}, ${usable ? 'has a quorum' : 'has no quorum'}`
  return tilt === true ? `${named}, in TILT` : named
}

function row(what: string, address: Address | string, state: string): string {
  const name = typeof address === 'string' ? address : formatAddress(address)
  return printable(`${what.padEnd(8)}  ${name.padEnd(21)}  ${state}`)
}

function stateOf(answer: NodeAnswer): string {
  if ('trouble' in answer) return answer.trouble
  const { report } = answer
  if (report.role === 'master') return `says it is a master, offset ${report.offset}`
  return `says it is a replica of ${report.masterHost}:${report.masterPort}, ${report.link}, offset ${report.offset}`
}

function replicaLine({ address, flags }: ReplicaReport, answer: NodeAnswer): string {
  const told = flags.filter((flag) => flag !== 'slave').join(', ')
  return row(
    'replica',
    address,
    told === '' ? stateOf(answer) : `${stateOf(answer)}; the Sentinels say ${told}`
  )
}

function warningsOf({ votes }: Observation, { replicas }: Topology, master: NodeAnswer): readonly string[] {
  const warnings: string[] = []
  const named = new Set(votes.flatMap(({ address }) => (address === null ? [] : [formatAddress(address)])))
  if (named.size > 1) warnings.push(`the Sentinels name different addresses: ${[...named].join(', ')}`)
  const known = Math.max(...votes.map(({ knownSentinels }) => knownSentinels))
  if (known < 3)
    warnings.push(`with fewer than 3 Sentinels (${known}) the loss of one may mean that there is no failover`)
  if (!replicas.some(({ usable }) => usable))
    warnings.push('no replica is up, so there is nothing to fail over to')
  if ('report' in master && master.minReplicas === 0) {
    warnings.push(
      'min-replicas-to-write is 0: a master that is cut off acknowledges writes that are then lost'
    )
  }
  return warnings
}

function requireMaster(address: Address, answer: NodeAnswer): void {
  const name = `${formatAddress(address)}, which the Sentinels name,`
  if ('report' in answer) {
    if (answer.report.role === 'master') return
    throw new ProxyError('SENTINEL', `${name} says it is a replica`)
  }
  const hint = hintOf(answer.trouble)
  throw new ProxyError(hint === '' ? 'SENTINEL' : 'AUTH', `${name} cannot be used: ${answer.trouble}${hint}`)
}

function hintOf(trouble: string): string {
  if (trouble.startsWith('NOAUTH')) return ' (redis.password is not set)'
  if (trouble.startsWith('WRONGPASS')) return ' (redis.password is wrong, or redis.username)'
  return trouble.startsWith('NOPERM') ? ' (redis.username needs more rights)' : ''
}
