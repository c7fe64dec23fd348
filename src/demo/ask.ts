// One question to one Redis or Sentinel on a connection of its own: Sentinel cuts every other connection of a node it
// reconfigures, so a kept one would fail at the wrong moment. Not for the data path.
import { connect } from 'node:net'
import { decode, encode, type Reply } from '../resp/decode.ts'
import { ReplyFramer } from '../resp/reply-framer.ts'

/** An empty password means none. */
export type Endpoint = { readonly host: string; readonly port: number; readonly password: string }

/** The decoded reply. Rejects with Redis' own error text, on a lost connection and after `timeoutMs` of silence. */
export async function ask(endpoint: Endpoint, args: readonly string[], timeoutMs = 5000): Promise<Reply> {
  const requests = [encode(...args)]
  if (endpoint.password !== '') requests.unshift(encode('AUTH', endpoint.password))
  const replies = await exchange(endpoint, requests, timeoutMs)
  const refusal = replies.find((reply) => reply instanceof Error)
  if (refusal !== undefined) throw refusal
  return replies.at(-1) ?? null
}

function exchange(endpoint: Endpoint, requests: readonly Buffer[], timeoutMs: number): Promise<Reply[]> {
  const name = `${endpoint.host}:${endpoint.port}`
  return new Promise((resolve, reject) => {
    const replies: Reply[] = []
    const take = replyReader((reply) => replies.push(reply))
    const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true })
    socket.setTimeout(timeoutMs, () => {
      socket.destroy(new Error(`${name} did not answer within ${timeoutMs} ms`))
    })
    socket.on('data', (bytes) => {
      take(bytes)
      if (replies.length < requests.length) return
      resolve(replies)
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      reject(new Error(`${name} closed the connection before it answered`))
    })
    socket.write(Buffer.concat(requests))
  })
}

/** Takes bytes as they come and hands on each reply once it is whole. */
function replyReader(onReply: (reply: Reply) => void): (bytes: Buffer) => void {
  const framer = new ReplyFramer()
  let begun: Buffer = Buffer.alloc(0)
  return (bytes) => {
    framer.push(bytes)
    let from = 0
    while (framer.next() === 'reply') {
      onReply(decode(Buffer.concat([begun, bytes.subarray(from, framer.end)])))
      begun = Buffer.alloc(0)
      from = framer.end
    }
    begun = Buffer.concat([begun, bytes.subarray(from)])
  }
}
