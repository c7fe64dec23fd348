// One Redis node asked for its role, over the same set-up of a connection that the proxy uses, so that a wrong password
// or a missing right shows before the proxy runs.
import type { Settings } from '../config/settings.ts'
import { decode, type Reply } from '../resp/decode.ts'
import { Turn } from '../turn.ts'
import { ask } from '../upstream/ask.ts'
import { Dialer, serviceIdentity, type NodeAddress } from '../upstream/dialer.ts'
import type { HandshakeFailure } from '../upstream/handshake.ts'
import type { Lane, LaneEnd } from '../upstream/lane.ts'
import { parseRole, type RoleReport } from '../upstream/role.ts'

export type NodeAnswer =
  | {
      readonly report: RoleReport
      /** Its min-replicas-to-write; undefined where the user may not ask for it. */
      readonly minReplicas: number | undefined
    }
  | { readonly trouble: string }

/** Never rejects, and takes no longer than twice `lane.connectTimeout`. */
export function askNode(address: NodeAddress, settings: Settings): Promise<NodeAnswer> {
  const waitMs = settings.lane.connectTimeoutMs
  return new Promise((resolve) => {
    const lane = dialerOf(settings).dial(address, undefined, serviceIdentity, {
      onOpen: (opened) => {
        void answerOf(opened).then(settle)
      },
      onRefused: () => undefined,
      onEnd: (_lane, end, failure) => {
        settle({ trouble: troubleOf(end, failure) })
      }
    })
    const timeout = setTimeout(() => {
      settle({ trouble: 'connected, but did not answer' })
    }, 2 * waitMs)
    const settle = (answer: NodeAnswer): void => {
      clearTimeout(timeout)
      resolve(answer)
      lane.cut()
    }
  })
}

function dialerOf({ redis, lane, client }: Settings): Dialer {
  const username = redis.username === '' ? undefined : redis.username
  return new Dialer({
    service: redis.password === '' ? undefined : { username, password: redis.password },
    connectTimeoutMs: lane.connectTimeoutMs,
    replyBufferBytes: client.replyBufferBytes,
    turn: new Turn()
  })
}

async function answerOf(lane: Lane): Promise<NodeAnswer> {
  const question = (...words: readonly string[]): Promise<Reply> =>
    new Promise((resolve) => {
      ask(lane, words, resolve)
    })
  const [role, minReplicas] = await Promise.all([
    question('ROLE'),
    question('CONFIG', 'GET', 'min-replicas-to-write')
  ])
  const report = parseRole(role)
  if (report === undefined)
    return { trouble: role instanceof Error ? role.message : 'does not answer as a Redis does' }
  return { report, minReplicas: Array.isArray(minReplicas) ? Number(minReplicas[1]) : undefined }
}

function troubleOf(end: LaneEnd, failure: HandshakeFailure | undefined): string {
  if (failure === undefined) return `no connection (${end})`
  const reply = decode(failure.reply)
  return reply instanceof Error ? reply.message : 'does not answer as a Redis does'
}
