// What each part is told of the settings. Everything is read at the moment it is used, so that a reload takes effect
// in parts that know nothing of settings.
import type { Settings } from './config/settings.ts'
import type { SessionLimits } from './downstream/session-parts.ts'
import type { ControllerRules } from './failover/controller-options.ts'
import type { HoldLimits } from './failover/hold-queue.ts'
import type { ReadsRules } from './reads.ts'

const MAX_BULK_BYTES = 512 * 1024 * 1024

export function holdLimits({ hold }: Settings, windowMs: () => number): HoldLimits {
  return {
    windowMs,
    get maxRequests() {
      return hold.maxRequests
    },
    get maxBytes() {
      return hold.maxBytes
    }
  }
}

export function controllerRules({ hold, failover, heartbeat }: Settings): ControllerRules {
  return {
    heartbeatIntervalMs: heartbeat.intervalMs,
    get budgetMs() {
      return hold.budgetMs
    },
    get confirmTimeoutMs() {
      return failover.confirmTimeoutMs
    },
    get refuseEmptyMaster() {
      return failover.refuseEmptyMaster
    }
  }
}

export function readsRules({ reads, heartbeat }: Settings, deadlineMs: () => number): ReadsRules {
  return {
    heartbeatIntervalMs: heartbeat.intervalMs,
    deadlineMs,
    get maxLagMs() {
      return reads.maxLagMs
    },
    get staleWindowMs() {
      return reads.staleWindowMs
    },
    get prefer() {
      return reads.prefer
    }
  }
}

export function sessionLimits({ client }: Settings): SessionLimits {
  return {
    maxBulkBytes: MAX_BULK_BYTES,
    get queryBufferBytes() {
      return client.queryBufferLimitBytes
    },
    get outputSoftBytes() {
      return client.outputSoftLimitBytes
    },
    get outputHardBytes() {
      return client.outputHardLimitBytes
    }
  }
}

/** Longest wait of one request: follows the Sentinels' own down-after unless it is set. */
export function holdWindowMs({ hold }: Settings, downAfterMs: number): number {
  return hold.windowMs === 'auto' ? Math.min(downAfterMs + ELECTION_MS, hold.budgetMs) : hold.windowMs
}

/** Why requests will be answered with errors in every failover; undefined if they need not. */
export function holdWarning(settings: Settings, downAfterMs: number): string | undefined {
  const windowMs = holdWindowMs(settings, downAfterMs)
  if (windowMs > downAfterMs) return undefined
  const { hold } = settings
  const name = hold.windowMs === 'auto' ? 'hold.budget' : 'hold.window'
  const why = `the Sentinels wait that long before they replace a master (down-after is ${downAfterMs} ms)`
  return `${name} (${windowMs} ms) is too short for a failover: ${why}`
}

export function heartbeatDeadlineMs({ heartbeat }: Settings, downAfterMs: number): number {
  const { deadlineMs, intervalMs } = heartbeat
  if (deadlineMs !== 'auto') return deadlineMs
  return Math.max(intervalMs + 50, Math.min(1000, downAfterMs / 2))
}

/** What an election and the proof of its winner may take on top of down-after. */
const ELECTION_MS = 10_000
