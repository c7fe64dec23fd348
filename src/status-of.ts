// What GET /status answers, read from the parts at the moment it is asked for.
import { settingsInForce } from './config/in-force.ts'
import type { Loaded } from './config/load.ts'
import type { Flight } from './failover/flight-recorder.ts'
import type { MetricsSource } from './metrics-source.ts'
import { clientNumbers, isReady, nodeNumbers, requestNumbers, type ProcessFacts } from './numbers.ts'
import type { Proxy } from './proxy.ts'
import type { FlightRecord, Status } from './status.ts'
import { formatAddress } from './topology/topology.ts'

/** GET /status. */
export function statusOf(proxy: Proxy, facts: ProcessFacts, loaded: Loaded): Status {
  const { controller, held } = proxy
  const clients = clientNumbers(proxy)
  const requests = requestNumbers(proxy)
  return {
    proxy: {
      version: facts.version,
      pid: process.pid,
      startedAt: new Date(facts.startedAtMs).toISOString(),
      uptimeSeconds: (Date.now() - facts.startedAtMs) / 1000,
      ready: isReady(proxy, facts),
      paused: controller.isPaused,
      draining: facts.isDraining()
    },
    listen: facts.listen,
    masterName: proxy.settings.master,
    phase: controller.phase,
    generation: controller.seat.generation,
    epoch: controller.topology?.epoch ?? 0,
    ...nodeStatus(proxy),
    sentinels: sentinelStatus(proxy),
    clients: { ...clients, rejected: clients.rejected.max_clients },
    requests: { ...requests, errors: total(requests.errors), replayed: total(requests.replayed) },
    latency: latencyStatus(requests.duration),
    held: { count: held.requests, bytes: held.bytes, oldestAgeSeconds: held.oldestAgeMs / 1000 },
    lanes: nodeNumbers(proxy).map(({ address, lanes }) => ({ node: address, kinds: lanes })),
    failovers: controller.recorder.flights.map(flightRecord),
    settings: settingsInForce(loaded)
  }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function nodeStatus(proxy: Proxy): Pick<Status, 'master' | 'replicas'> {
  const { admission, seat } = proxy.controller
  const { master } = seat
  return {
    master: master
      ? { address: formatAddress(master.topology.master), up: admission === 'forward', offset: master.offset }
      : null,
    replicas: proxy.reads.standings().map(({ address, isUp, why, lagMs, offset }) => ({
      address: formatAddress(address),
      up: isUp,
      eligible: why === null,
      lagSeconds: lagMs === null ? null : lagMs / 1000,
      offset
    }))
  }
}

function sentinelStatus(proxy: Proxy): Status['sentinels'] {
  return proxy.discovery.sentinels.states().map(({ sentinel, vote }) => ({
    address: sentinel,
    up: vote !== null,
    quorum: vote === null ? null : vote.usable,
    master: vote?.address ? formatAddress(vote.address) : null
  }))
}

function latencyStatus(duration: MetricsSource['requests']['duration']): Status['latency'] {
  return {
    boundsSeconds: duration.master.bounds,
    counts: {
      master: duration.master.cumulative(),
      replica: duration.replica.cumulative(),
      pinned: duration.pinned.cumulative()
    }
  }
}

function flightRecord(flight: Flight): FlightRecord {
  const { tally, ...facts } = flight
  return {
    ...facts,
    ...tally,
    from: flight.from ?? null,
    to: flight.to ?? null,
    durationMs: flight.durationMs ?? null,
    writeGapMs: flight.durationMs ?? null,
    offsetDifference: flight.offsetDifference ?? null,
    proof: flight.proof ?? null
  }
}
