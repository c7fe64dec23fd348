// Builds every part once, in the order of the data path: the architecture as code.
//
//  client ──bytes──▶ request-framer ──▶ classify ──▶ route ──┬─ lane ───▶ lanes ──▶ lane ──bytes──▶ Redis
//    ▲                                                ▲      ├─ hold ───▶ hold-queue ──(replay)──▲
//    │                                     admission  │      └─ answer ─▶┐                       │
//    └──bytes── reply-queue ◀────────────────────────────────────────────┴── reply-framer ◀──bytes┘
//                                                     │
//             Sentinels ──▶ sentinels ──▶ decide ──▶ controller ⇄ machine      (drain · cut · bind · replay · shed)
import { CausalReads } from './causal-reads.ts'
import { systemClock as clock } from './clock.ts'
import { openListener } from './clients-side.ts'
import { matchesGlob } from './command/glob.ts'
import { adopt, liveCopy } from './config/reload.ts'
import type { SettingKey, Settings } from './config/settings.ts'
import { Counters } from './counters.ts'
import { Discovery } from './discovery.ts'
import { InputBudget } from './downstream/input-budget.ts'
import type { Listener } from './downstream/listener.ts'
import { Subscriptions } from './downstream/subscriptions.ts'
import { FailoverController } from './failover/controller.ts'
import { Switchover } from './failover/switchover.ts'
import { HoldQueue } from './failover/hold-queue.ts'
import { Gate } from './gate.ts'
import type { Log } from './log.ts'
import { countKnown } from './metrics-source.ts'
import { Reads } from './reads.ts'
import * as rules from './rules.ts'
import type { Topology } from './topology/topology.ts'
import { Scripts } from './scripts.ts'
import { ServerKnowledge } from './server-knowledge.ts'
import { Turn } from './turn.ts'
import { Dialer } from './upstream/dialer.ts'
import { Feeds } from './upstream/feeds.ts'
import { Lanes } from './upstream/lanes.ts'
import { Nodes } from './upstream/nodes.ts'
import { parseReplication } from './upstream/role.ts'

export class Proxy {
  readonly counters = new Counters()
  readonly knowledge: ServerKnowledge
  readonly gate: Gate
  readonly budget: InputBudget
  readonly scripts = new Scripts()
  readonly causality: CausalReads
  readonly dialer: Dialer
  readonly lanes: Lanes
  readonly feeds: Feeds
  readonly subscriptions: Subscriptions
  readonly held: HoldQueue
  readonly controller: FailoverController
  readonly discovery: Discovery
  readonly reads: Reads
  readonly switchover: Switchover
  readonly listener: Listener
  /** What is in force; only `change` changes it. */
  readonly settings: Settings
  readonly #log: Log
  readonly #turn = new Turn()
  readonly #nodes: Nodes
  #knownGeneration = 0

