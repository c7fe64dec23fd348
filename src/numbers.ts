// What the admin server shows, read from the parts at the moment it is asked for. The data path only adds to plain
// numbers and knows nothing of this file [O1].
import { leadsTo, phases, type FailoverEvent } from './failover/machine.ts'
import {
  CLOSE_REASONS,
  LANE_ERRORS,
  LANE_KINDS,
  PIN_REASONS,
  SENTINEL_EVENTS,
  zeroes,
  type MetricsSource,
  type NodeNumbers
} from './metrics-source.ts'
import type { Proxy } from './proxy.ts'
import { formatAddress } from './topology/topology.ts'

export type ProcessFacts = {
  readonly version: string
  readonly startedAtMs: number
  readonly listen: string
  readonly isDraining: () => boolean
}

export function isReady(proxy: Proxy, process: ProcessFacts): boolean {
  return !process.isDraining() && !proxy.controller.isPaused && proxy.controller.admission === 'forward'
}

/** Every number of /metrics; getters, so that a scrape reads what holds then. */
export function metricsSource(proxy: Proxy, facts: ProcessFacts): MetricsSource {
  return {
    version: facts.version,
    masterName: proxy.settings.master,
    get ready() {
      return isReady(proxy, facts)
    },
    get paused() {
      return proxy.controller.isPaused
    },
    get draining() {
      return facts.isDraining()
    },
    get clients() {
      return clientNumbers(proxy)
    },
    get requests() {
      return requestNumbers(proxy)
    },
    get hold() {
      const { requests, bytes, oldestAgeMs, ended } = proxy.held
      return {
        count: requests,
        bytes,
        oldestAgeSeconds: oldestAgeMs / 1000,
        ended,
        duration: proxy.counters.heldFor
      }
    },
    get upstream() {
      return upstreamNumbers(proxy)
    },
    get sentinels() {
      return sentinelNumbers(proxy)
    },
    get failover() {
      return failoverNumbers(proxy)
    }
  }
}

export function clientNumbers(proxy: Proxy): MetricsSource['clients'] {
  const { listener, counters, budget, settings } = proxy
  let outputBufferBytes = 0
  const pinned = zeroes(PIN_REASONS)
  for (const session of listener.sessions.values()) {
    outputBufferBytes += session.backlogBytes
    const { reason } = session.requests.own
    if (reason !== undefined) pinned[reason]++
  }
  return {
    connected: listener.sessions.size,
    max: settings.client.maxClients,
    opened: listener.counters.opened,
    closed: { ...zeroes(CLOSE_REASONS), ...Object.fromEntries(listener.counters.closed) },
    rejected: { max_clients: listener.counters.rejected, not_local: 0, shutdown: 0 },
    receivedBytes: counters.receivedBytes,
    sentBytes: counters.sentBytes,
    outputBufferBytes,
    uploadBytes: budget.usedBytes,
    pinned,
    subscriptions: proxy.subscriptions.counts(),
    pubsubGap: counters.pubsubGap
  }
}

export function requestNumbers(proxy: Proxy): MetricsSource['requests'] {
  const { counters, lanes } = proxy
  const loads = lanes.counts()
  const sum = (role: string): number =>
    loads.filter((node) => node.role === role).reduce((total, { load }) => total + load, 0)
  return {
    total: {
      master: counters.master,
      replica: counters.replica,
      pinned: counters.pinned,
      proxy: counters.here,
      refused: counters.refused
    },
    errors: counters.errors,
    inFlight: { master: sum('master'), replica: sum('replica'), pinned: lanes.pinned.inFlight },
    duration: counters.latency,
    replayed: proxy.gate.counters.replayed,
    inDoubt: proxy.gate.counters.inDoubt,
    withheld: proxy.gate.counters.withheld,
    readFallbacks: counters.fallbacks
  }
}

export function nodeNumbers(proxy: Proxy): NodeNumbers[] {
  const shared = new Map(proxy.lanes.counts().map(({ address, lanes }) => [formatAddress(address), lanes]))
  const lanesOf = (name: string) => ({ ...zeroes(LANE_KINDS), shared: shared.get(name) ?? 0, service: 1 })
  const { admission } = proxy.controller
  const topology = proxy.controller.topology
  const master = topology && formatAddress(topology.master)
  const replicas = proxy.reads.standings().map(({ address, isUp, lagMs, lagBytes }): NodeNumbers => {
    const name = formatAddress(address)
    const lagSeconds = lagMs === null ? undefined : lagMs / 1000
    return {
      address: name,
      role: 'replica',
      up: isUp,
      lanes: lanesOf(name),
      lagSeconds,
      offsetLagBytes: lagBytes ?? undefined
    }
  })
  if (master === undefined) return replicas
  const up = admission === 'forward'
  return [
    {
      address: master,
      role: 'master',
      up,
      lanes: { ...lanesOf(master), pinned: proxy.lanes.pinned.size, ...proxy.feeds.lanes },
      lagSeconds: undefined,
      offsetLagBytes: undefined
    },
    ...replicas
  ]
}

function upstreamNumbers(proxy: Proxy): MetricsSource['upstream'] {
  const { counters } = proxy.dialer
  const errors = zeroes(LANE_ERRORS)
  for (const [end, count] of counters.ended) {
    const name = end === 'handshake' ? 'auth' : end
    if (name in errors) errors[name as keyof typeof errors] += count
  }
  return {
    nodes: nodeNumbers(proxy),
    lanesOpened: counters.opened,
    laneErrors: errors,
    pinnedWait: proxy.lanes.pinned.waits,
    sentBytes: { master: counters.master.sentBytes, replica: counters.replica.sentBytes },
    receivedBytes: { master: counters.master.receivedBytes, replica: counters.replica.receivedBytes }
  }
}

function sentinelNumbers(proxy: Proxy): MetricsSource['sentinels'] {
  const { sentinels, hasQuorum, counters } = proxy.discovery
  const { events } = sentinels.counts()
  const known = zeroes(SENTINEL_EVENTS)
  for (const [name, count] of Object.entries(events))
    known[name in known ? (name as keyof typeof known) : 'other'] += count
  return {
    known: sentinels.states().map(({ sentinel, vote }) => ({ address: sentinel, up: vote !== null })),
    quorum: hasQuorum,
    events: known,
    minorityVotes: counters.minorityVotes
  }
}

function failoverNumbers(proxy: Proxy): MetricsSource['failover'] {
  const { controller, counters } = proxy
  const { recorder } = controller
  const topology = controller.topology
  const transitions = (Object.keys(leadsTo) as FailoverEvent[]).flatMap((event) =>
    phases.flatMap((from, column) => {
      const to = leadsTo[event][column]
      return to === undefined
        ? []
        : [{ from, to, event, count: controller.transitions.counts.get(`${from} ${to} ${event}`) ?? 0 }]
    })
  )
  return {
    phase: controller.phase,
    phases,
    transitions,
    epoch: topology?.epoch ?? 0,
    generation: controller.seat.generation,
    master: topology && formatAddress(topology.master),
    failovers: recorder.failovers,
    duration: counters.failoverDuration,
    lastFailoverAt: recorder.lastFailoverAt,
    offsetDifferenceBytes: recorder.offsetDifference,
    handovers: recorder.handovers,
    masterRestarts: controller.masterRestarts
  }
}
