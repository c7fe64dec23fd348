// Whether two spellings mean one node. Sentinels mix addresses and names, and a name may move to another address.
// Lookups run beside everything else: nothing here makes a caller wait longer than it says, and a comparison never waits.
import { lookup as systemLookup } from 'node:dns/promises'
import { isIP, SocketAddress } from 'node:net'
import type { Clock } from '../clock.ts'
import { reachable, sameAddress, type Address, type NatMap } from './topology.ts'

/** All addresses of a name; rejects where there is none. */
export type Lookup = (host: string) => Promise<readonly string[]>

export type NamesOptions = {
  readonly clock: Clock
  readonly natMap: NatMap
  readonly lookup?: Lookup
}

const freshMs = 5000
const retryMs = 1000
const maxNames = 256

type Entry = {
  /** The last answer; a failed lookup leaves it, because a broken resolver moves no node. */
  addresses: readonly string[]
  /** The lookup under way, if any. */
  running: Promise<void> | undefined
  /** Whether any lookup has ended yet, well or not. */
  tried: boolean
  nextAtMs: number
}

export class Names {
  readonly #clock: Clock
  readonly #natMap: NatMap
  readonly #lookup: Lookup
  readonly #entries = new Map<string, Entry>()

  constructor({ clock, natMap, lookup = lookupAll }: NamesOptions) {
    this.#clock = clock
    this.#natMap = natMap
    this.#lookup = lookup
  }

  /** Looks up what is not fresh. Resolves when each name was tried once, or after `withinMs`; never rejects. */
  async settle(hosts: Iterable<string>, withinMs: number): Promise<void> {
    const firsts: Promise<void>[] = []
    for (const host of hosts) {
      const entry = this.#refreshed(host)
      if (entry?.running !== undefined && !entry.tried) firsts.push(entry.running)
    }
    if (firsts.length === 0) return
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(withinMs, resolve)
      void Promise.all(firsts).then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  /** By the last answers; two names of which one is not resolved yet are the same only if they are spelled the same. */
  readonly sameNode = (announcedA: Address, announcedB: Address): boolean => {
    const a = reachable(this.#natMap, announcedA)
    const b = reachable(this.#natMap, announcedB)
    if (a.port !== b.port) return false
    if (sameAddress(a, b)) return true
    const known = this.#addressesOf(a.host)
    return this.#addressesOf(b.host).some((address) => known.includes(address))
  }

  #addressesOf(host: string): readonly string[] {
    return isIP(host) === 0 ? (this.#refreshed(host)?.addresses ?? []) : [canonical(host)]
  }

  #refreshed(host: string): Entry | undefined {
    if (isIP(host) !== 0) return undefined
    const name = host.toLowerCase()
    const entry = this.#entries.get(name) ?? this.#added(name)
    if (entry.running === undefined && this.#clock.now() >= entry.nextAtMs) {
      entry.running = this.#resolve(name, entry).finally(() => {
        entry.running = undefined
      })
    }
    return entry
  }

  #added(name: string): Entry {
    const [oldest] = this.#entries.keys()
    if (this.#entries.size >= maxNames && oldest !== undefined) this.#entries.delete(oldest)
    const entry: Entry = { addresses: [], running: undefined, tried: false, nextAtMs: this.#clock.now() }
    this.#entries.set(name, entry)
    return entry
  }

  async #resolve(name: string, entry: Entry): Promise<void> {
    let waitMs = freshMs
    try {
      entry.addresses = (await this.#lookup(name)).map(canonical)
    } catch {
      // No such name now, or no answer from the resolver: the next comparison is made by what was known.
      waitMs = retryMs
    }
    entry.tried = true
    entry.nextAtMs = this.#clock.now() + waitMs
  }
}

async function lookupAll(host: string): Promise<readonly string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address)
}

// One spelling for each IPv6 address, and IPv4 in IPv6 clothes as IPv4.
function canonical(ip: string): string {
  if (isIP(ip) !== 6) return ip
  const { address } = new SocketAddress({ address: ip, family: 'ipv6' })
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
}
