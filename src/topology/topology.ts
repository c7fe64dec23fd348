// Who is master and who may serve reads, as an immutable snapshot.

export type Address = { readonly host: string; readonly port: number }

/** What a Sentinel says of one replica. Only its own ROLE proves any of it. */
export type ReplicaReport = {
  readonly address: Address
  /** False while any of s_down, o_down or disconnected is flagged. */
  readonly usable: boolean
  /** Sentinel's flags as they came: slave, s_down, promoted, reconf_sent... */
  readonly flags: readonly string[]
  /** `master-link-status` is ok. Sentinel keeps the last one it heard, also of a replica that is down since. */
  readonly linkUp: boolean
  /** The master it said it follows, or null while Sentinel has not heard of any. */
  readonly follows: Address | null
  /** replica-priority; a replica with 0 is never promoted. */
  readonly priority: number
  readonly replOffset: number
}

export type Topology = {
  readonly master: Address
  readonly replicas: readonly ReplicaReport[]
  /** Sentinel's config-epoch: orders topologies. */
  readonly epoch: number
}

/** Announced address, as `formatAddress` writes it in lower case, to the address that is reachable from here. */
export type NatMap = Readonly<Record<string, Address>>

/** Whether two spellings mean one node: names are resolved, IPv6 in any form. */
export type SameNode = (a: Address, b: Address) => boolean

/** The one spelling of an address used as a key, in logs and in metrics; IPv6 in brackets. */
export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host.toLowerCase() === b.host.toLowerCase()
}

/** The address to dial for an announced one; one that is not in the map is its own. */
export function reachable(natMap: NatMap, announced: Address): Address {
  const key = formatAddress(announced).toLowerCase()
  return (Object.hasOwn(natMap, key) ? natMap[key] : undefined) ?? announced
}

/** An address as Sentinel prints it, in two words; nothing for a host it has not heard yet (?) or a port that is none. */
export function readAddress(host: string | undefined, portText: string | undefined): Address | undefined {
  const port = Number(portText)
  if (host === undefined || host === '' || host === '?') return undefined
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? { host, port } : undefined
}
