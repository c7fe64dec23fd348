// Bytes that leave in pieces, replies that may not come, and both as text.
import { createHash } from 'node:crypto'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { RawClient } from './raw-client.ts'

/** Writes the bytes in pieces that end at the cuts. */
export async function sendCut(client: RawClient, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    if (to <= from || to > bytes.length) continue
    client.send(bytes.subarray(from, to))
    from = to
    // Without a turn in between the pieces would leave in one segment.
    if (from < bytes.length) await turn()
  }
}

/** What comes of the promise, or the text when it takes longer. */
export async function within<T>(ms: number, promise: Promise<T>, otherwise: string): Promise<T | string> {
  const given = new AbortController()
  const late = sleep(ms, otherwise, { signal: given.signal }).catch(() => otherwise)
  try {
    return await Promise.race([promise, late])
  } finally {
    given.abort()
  }
}

/** Of a bulk string, verbatim string or simple line; an array as it is. */
export function bodyOf(reply: Buffer): Buffer {
  const lineEnd = reply.indexOf('\r\n')
  if (reply[0] === 0x24 || reply[0] === 0x3d) return reply.subarray(lineEnd + 2, reply.length - 2)
  return reply.subarray(1, lineEnd)
}

const shownBytes = 1500

/** Every byte tells, in what can be printed. */
export function shown(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1', 0, shownBytes))
  if (bytes.length <= shownBytes) return text
  return `${text}... ${bytes.length} bytes, ${createHash('sha1').update(bytes).digest('hex')}`
}
