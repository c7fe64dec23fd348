// The few replies meant for the proxy itself, decoded. RESP2 only: the service lanes speak nothing else.
import RedisParser from 'redis-parser'
import { ReplyFramer } from './reply-framer.ts'

/** A decoded reply; an error reply, at any depth, is an Error. Integers beyond 2^53 lose their last digits. */
export type Reply = string | number | null | Error | Reply[]

/**
 * Decodes one whole reply.
 * @throws {Error} if the bytes are not exactly one RESP2 reply
 */
export function decode(bytes: Buffer): Reply {
  const replies: Reply[] = []
  const keep = (reply: Reply): void => {
    replies.push(reply)
  }
  let fatal: Error | undefined
  const parser = new RedisParser({
    returnReply: keep,
    returnError: keep,
    returnFatalError: (error: Error) => {
      fatal = error
    }
  })
  parser.execute(bytes)
  const [reply] = replies
  if (fatal) throw fatal
  if (replies.length !== 1 || reply === undefined || !isOneReply(bytes))
    throw new Error('not exactly one reply')
  return reply
}

// The parser keeps what is behind the last whole reply for a next call, which there is not.
function isOneReply(bytes: Buffer): boolean {
  const framer = new ReplyFramer()
  framer.push(bytes)
  return framer.next() === 'reply' && framer.end === bytes.length
}

/** One request as the array of bulk strings that Redis expects. */
export function encode(...words: readonly (string | Buffer)[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${words.length}\r\n`)]
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF)
  }
  return Buffer.concat(pieces)
}

const CRLF = Buffer.from('\r\n')
