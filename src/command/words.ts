// All words of a request, for the few places that need every one of them.
import type { RequestBytes } from '../exchange.ts'
import { RequestFramer } from '../resp/request-framer.ts'

const NO_BYTES = Buffer.alloc(0)

export function wordsOf({ parts, bytes, start, end }: RequestBytes): Buffer[] {
  const framer = new RequestFramer({ maxBulkBytes: Number.MAX_SAFE_INTEGER, restricted: () => false })
  framer.push(parts ? Buffer.concat(parts) : bytes.subarray(start, end))
  framer.next()
  return Array.from({ length: framer.argumentCount }, (_, index) => framer.argument(index) ?? NO_BYTES)
}
