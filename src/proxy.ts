// Builds every part once, in the order of the data path: the architecture as code.
//
//  client ──bytes──▶ request-framer ──▶ classify ──▶ route ──┬─ lane ───▶ lanes ──▶ lane ──bytes──▶ Redis
//    ▲                                                ▲      ├─ hold ───▶ hold-queue ──(replay)──▲
//    │                                     admission  │      └─ answer ─▶┐                       │
//    └──bytes── reply-queue ◀────────────────────────────────────────────┴── reply-framer ◀──bytes┘
//                                                     │
//             Sentinels ──▶ sentinels ──▶ decide ──▶ controller ⇄ machine      (drain · cut · bind · replay · shed)
import { systemClock as clock } from './clock.ts'
import type { Settings } from './config/settings.ts'
import { Discovery } from './discovery.ts'
import { Access } from './downstream/access.ts'
import { answerHere } from './downstream/here.ts'
import { InputBudget } from './downstream/input-budget.ts'
import { Listener } from './downstream/listener.ts'
import { Pause } from './downstream/pause.ts'
import type { Session } from './downstream/session.ts'
import { FailoverController } from './failover/controller.ts'
import { Switchover } from './failover/switchover.ts'
import { HoldQueue } from './failover/hold-queue.ts'
import { Gate } from './gate.ts'
import { LatencyHistogram } from './histogram.ts'
import type { Log } from './log.ts'
import { ERROR_WORDS, countKnown, zeroes } from './metrics-source.ts'
import { Reads } from './reads.ts'
import type { Topology } from './topology/topology.ts'
import { Scripts } from './scripts.ts'
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
  readonly scripts = new Scripts()
  readonly dialer: Dialer
  readonly lanes: Lanes
  readonly held: HoldQueue
  readonly controller: FailoverController
  readonly discovery: Discovery
  readonly reads: Reads
  readonly switchover: Switchover
  readonly listener: Listener
  readonly settings: Settings
  readonly #log: Log
  readonly #turn = new Turn()
  readonly #nodes: Nodes
  #knownGeneration = 0

  constructor(settings: Settings, log: Log) {
    this.settings = settings
    this.#log = log
    this.budget = new InputBudget(settings.client.uploadBudgetBytes)
    // Redis' side.
    this.dialer = this.#openDialer()
    this.#nodes = new Nodes({
      dialer: this.dialer,
      clock,
      deadlineMs: () => this.heartbeatDeadlineMs,
      scripts: () => this.scripts.all()
    })
    this.lanes = this.#openLanes()
    this.knowledge = new ServerKnowledge(this.#nodes, settings.commands.allow, log)
    // Who is master, and what happens when that changes.
    this.held = this.#openHoldQueue()
    this.discovery = this.#openDiscovery()
    this.controller = this.#openController()
    this.reads = this.#openReads()
    const { controller, reads: replicas, discovery: sentinels } = this
    this.switchover = new Switchover({ clock, controller, replicas, sentinels })
    // The clients' side.
    this.gate = new Gate(this.controller, this.held, this.knowledge)
    this.listener = this.#openListener()
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

  #openDialer(): Dialer {
    const { lane, client, redis } = this.settings
    const { username, password } = redis
    return new Dialer({
      service: password === '' ? undefined : { username: username === '' ? undefined : username, password },
      connectTimeoutMs: lane.connectTimeoutMs,
      replyBufferBytes: client.replyBufferBytes,
      turn: this.#turn,
      onError: (reply) => {
        countKnown(this.counters.errors, firstWord(reply))
      }
    })
  }

  #openLanes(): Lanes {
    const { lane } = this.settings
    return new Lanes({
      dialer: this.dialer,
      clock,
      maxLanesPerNode: lane.maxPerNode,
      pinned: { maxLanes: lane.pinnedMax, waitMs: lane.pinnedWaitMs, warmSpares: lane.warmSpares },
      laneTimeoutMs: lane.timeoutMs,
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
  }

  #openHoldQueue(): HoldQueue {
    const { maxRequests, maxBytes } = this.settings.hold
    return new HoldQueue(clock, { windowMs: () => this.holdWindowMs, maxRequests, maxBytes }, (ms, count) => {
      this.counters.heldFor.observeMs(ms, count)
    })
  }

  #openDiscovery(): Discovery {
    const { sentinel, master, natMap, failover } = this.settings
    const log = this.#log
    const { addresses: seeds, timeoutMs, pollIntervalMs, username, password } = sentinel
    const user = { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) }
    const sentinels = { seeds, masterName: master, ...user, timeoutMs, pollIntervalMs, natMap, clock, log }
    const { fence, earlyHold } = failover
    const adopted = (): Topology | undefined => this.controller.topology
    return new Discovery(
      { sentinels, fence, earlyHold, clock, log, adopted },
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
  }

  #openController(): FailoverController {
    const { hold, failover, heartbeat } = this.settings
    return new FailoverController({
      clock,
      log: this.#log,
      held: this.held,
      sameNode: this.discovery.sameNode,
      askSentinels: (reason) => {
        this.discovery.ask(reason)
      },
      redis: {
        watch: (address, intervalMs, events) => this.#nodes.watch(address, intervalMs, events),
        bind: (address) => this.lanes.bind(address),
        withhold: (unblock) => {
          this.lanes.withhold(unblock)
        },
        release: () => {
          this.lanes.release()
        },
        inFlight: () => this.lanes.inFlight
      },
      rules: {
        budgetMs: hold.budgetMs,
        confirmTimeoutMs: failover.confirmTimeoutMs,
        heartbeatIntervalMs: heartbeat.intervalMs,
        refuseEmptyMaster: failover.refuseEmptyMaster
      },
      onTopology: (topology, replicationId) => {
        this.#adopt(topology, replicationId)
      },
      onMasterOffset: (offset) => {
        this.reads.masterAt(offset)
      },
      onFailover: (durationMs) => {
        this.counters.failoverDuration.observeMs(durationMs)
      }
    })
  }

  #openReads(): Reads {
    const { reads, heartbeat } = this.settings
    return new Reads({
      clock,
      dialer: this.dialer,
      lanes: this.lanes,
      sameNode: this.discovery.sameNode,
      rules: {
        maxLagMs: reads.maxLagMs,
        staleWindowMs: reads.staleWindowMs,
        heartbeatIntervalMs: heartbeat.intervalMs,
        deadlineMs: () => this.heartbeatDeadlineMs,
        prefer: reads.prefer
      },
      onPromoted: (address) => {
        this.controller.electionSeen('a replica says that it is master', address)
      }
    })
  }

  #openListener(): Listener {
    const { client, reads } = this.settings
    const access = this.#openAccess()
    const pause = new Pause(clock)
    const here = answerHere({
      clock,
      access,
      pause,
      serviceUser: this.settings.redis.username || 'default',
      sessions: () => this.listener.sessions,
      unblock: (_id, _how, done) => {
        done(false)
      },
      serverVersion: () => this.knowledge.version,
      askMaster: (words, done) => {
        const master = this.controller.seat.master
        if (master === undefined) done(new Error('MASTERDOWN no master is known'))
        else master.watch.ask(words, done)
      },
      isOpenTo: (session: Session) => this.listener.isOpenTo(session)
    })
    const limits = {
      maxBulkBytes: MAX_BULK_BYTES,
      queryBufferBytes: client.queryBufferLimitBytes,
      outputSoftBytes: client.outputSoftLimitBytes,
      outputHardBytes: client.outputHardLimitBytes
    }
    const { lanes, gate, budget, scripts, counters, knowledge: table } = this
    return new Listener({
      clock,
      access,
      limits: client,
      onClosed: () => undefined,
      parts: { clock, turn: this.#turn, table, policy: reads, budget, scripts, counters, lanes, gate, limits, pause, here }
    })
  }

  #openAccess(): Access {
    const { client, redis } = this.settings
    const verifier = new Verifier({
      dialer: this.dialer,
      clock,
      master: () => (this.controller.admission === 'forward' ? this.controller.topology?.master : undefined),
      windowMs: () => this.holdWindowMs
    })
    return new Access({
      clientPassword: client.password === '' ? undefined : client.password,
      holdsPassword: redis.password !== '',
      verify: (identity, done) => {
        verifier.verify(identity, done)
      }
    })
  }

  #adopt(topology: Topology, replicationId: string): void {
    this.reads.adopt(topology, replicationId)
    if (this.lanes.generation === this.#knownGeneration) return
    this.#knownGeneration = this.lanes.generation
    this.knowledge.learn(topology.master)
  }
}

function firstWord(reply: Buffer): string {
  return /^-(\S+)/.exec(reply.toString('latin1', 0, 64))?.[1] ?? 'other'
}
