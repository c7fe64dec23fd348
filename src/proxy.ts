// Builds every part once, in the order of the data path: the architecture as code.
//
//  client ──bytes──▶ request-framer ──▶ classify ──▶ route ──┬─ lane ───▶ lanes ──▶ lane ──bytes──▶ Redis
//    ▲                                                ▲      ├─ hold ───▶ hold-queue ──(replay)──▲
//    │                                     admission  │      └─ answer ─▶┐                       │
//    └──bytes── reply-queue ◀────────────────────────────────────────────┴── reply-framer ◀──bytes┘
//                                                     │
//             Sentinels ──▶ sentinels ──▶ decide ──▶ controller ⇄ machine      (drain · cut · bind · replay · shed)
import { systemClock } from './clock.ts'
import type { Settings } from './config/settings.ts'
import { Discovery } from './discovery.ts'
import { Access } from './downstream/access.ts'
import { answerHere } from './downstream/here.ts'
import { InputBudget } from './downstream/input-budget.ts'
import { Listener } from './downstream/listener.ts'
import type { Session } from './downstream/session.ts'
import { FailoverController } from './failover/controller.ts'
import { HoldQueue } from './failover/hold-queue.ts'
import { Gate } from './gate.ts'
import { LatencyHistogram } from './histogram.ts'
import type { Log } from './log.ts'
import { ERROR_WORDS, countKnown, zeroes } from './metrics-source.ts'
import { Reads } from './reads.ts'
import type { Topology } from './topology/topology.ts'
import { ServerKnowledge } from './server-knowledge.ts'
import { Turn } from './turn.ts'
import { Dialer } from './upstream/dialer.ts'
import { Lanes } from './upstream/lanes.ts'
import { Nodes } from './upstream/nodes.ts'
import { Verifier } from './upstream/verifier.ts'

const MAX_BULK_BYTES = 512 * 1024 * 1024

export class Proxy {
  readonly counters = {
    master: 0,
    replica: 0,
    here: 0,
    refused: 0,
    receivedBytes: 0,
    sentBytes: 0,
    errors: zeroes(ERROR_WORDS),
    latency: { master: new LatencyHistogram(), replica: new LatencyHistogram() },
    heldFor: new LatencyHistogram(),
    failoverDuration: new LatencyHistogram()
  }
  readonly knowledge: ServerKnowledge
  readonly gate: Gate
  readonly budget: InputBudget
  readonly dialer: Dialer
  readonly lanes: Lanes
  readonly held: HoldQueue
  readonly controller: FailoverController
  readonly discovery: Discovery
  readonly reads: Reads
  readonly listener: Listener
  readonly settings: Settings
  readonly #nodes: Nodes
  #knownGeneration = 0

