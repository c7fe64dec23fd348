// Asks a running proxy to move its master. The proxy does it; this only waits and prints.
import type { Settings } from '../config/settings.ts'
import { askAdmin, messageIn } from './ask-admin.ts'
import { printable } from './printable.ts'

/** The proxy first waits for its replicas, then for Sentinel, and each has a bound of its own. */
const answerWithinMs = 60_000

/** Throws ADMIN with the proxy's reason when the master was not moved. */
export async function switchover(settings: Settings, print: (line: string) => void): Promise<number> {
  const body = await askAdmin(settings, { method: 'POST', path: '/switchover', timeoutMs: answerWithinMs })
  print(printable(messageIn(body)))
  return 0
}
