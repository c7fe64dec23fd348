// Requests that the proxy sends on a session's own lane and of which nobody hears the replies.
import { Exchange, type ReplyReceiver } from '../exchange.ts'
import { encode } from '../resp/decode.ts'

const NOBODY: ReplyReceiver = { relay: () => undefined, leftOver: () => undefined }

export function silently(requests: readonly Buffer[]): Exchange {
  const bytes = Buffer.concat(requests)
  const request = { bytes, start: 0, end: bytes.length, parts: undefined, size: bytes.length }
  const exchange = new Exchange(NOBODY, request, 'again', 0)
  exchange.count = requests.length
  return exchange
}

export const discard = (): Exchange => silently([encode('DISCARD')])

/** WAIT speaks of the writes of its own connection; on a fresh one it would wait for nothing. */
export const markOffset = (): Exchange => silently([encode('PUBLISH', 'holdfast:wait', '')])
