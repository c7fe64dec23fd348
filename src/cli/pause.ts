// POST /pause and /resume, as operators know them from other proxies: requests for the master wait, none is refused at
// once, and the answer says whether the master has nothing of ours any more. Reads that may go to replicas go on. A
// request waits for its hold window at most; then it gets the error that it can be retried. While paused /readyz says
// 503, so that whoever balances load sends new clients elsewhere; connected ones stay.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ActionResult } from '../admin/source.ts'
import { formatDuration } from '../config/kinds.ts'
import type { Proxy } from '../proxy.ts'

export type Pausable = {
  readonly controller: Pick<Proxy['controller'], 'setPaused'>
  readonly lanes: {
    readonly master: { readonly load: number } | undefined
    readonly pinned: { readonly inFlight: number }
  }
  readonly held: { readonly requests: number }
  readonly holdWindowMs: number
}

const POLL_MS = 5
/** A call that blocks in Redis stays in flight for as long as it blocks. */
const DRAIN_MS = 1000

/** Resolves when the master has answered all that it was sent, or after one second. */
export async function pause({ controller, lanes, holdWindowMs }: Pausable): Promise<ActionResult> {
  controller.setPaused(true)
  const deadlineMs = performance.now() + DRAIN_MS
  const inFlight = (): number => (lanes.master?.load ?? 0) + lanes.pinned.inFlight
  while (inFlight() > 0 && performance.now() < deadlineMs) await sleep(POLL_MS)
  const rest = inFlight() === 0 ? 'nothing is in flight' : `${inFlight()} still in flight`
  return {
    done: true,
    message: `paused: requests wait, each for ${formatDuration(holdWindowMs)} at most; ${rest}`
  }
}

export function resume({ controller, held }: Pausable): Promise<ActionResult> {
  const { requests } = held
  controller.setPaused(false)
  const rest = held.requests === 0 ? '' : `, and ${held.requests} still wait for a master`
  return Promise.resolve({ done: true, message: `resumed: ${requests} requests had waited${rest}` })
}
