// A question of the proxy itself on a lane: one request, its reply decoded.
import { Exchange, type LeftOver, type ReplyReceiver } from '../exchange.ts'
import { decode, encode, type Reply } from '../resp/decode.ts'

/** What a question ends with when its lane ended first. */
export class LaneGone extends Error {}

type Answer = (reply: Reply) => void

class Question implements ReplyReceiver {
  readonly #answer: Answer
  #bytes: Buffer[] = []

  constructor(answer: Answer) {
    this.#answer = answer
  }

  relay(_exchange: Exchange, bytes: Buffer, ended: number): void {
    this.#bytes.push(bytes)
    if (ended > 0) this.#answer(decoded(Buffer.concat(this.#bytes)))
  }

  leftOver(_exchanges: readonly Exchange[], _why: LeftOver): void {
    this.#answer(new LaneGone('the connection was lost'))
  }
}

// Something else than RESP2 is an answer too: that of a node which is not what it should be.
export function decoded(bytes: Buffer): Reply {
  try {
    return decode(bytes)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/**
 * Asks Redis on a RESP2 lane. `answer` runs once: with the decoded reply, an error reply being an Error, or with
 * LaneGone.
 */
export function ask(
  lane: { send: (exchange: Exchange) => void },
  words: readonly (string | Buffer)[],
  answer: Answer
): void {
  const bytes = encode(...words)
  const request = { bytes, start: 0, end: bytes.length, parts: undefined, size: bytes.length }
  lane.send(new Exchange(new Question(answer), request, 'again', 0))
}
