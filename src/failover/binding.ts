// Proves a named master on a fresh connection before anything is sent to it [C1, F6]. Reports; the controller decides.
import type { Clock, Timer } from '../clock.ts'
import { formatAddress, type Topology } from '../topology/topology.ts'
import type { NodeProof, RedisSide, WatchedNode } from './redis-side.ts'

export type BindingEvents = {
  readonly onProved: (topology: Topology, proof: NodeProof) => void
  readonly onFailed: (why: string) => void
  readonly mark: (what: string) => void
}

const BEAT_MS = 20
const ATTEMPT_MS = 1000

export class Binding {
  readonly topology: Topology
  readonly #watch: WatchedNode
  readonly #expiry: Timer
  readonly #events: BindingEvents
  #isOver = false

  constructor(clock: Clock, redis: RedisSide, topology: Topology, events: BindingEvents) {
    this.topology = topology
    this.#events = events
    const name = formatAddress(topology.master)
    this.#watch = redis.watch(topology.master, BEAT_MS, {
      onAlive: (role) => {
        if (role === 'master') this.#prove()
      },
      onSilent: () => undefined,
      onLost: (why) => {
        events.mark(`${name}: ${why}`)
      }
    })
    this.#expiry = clock.after(ATTEMPT_MS, () => {
      events.onFailed(`${name} did not prove that it is master`)
    })
  }

  end(): void {
    this.#isOver = true
    this.#expiry.cancel()
    this.#watch.close()
  }

  #prove(): void {
    this.#watch.prepare()
    this.#watch.prove((proof) => {
      if (this.#isOver || !proof?.isMaster || proof.isRefusing) return
      this.end()
      this.#events.onProved(this.topology, proof)
    })
  }
}
