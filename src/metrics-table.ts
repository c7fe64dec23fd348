// Every metric of the proxy, one row each: /metrics, the README's table and the checks of the dashboard and the alert
// rules are made of these rows. Knows no exporter.
import type { LatencyHistogram } from './histogram.ts'
import * as source from './metrics-source.ts'
import type { Counts, MetricsSource, NodeNumbers } from './metrics-source.ts'

type Labels = Readonly<Record<string, string>>
export type Sample<V> = { readonly labels: Labels; readonly value: V }

type Described = {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** The closed list behind the only label; left out where a label follows the topology or the machine. */
  readonly values?: readonly string[]
}

export type NumberRow = Described & {
  readonly type: 'gauge' | 'counter'
  readonly read: (from: MetricsSource) => readonly Sample<number>[]
}

export type HistogramRow = Described & {
  readonly type: 'histogram'
  readonly read: (from: MetricsSource) => readonly Sample<LatencyHistogram>[]
}

export type MetricRow = NumberRow | HistogramRow

type NumberType = NumberRow['type']

const named = (name: string, help: string): Pick<Described, 'name' | 'help'> => ({
  name: `holdfast_${name}`,
  help
})

function plain(
  type: NumberType,
  name: string,
  help: string,
  read: (from: MetricsSource) => number | boolean
): MetricRow {
  return {
    ...named(name, help),
    type,
    labels: [],
    read: (from) => [{ labels: {}, value: Number(read(from)) }]
  }
}

/** A label and the closed list of its values. */
type Split<K extends string> = readonly [label: string, values: readonly K[]]

type Named = readonly [type: NumberType, name: string, help: string]

function split<K extends string>(
  [type, name, help]: Named,
  [label, values]: Split<K>,
  read: (from: MetricsSource) => Readonly<Counts<K>>
): MetricRow {
  const samples = (from: MetricsSource): Sample<number>[] => {
    const counts = read(from)
    return values.map((value) => ({ labels: { [label]: value }, value: counts[value] }))
  }
  return { ...named(name, help), type, labels: [label], values, read: samples }
}

function open(
  [type, name, help]: Named,
  labels: readonly string[],
  read: (from: MetricsSource) => readonly Sample<number>[]
): MetricRow {
  return { ...named(name, help), type, labels, read }
}

function histogram(name: string, help: string, read: (from: MetricsSource) => LatencyHistogram): MetricRow {
  return {
    ...named(name, help),
    type: 'histogram',
    labels: [],
    read: (from) => [{ labels: {}, value: read(from) }]
  }
}

function requestDurations(): MetricRow {
  const help =
    'Time from the last byte of a request to the last byte of its reply, the time it was held included.'
  const values = source.LANE_ROUTES
  return {
    ...named('request_duration_seconds', help),
    type: 'histogram',
    labels: ['route'],
    values,
    read: ({ requests }) => values.map((route) => ({ labels: { route }, value: requests.duration[route] }))
  }
}

/** One series for each replica of which the number is known. */
function ofReplicas(
  number: (node: NodeNumbers) => number | undefined
): (from: MetricsSource) => readonly Sample<number>[] {
  return ({ upstream }) =>
    upstream.nodes.flatMap((node) => {
      const value = node.role === 'replica' ? number(node) : undefined
      return value === undefined ? [] : [{ labels: { node: node.address }, value }]
    })
}

function lanesByNode({ upstream }: MetricsSource): Sample<number>[] {
  return upstream.nodes.flatMap(({ address, lanes }) =>
    source.LANE_KINDS.map((kind) => ({ labels: { node: address, kind }, value: lanes[kind] }))
  )
}

function masterInfo({ masterName, failover }: MetricsSource): Sample<number>[] {
  const { master } = failover
  return master === undefined ? [] : [{ labels: { master_name: masterName, address: master }, value: 1 }]
}

