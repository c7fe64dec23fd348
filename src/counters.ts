// What the data path counts: plain numbers that are added to, and read when somebody scrapes.
import { FAILOVER_SECONDS, LatencyHistogram } from './histogram.ts'
import { ERROR_WORDS, FALLBACK_REASONS, zeroes } from './metrics-source.ts'

export class Counters {
  master = 0
  replica = 0
  pinned = 0
  here = 0
  refused = 0
  receivedBytes = 0
  sentBytes = 0
  readonly errors = zeroes(ERROR_WORDS)
  /** Reads that a replica might have answered, by why the master did. */
  readonly fallbacks = zeroes(FALLBACK_REASONS)
  readonly latency = {
    master: new LatencyHistogram(),
    replica: new LatencyHistogram(),
    pinned: new LatencyHistogram()
  }
  readonly heldFor = new LatencyHistogram()
  readonly failoverDuration = new LatencyHistogram()
  readonly pubsubGap = new LatencyHistogram(FAILOVER_SECONDS)
}