  constructor(given: Settings, log: Log) {
    const settings = liveCopy(given)
    this.settings = settings
    this.#log = log
    this.budget = new InputBudget(settings.client.uploadBudgetBytes)
    // Redis' side.
    this.causality = this.#openCausality()
    this.dialer = this.#openDialer()
    this.#nodes = new Nodes({
      dialer: this.dialer,
      clock,
      deadlineMs: () => this.heartbeatDeadlineMs,
      scripts: () => this.scripts.all()
    })
    this.lanes = this.#openLanes()
    this.feeds = this.#openFeeds()
    this.subscriptions = new Subscriptions(this.feeds, clock)
    this.knowledge = new ServerKnowledge(this.#nodes, settings.commands, log)
    // Who is master, and what happens when that changes.
    this.held = this.#openHoldQueue()
    this.discovery = this.#openDiscovery()
    this.controller = this.#openController()
    this.reads = this.#openReads()
    const { controller, reads: replicas, discovery: sentinels } = this
    this.switchover = new Switchover({ clock, controller, replicas, sentinels })
    // The clients' side.
    this.gate = new Gate(this.controller, this.held, this.knowledge, settings.failover)
    this.listener = openListener(this, this.#turn)
  }

  get holdWindowMs(): number {
    return rules.holdWindowMs(this.settings, this.discovery.downAfterMs)
  }

  get heartbeatDeadlineMs(): number {
    return rules.heartbeatDeadlineMs(this.settings, this.discovery.downAfterMs)
  }

  /** Takes the named settings into force; they must be ones that may change while it runs. */
  change(next: Settings, keys: readonly SettingKey[]): void {
    adopt(this.settings, next, keys)
    if (keys.includes('reads.consistency')) this.causality.markEverything()
    const master = this.controller.topology?.master
    if (master !== undefined && keys.includes('commands.allow')) this.knowledge.learn(master)
    this.#checkHold(this.discovery.downAfterMs)
  }

  /** Asks the Sentinels and listens; resolves with the port. Rejects with ProxyError LISTEN. */
  async start(): Promise<number> {
    const { host, port } = this.settings.listen
    const listening = await this.listener.listen(host, port)
    this.discovery.start()
    return listening
  }

  /** Lets the sessions finish, then closes everything. Resolves with how many of them had to be cut short. */
  async stop(drainTimeoutMs: number): Promise<number> {
    const cut = await this.listener.drain(drainTimeoutMs, () => {
      this.held.shed('shutdown')
    })
    this.controller.close()
    this.causality.close()
    this.reads.close()
    this.lanes.close()
    this.feeds.close()
    await this.discovery.sentinels.close()
    return cut
  }

  #openCausality(): CausalReads {
    return new CausalReads({
      clock,
      policy: this.settings.reads,
      askMaster: (done) => {
        this.controller.seat.ask(['INFO', 'replication'], (reply) => {
          done(parseReplication(reply))
        })
      },
      askReplicas: (history, offset) => {
        this.reads.findApplied(history, offset)
      }
    })
  }

  #openDialer(): Dialer {
    const { lane, client, redis } = this.settings
    const { username, password } = redis
    return new Dialer({
      service: password === '' ? undefined : { username: username === '' ? undefined : username, password },
      connectTimeoutMs: lane.connectTimeoutMs,
      replyBufferBytes: client.replyBufferBytes,
      turn: this.#turn,
      writes: this.causality,
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

  #openFeeds(): Feeds {
    return new Feeds({
      dial: (address, user, events) => this.dialer.dialListening(address, user, events),
      clock,
      maxFeeds: this.settings.lane.maxPerNode,
      windowMs: () => (this.controller.admission === 'refuse' ? 0 : this.holdWindowMs),
      onGap: (ms) => {
        this.counters.pubsubGap.observeMs(ms)
      },
      matches: matchesGlob
    })
  }

  #openHoldQueue(): HoldQueue {
    const limits = rules.holdLimits(this.settings, () => this.holdWindowMs)
    return new HoldQueue(clock, limits, (ms, count) => {
      this.counters.heldFor.observeMs(ms, count)
    })
  }

  #openDiscovery(): Discovery {
    const { sentinel, master, natMap, failover } = this.settings
    const log = this.#log
    const { addresses: seeds, timeoutMs, pollIntervalMs, username, password } = sentinel
    const user = { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) }
    const sentinels = { seeds, masterName: master, ...user, timeoutMs, pollIntervalMs, natMap, clock, log }
    return new Discovery(
      { sentinels, rules: failover, clock, log, adopted: () => this.controller.topology },
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
        },
        downAfter: (downAfterMs) => {
          this.#checkHold(downAfterMs)
        }
      }
    )
  }

  #openController(): FailoverController {
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
        // First who listens: what is published next must find the subscriptions there.
        bind: (address) => {
          this.feeds.follow(address)
          this.causality.markEverything()
          return this.lanes.bind(address)
        },
        withhold: (unblock) => {
          this.lanes.withhold(unblock)
        },
        release: () => {
          this.lanes.release()
        },
        inFlight: () => this.lanes.inFlight
      },
      rules: rules.controllerRules(this.settings),
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
    return new Reads({
      clock,
      dialer: this.dialer,
      lanes: this.lanes,
      sameNode: this.discovery.sameNode,
      rules: rules.readsRules(this.settings, () => this.heartbeatDeadlineMs),
      onPromoted: (address) => {
        this.controller.electionSeen('a replica says that it is master', address)
      }
    })
  }

  #checkHold(downAfterMs: number): void {
    const warning = rules.holdWarning(this.settings, downAfterMs)
    if (warning !== undefined) this.#log.warn({}, warning)
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
