// Who is master and who may serve reads, as an immutable snapshot.

export type Address = { readonly host: string; readonly port: number }

/** What a Sentinel says of one replica; `usable` is false while any of s_down, o_down or disconnected is flagged. */
export type ReplicaReport = { readonly address: Address; readonly usable: boolean }

export type Topology = {
  readonly master: Address
  readonly replicas: readonly ReplicaReport[]
  /** Sentinel's config-epoch: orders topologies. */
  readonly epoch: number
}

/** The one spelling of an address used as a key, in logs and in metrics; IPv6 in brackets. */
export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host.toLowerCase() === b.host.toLowerCase()
}
