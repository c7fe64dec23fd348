// One question to one Redis or Sentinel on a connection of its own: Sentinel cuts every other connection of a node it
// reconfigures, so a kept one would fail at the wrong moment. Not for the data path.
import { connect } from 'node:net'
import RedisParser from 'redis-parser'

/** An empty password means none. */
export type Endpoint = { readonly host: string; readonly port: number; readonly password: string }

/** The decoded reply. Rejects with Redis' own error text, on a lost connection and after `timeoutMs` of silence. */
export function ask(endpoint: Endpoint, args: readonly string[], timeoutMs = 5000): Promise<unknown> {
  const { host, port, password } = endpoint
  const requests = password === '' ? [args] : [['AUTH', password], args]
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    let unanswered = requests.length
    const settle = (run: () => void): void => {
      socket.destroy()
      run()
    }
    const fail = (error: Error): void => {
      settle(() => {
        reject(error)
      })
    }
    const parser = new RedisParser({
      returnReply(reply: unknown) {
        unanswered -= 1
        if (unanswered === 0)
          settle(() => {
            resolve(reply)
          })
      },
      returnError: fail,
      returnFatalError: fail
    })
    socket.setTimeout(timeoutMs, () => {
      fail(
        new Error(`${host}:${String(port)} did not answer ${args.join(' ')} within ${String(timeoutMs)} ms`)
      )
    })
    socket.on('data', (bytes) => {
      parser.execute(bytes)
    })
    socket.on('error', fail)
    socket.on('close', () => {
      reject(new Error(`${host}:${String(port)} closed the connection before it answered ${args.join(' ')}`))
    })
    socket.write(requests.map(encode).join(''))
  })
}

function encode(args: readonly string[]): string {
  const parts = args.map((arg) => `$${String(Buffer.byteLength(arg))}\r\n${arg}\r\n`)
  return `*${String(args.length)}\r\n${parts.join('')}`
}