  constructor(settings: Settings, log: Log) {
    this.settings = settings
    const clock = systemClock
    const turn = new Turn()
    this.budget = new InputBudget(settings.client.uploadBudgetBytes)

    // Redis' side.
    this.dialer = new Dialer({
      service: serviceUser(settings),
      connectTimeoutMs: settings.lane.connectTimeoutMs,
      replyBufferBytes: settings.client.replyBufferBytes,
      turn,
      onError: (reply) => {
        countKnown(this.counters.errors, firstWord(reply))
      }
    })
    this.#nodes = new Nodes({ dialer: this.dialer, clock, deadlineMs: () => this.heartbeatDeadlineMs })
    this.knowledge = new ServerKnowledge(this.#nodes, settings.commands.allow, log)
    this.lanes = new Lanes({
      dialer: this.dialer,
      clock,
      maxLanesPerNode: settings.lane.maxPerNode,
      laneTimeoutMs: settings.lane.timeoutMs,
      events: {
        onMasterRefused: (generation, reply) => {
          this.controller.doubted(`it refuses: ${firstWord(reply)}`, generation)
        },
        onMasterLaneEnd: (generation, end) => {
          if (end !== 'idle' && end !== 'cut') this.controller.doubted(`a lane ended: ${end}`, generation)
        },
        onReplicaLaneEnd: (address) => {
          this.reads.suspect(address)
        }
      }
    })

    // Who is master, and what happens when that changes.
    this.held = new HoldQueue(
      clock,
      {
        windowMs: () => this.holdWindowMs,
        maxRequests: settings.hold.maxRequests,
        maxBytes: settings.hold.maxBytes
      },
      (ms, count) => {
        this.counters.heldFor.observeMs(ms, count)
      }
    )
    this.discovery = new Discovery(
      {
        sentinels: {
          seeds: settings.sentinel.addresses,
          masterName: settings.master,
          ...(settings.sentinel.username === '' ? {} : { username: settings.sentinel.username }),
          ...(settings.sentinel.password === '' ? {} : { password: settings.sentinel.password }),
          timeoutMs: settings.sentinel.timeoutMs,
          pollIntervalMs: settings.sentinel.pollIntervalMs,
          natMap: settings.natMap,
          clock,
          log
        },
        fence: settings.failover.fence,
        earlyHold: settings.failover.earlyHold,
        clock,
        log,
        adopted: () => this.controller.topology
      },
      {
        believed: (topology) => {
          this.controller.believed(topology)
        },
        electionSeen: (why, candidate) => {
          this.controller.electionSeen(why, candidate)
        },
        electionOver: (why) => {
          this.controller.electionOver(why)
        },
        doubted: (why) => {
          this.controller.doubted(why)
        },
        quorumLost: () => {
          this.controller.quorumLost()
        }
      }
    )
    this.controller = new FailoverController({
      clock,
      log,
      held: this.held,
      sameNode: this.discovery.sameNode,
      askSentinels: (reason) => {
        this.discovery.ask(reason)
      },
      redis: {
        watch: (address, intervalMs, events) => this.#nodes.watch(address, intervalMs, events),
        bind: (address) => this.lanes.bind(address),
        withhold: () => this.lanes.master?.withhold(),
        release: () => this.lanes.master?.release(),
        inFlight: () => this.lanes.master?.inFlight ?? 0
      },
      rules: {
        budgetMs: settings.hold.budgetMs,
        confirmTimeoutMs: settings.failover.confirmTimeoutMs,
        heartbeatIntervalMs: settings.heartbeat.intervalMs,
        refuseEmptyMaster: settings.failover.refuseEmptyMaster
      },
      onTopology: (topology, replicationId) => {
        this.#adopt(topology, replicationId)
      },
      onFailover: (durationMs) => {
        this.counters.failoverDuration.observeMs(durationMs)
      }
    })
    this.reads = new Reads({
      clock,
      dialer: this.dialer,
      lanes: this.lanes,
      sameNode: this.discovery.sameNode,
      rules: {
        maxLagMs: settings.reads.maxLagMs,
        staleWindowMs: settings.reads.staleWindowMs,
        heartbeatIntervalMs: settings.heartbeat.intervalMs,
        deadlineMs: () => this.heartbeatDeadlineMs,
        prefer: settings.reads.prefer
      },
      masterOffset: () => this.controller.seat.master?.offset ?? 0,
      onPromoted: (address) => {
        this.controller.electionSeen('a replica says that it is master', address)
      }
    })

    // The clients' side.
    this.gate = new Gate(this.controller, this.held, this.knowledge)
    const verifier = new Verifier({
      dialer: this.dialer,
      clock,
      master: () => (this.controller.admission === 'forward' ? this.controller.topology?.master : undefined),
      windowMs: () => this.holdWindowMs
    })
    const access = new Access({
      clientPassword: settings.client.password === '' ? undefined : settings.client.password,
      holdsPassword: settings.redis.password !== '',
      verify: (identity, done) => {
        verifier.verify(identity, done)
      }
    })
    this.listener = new Listener({
      clock,
      access,
      limits: settings.client,
      onClosed: () => undefined,
      parts: {
        clock,
        turn,
        table: this.knowledge,
        policy: settings.reads,
        budget: this.budget,
        counters: this.counters,
        lanes: this.lanes,
        gate: this.gate,
        limits: {
          maxBulkBytes: MAX_BULK_BYTES,
          queryBufferBytes: settings.client.queryBufferLimitBytes,
          outputSoftBytes: settings.client.outputSoftLimitBytes,
          outputHardBytes: settings.client.outputHardLimitBytes
        },
        here: answerHere({
          access,
          serverVersion: () => this.knowledge.version,
          isOpenTo: (session: Session) => this.listener.isOpenTo(session)
        })
      }
    })
  }

  /** Longest wait of one request: follows the Sentinels' own down-after unless it is set. */
  get holdWindowMs(): number {
    const { windowMs, budgetMs } = this.settings.hold
    return windowMs === 'auto' ? Math.min(this.discovery.downAfterMs + 10_000, budgetMs) : windowMs
  }

  get heartbeatDeadlineMs(): number {
    const { deadlineMs, intervalMs } = this.settings.heartbeat
    if (deadlineMs !== 'auto') return deadlineMs
    return Math.max(intervalMs + 50, Math.min(1000, this.discovery.downAfterMs / 2))
  }

  /** Asks the Sentinels and listens; resolves with the port. Rejects with ProxyError LISTEN. */
  async start(): Promise<number> {
    const { host, port } = this.settings.listen
    const listening = await this.listener.listen(host, port)
    this.discovery.start()
    return listening
  }

  /** Lets the sessions finish, then closes everything. */
  async stop(drainTimeoutMs: number): Promise<void> {
    await this.listener.drain(drainTimeoutMs)
    this.controller.close()
    this.reads.close()
    this.lanes.close()
    await this.discovery.sentinels.close()
  }

  #adopt(topology: Topology, replicationId: string): void {
    this.reads.adopt(topology, replicationId)
    if (this.lanes.generation === this.#knownGeneration) return
    this.#knownGeneration = this.lanes.generation
    this.knowledge.learn(topology.master)
  }
}

function serviceUser(settings: Settings): { username: string | undefined; password: string } | undefined {
  const { username, password } = settings.redis
  return password === '' ? undefined : { username: username === '' ? undefined : username, password }
}

function firstWord(reply: Buffer): string {
  return /^-(\S+)/.exec(reply.toString('latin1', 0, 64))?.[1] ?? 'other'
}