// prettier-ignore
export const METRICS: readonly MetricRow[] = [
  open(['gauge', 'build_info', 'Always 1; says which version runs.'], ['version', 'node_version'],
    ({ version }) => [{ labels: { version, node_version: process.version }, value: 1 }]),
  plain('gauge', 'ready', '1 while /readyz answers 200.', (s) => s.ready),
  plain('gauge', 'paused', '1 while an operator has paused the proxy.', (s) => s.paused),
  plain('gauge', 'draining', '1 while the proxy shuts down.', (s) => s.draining),

  plain('gauge', 'client_connections', 'Clients connected.', (s) => s.clients.connected),
  plain('gauge', 'client_connections_max', 'Most clients served at the same time.', (s) => s.clients.max),
  plain('counter', 'client_connections_opened_total', 'Clients accepted.', (s) => s.clients.opened),
  split(['counter', 'client_connections_closed_total', 'Clients that left or were closed, by reason.'],
    ['reason', source.CLOSE_REASONS], (s) => s.clients.closed),
  split(['counter', 'client_connections_rejected_total', 'Clients that were not let in.'],
    ['reason', source.REJECT_REASONS], (s) => s.clients.rejected),
  plain('counter', 'client_received_bytes_total', 'Bytes received from clients.', (s) => s.clients.receivedBytes),
  plain('counter', 'client_sent_bytes_total', 'Bytes sent to clients.', (s) => s.clients.sentBytes),
  plain('gauge', 'client_output_buffer_bytes', 'Reply bytes kept for clients that have not read them.',
    (s) => s.clients.outputBufferBytes),
  plain('gauge', 'client_upload_bytes', 'Bytes of requests that are still arriving.', (s) => s.clients.uploadBytes),

  split(['counter', 'requests_total', 'Requests, by where they went.'], ['route', source.ROUTES], (s) => s.requests.total),
  split(['counter', 'replies_error_total', "Error replies, Redis' and the proxy's own, by their first word."],
    ['error', source.ERROR_WORDS], (s) => s.requests.errors),
  requestDurations(),
  split(['gauge', 'requests_in_flight', 'Requests sent to Redis and not answered.'],
    ['route', source.LANE_ROUTES], (s) => s.requests.inFlight),
  split(['counter', 'read_fallbacks_total', 'Reads that went to the master although a replica could have served them.'],
    ['reason', source.FALLBACK_REASONS], (s) => s.requests.readFallbacks),

  plain('gauge', 'requests_held', 'Requests that wait for a master.', (s) => s.hold.count),
  plain('gauge', 'held_bytes', 'Bytes of the requests that wait for a master.', (s) => s.hold.bytes),
  plain('gauge', 'held_oldest_age_seconds', 'How long the oldest of them has waited.', (s) => s.hold.oldestAgeSeconds),
  split(['counter', 'hold_ended_total', 'Requests that were held, by how that ended.'],
    ['end', source.HOLD_ENDS], (s) => s.hold.ended),
  histogram('hold_duration_seconds', 'How long requests were held.', (s) => s.hold.duration),
  split(['counter', 'requests_replayed_total', 'Requests sent to a new generation, by why that was safe.'],
    ['cause', source.REPLAY_CAUSES], (s) => s.requests.replayed),
  plain('counter', 'requests_in_doubt_total', 'Writes whose fate is unknown, answered with an error and never sent twice.',
    (s) => s.requests.inDoubt),
  plain('counter', 'replies_withheld_total', 'Replies of writes kept back until a handover was decided.',
    (s) => s.requests.withheld),

  split(['gauge', 'sessions_pinned', 'Sessions that own a connection to Redis, by why.'],
    ['reason', source.PIN_REASONS], (s) => s.clients.pinned),
  split(['counter', 'pinned_wait_total', 'Sessions that had to wait for such a connection, by how that ended.'],
    ['outcome', source.PINNED_WAIT_OUTCOMES], (s) => s.upstream.pinnedWait),
  split(['gauge', 'subscriptions', 'Subscriptions of all clients.'],
    ['kind', source.SUBSCRIPTION_KINDS], (s) => s.clients.subscriptions),
  histogram('pubsub_gap_seconds', 'How long subscriptions were without an upstream; messages in a gap are lost.',
    (s) => s.clients.pubsubGap),

  open(['gauge', 'lanes', 'Connections to Redis.'], ['node', 'kind'], lanesByNode),
  plain('counter', 'lanes_opened_total', 'Connections to Redis that were opened.', (s) => s.upstream.lanesOpened),
  split(['counter', 'lane_errors_total', 'Connections to Redis that could not be opened or were lost.'],
    ['reason', source.LANE_ERRORS], (s) => s.upstream.laneErrors),
  split(['counter', 'upstream_sent_bytes_total', 'Bytes sent to Redis.'],
    ['role', source.NODE_ROLES], (s) => s.upstream.sentBytes),
  split(['counter', 'upstream_received_bytes_total', 'Bytes received from Redis.'],
    ['role', source.NODE_ROLES], (s) => s.upstream.receivedBytes),
  open(['gauge', 'node_up', '1 while the node answers heartbeats.'], ['node', 'role'],
    (s) => s.upstream.nodes.map(({ address, role, up }) => ({ labels: { node: address, role }, value: Number(up) }))),
  open(['gauge', 'replica_lag_seconds', 'How old what the replica serves is.'], ['node'], ofReplicas((n) => n.lagSeconds)),
  open(['gauge', 'replica_offset_lag_bytes', "Bytes of the master's replication stream that the replica has not applied."],
    ['node'], ofReplicas((n) => n.offsetLagBytes)),

  open(['gauge', 'sentinel_up', '1 while the Sentinel answers.'], ['sentinel'],
    (s) => s.sentinels.known.map(({ address, up }) => ({ labels: { sentinel: address }, value: Number(up) }))),
  plain('gauge', 'sentinel_quorum', '1 while some Sentinel reaches a majority.', (s) => s.sentinels.quorum),
  split(['counter', 'sentinel_events_total', 'Events received from the Sentinels about this master.'],
    ['event', source.SENTINEL_EVENTS], (s) => s.sentinels.events),
  plain('counter', 'sentinel_minority_votes_total', 'Answers not believed, of Sentinels that reach no majority.',
    (s) => s.sentinels.minorityVotes),

  plain('gauge', 'topology_epoch', "Sentinel's config-epoch of the topology in use.", (s) => s.failover.epoch),
  plain('gauge', 'generation', 'How often a master was bound.', (s) => s.failover.generation),
  open(['gauge', 'master_info', '1 for the master that is bound; no series while none is.'],
    ['master_name', 'address'], masterInfo),
  plain('counter', 'failovers_total', 'Masters bound in place of another one.', (s) => s.failover.failovers),
  open(['gauge', 'failover_phase', '1 for the phase the failover machine is in.'], ['phase'],
    ({ failover }) => failover.phases.map((phase) => ({ labels: { phase }, value: Number(phase === failover.phase) }))),
  open(['counter', 'failover_transitions_total', 'Steps of the failover machine.'], ['from', 'to', 'event'],
    ({ failover }) => failover.transitions.map(({ from, to, event, count }) => ({ labels: { from, to, event }, value: count }))),
  histogram('failover_duration_seconds', 'From the first hold of a failover until the next master was bound.',
    (s) => s.failover.duration),
  plain('gauge', 'last_failover_timestamp_seconds', 'When a master was last bound in place of another; 0 is never.',
    (s) => s.failover.lastFailoverAt),
  plain('gauge', 'failover_offset_difference_bytes',
    "In the last handover, the old master's offset minus what the new one holds of it: above 0 is lost; NaN is unproved.",
    (s) => s.failover.offsetDifferenceBytes),
  split(['counter', 'failover_handover_total', 'Handovers, by whether every acknowledged write was proved to have arrived.'],
    ['proof', source.HANDOVER_PROOFS], (s) => s.failover.handovers),
  plain('counter', 'master_restarts_total', 'Masters that restarted under the same address.', (s) => s.failover.masterRestarts)
]
