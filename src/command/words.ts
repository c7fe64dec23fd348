// All words of a request, however many: the framer has only the first few thousand at hand.
import type { RequestBytes } from '../exchange.ts'

const LF = 10
const ZERO = 48

/** The words of a framed request, as slices of it. */
export function wordsOf({ parts, bytes, start, end }: RequestBytes): Buffer[] {
  const request = parts === undefined ? bytes.subarray(start, end) : Buffer.concat(parts)
  const words: Buffer[] = []
  let at = request.indexOf(LF) + 1
  while (at < request.length) {
    // A dollar sign and a length; the two bytes behind a word are skipped unseen, as Redis does.
    const lineEnd = request.indexOf(LF, at)
    let length = 0
    for (let digitAt = at + 1; digitAt < lineEnd - 1; digitAt++)
      length = length * 10 + (request[digitAt] as number) - ZERO
    words.push(request.subarray(lineEnd + 1, lineEnd + 1 + length))
    at = lineEnd + length + 3
  }
  return words
}
