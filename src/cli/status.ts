// The state of a running proxy, as its admin server tells it.
import { renderText } from '../admin/text.ts'
import type { Settings } from '../config/settings.ts'
import { ProxyError } from '../errors.ts'
import type { Status } from '../status.ts'
import { askAdmin } from './ask-admin.ts'

const answerWithinMs = 3000

export type StatusOptions = { readonly json: boolean; readonly print: (line: string) => void }

/** Prints one screen, or the JSON as it came. Throws ADMIN. */
export async function status(settings: Settings, { json, print }: StatusOptions): Promise<number> {
  const body = await askAdmin(settings, { method: 'GET', path: '/status', timeoutMs: answerWithinMs })
  print(json ? body.trim() : renderText(parse(body)).trimEnd())
  return 0
}

/** Whether the process is alive; says nothing of Redis, since restarting the proxy would not help that. */
export async function isAlive(settings: Settings): Promise<boolean> {
  try {
    await askAdmin(settings, { method: 'GET', path: '/livez', timeoutMs: answerWithinMs })
    return true
  } catch (thrown) {
    if (thrown instanceof ProxyError) return false
    throw thrown
  }
}

/** Checks no more than that a Holdfast answers: what it says of itself is its own affair. */
function parse(body: string): Status {
  try {
    const answer: unknown = JSON.parse(body)
    if (typeof answer === 'object' && answer !== null && 'proxy' in answer) return answer as Status
  } catch {
    // Not JSON: told below with everything else that is no status.
  }
  throw new ProxyError('ADMIN', 'what answers at the admin address is no Holdfast')
}
