// What Redis says on a connection that subscribes, in RESP2: messages, confirmations, PONG and errors. Only the kind
// and the name are read; the rest stays bytes. Pure.

export type PubsubKind = 'channel' | 'pattern' | 'shard'

export const pubsubKinds: readonly PubsubKind[] = ['channel', 'pattern', 'shard']

/** message: somebody published. confirmation: of (un)subscribing to one name. pong: of PING, in either form. */
export type PubsubFrame =
  | { readonly is: 'message'; readonly kind: PubsubKind; readonly name: Buffer }
  | { readonly is: 'confirmation'; readonly verb: string }
  | { readonly is: 'pong' }
  | { readonly is: 'error' }

const STAR = 42
const PLUS = 43
const MINUS = 45
const DOLLAR = 36
const LF = 10
const ZERO = 48

const messageKinds: Readonly<Record<string, PubsubKind>> = {
  message: 'channel',
  pmessage: 'pattern',
  smessage: 'shard'
}

const prefixes: Readonly<Record<PubsubKind, string>> = { channel: '', pattern: 'p', shard: 's' }

export function subscribeVerb(kind: PubsubKind): string {
  return `${prefixes[kind]}subscribe`
}

export function unsubscribeVerb(kind: PubsubKind): string {
  return `${prefixes[kind]}unsubscribe`
}

/** Reads one whole frame; undefined if it is none that such a connection may carry. */
export function readPubsubFrame(frame: Buffer): PubsubFrame | undefined {
  const mark = frame[0]
  if (mark === MINUS) return { is: 'error' }
  if (mark === PLUS) return { is: 'pong' }
  if (mark !== STAR) return undefined
  const first = bulkAt(frame, frame.indexOf(LF) + 1)
  if (first === undefined) return undefined
  const verb = first.toString('latin1')
  if (verb === 'pong') return { is: 'pong' }
  const kind = messageKinds[verb]
  if (kind === undefined) return { is: 'confirmation', verb }
  const name = bulkAt(frame, first.byteOffset - frame.byteOffset + first.length + 2)
  return name === undefined ? undefined : { is: 'message', kind, name }
}

/** The bulk string whose header starts at `at`. */
function bulkAt(frame: Buffer, at: number): Buffer | undefined {
  if (frame[at] !== DOLLAR) return undefined
  let length = 0
  let digitAt = at + 1
  for (; (frame[digitAt] as number) >= ZERO && digitAt < frame.length; digitAt++)
    length = length * 10 + (frame[digitAt] as number) - ZERO
  return frame.subarray(digitAt + 2, digitAt + 2 + length)
}
