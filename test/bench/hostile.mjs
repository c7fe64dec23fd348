// Clients that a proxy has to survive: they read nothing, or send half of what they announced. Each attack gives
// { said, stop }: said() is what is worth telling of it until now; stop() ends it and gives the rest. Knows no proxy.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const readDeadlineMs = 10_000
const chunk = Buffer.alloc(1 << 20, 'x')

/** Asks twice a second for one value of `size` bytes, and reads it as fast as it comes. */
export function repeatedGet(port, key, size) {
  const expected = replyLength(size)
  let got = 0
  let whole = 0
  const request = getOf(key)
  const onread = {
    buffer: Buffer.allocUnsafe(1 << 18),
    callback: (length) => {
      got += length
      if (got < expected) return true
      got = 0
      whole += 1
      return true
    }
  }
  const socket = silent(connect({ port, host: '127.0.0.1', noDelay: true, onread }))
  const ask = () => got === 0 && socket.write(request)
  ask()
  const timer = setInterval(ask, 500)
  const stop = async () => {
    clearInterval(timer)
    socket.destroy()
  }
  return { stop, said: () => `${whole} such GETs answered` }
}

/** Asks `times` for a value of `size` bytes and reads nothing of it until stop(), which then wants it all. */
export function unreadGets(port, { key, size, times }) {
  const socket = unreading(port)
  const many = Buffer.concat(Array(1000).fill(getOf(key)))
  let asked = 0
  const ask = () => {
    while (asked < times) {
      const now = Math.min(1000, times - asked)
      asked += now
      if (!socket.write(now === 1000 ? many : many.subarray(0, getOf(key).length * now))) {
        socket.once('drain', ask)
        return
      }
    }
  }
  ask()
  const said = () => {
    const waiting = socket.writableLength > 0 ? `, ${megabytes(socket.writableLength)} not taken` : ''
    return `${asked.toLocaleString('en')} asked for${waiting}${socket.destroyed ? ', closed' : ''}`
  }
  const stop = async () => {
    const expected = times * replyLength(size)
    const got = await readUpTo(socket, expected)
    socket.destroy()
    return got === expected ? ', then read to the end' : `, then ${got} of ${expected} bytes read`
  }
  return { said, stop }
}

/** Resolves with the bytes read once they are as many as expected, the socket is closed or 10 s are over. */
async function readUpTo(socket, expected) {
  let got = 0
  await new Promise((resolve) => {
    setTimeout(resolve, readDeadlineMs).unref()
    if (socket.destroyed) resolve()
    socket.on('close', resolve)
    socket.on('data', (bytes) => {
      got += bytes.length
      if (got >= expected) resolve()
    })
    socket.resume()
  })
  return got
}

/** `count` clients that announce a SET of `size` bytes and stop in its middle. */
export function halfUploads(port, count, size) {
  const sockets = Array.from({ length: count }, (_, index) => halfUpload(port, `upload:${index}`, size))
  const said = () => {
    const taken = sockets.reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0)
    const closed = sockets.filter((socket) => socket.destroyed).length
    return `${megabytes(taken)} taken${closed === 0 ? '' : `, ${closed} closed`}`
  }
  const stop = async () => {
    sockets.forEach((socket) => socket.destroy())
    return ''
  }
  return { said, stop }
}

/** `count` connections without a request; { ask, stop, said }, where ask() has each send one GET and read its reply. */
export async function idleClients(port, count) {
  const sockets = []
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(500, count - sockets.length) }, () =>
      silent(connect({ port, host: '127.0.0.1' }))
    )
    await Promise.all(some.map((socket) => once(socket, 'connect')))
    sockets.push(...some)
  }
  const ask = async (key) => {
    for (let from = 0; from < count; from += 500) {
      const some = sockets.slice(from, from + 500).filter((socket) => !socket.destroyed)
      some.forEach((socket) => socket.write(getOf(key)))
      await Promise.all(some.map((socket) => Promise.race([once(socket, 'data'), sleep(5000)])))
    }
  }
  const living = () => sockets.filter((socket) => !socket.destroyed).length
  const stop = async () => sockets.forEach((socket) => socket.destroy())
  return { ask, stop, said: () => `${living()} of ${count} connected` }
}

function halfUpload(port, key, size) {
  const socket = unreading(port)
  socket.write(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${size}\r\n`)
  let left = size / 2
  const send = () => {
    while (left > 0) {
      left -= chunk.length
      if (!socket.write(chunk)) {
        socket.once('drain', send)
        return
      }
    }
  }
  send()
  return socket
}

function unreading(port) {
  const socket = silent(connect({ port, host: '127.0.0.1' }))
  socket.pause()
  return socket
}

// The proxy may close them: that is one of the ways to survive them.
function silent(socket) {
  return socket.on('error', () => {})
}

function replyLength(size) {
  return `$${size}\r\n`.length + size + 2
}

function getOf(key) {
  return Buffer.from(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`)
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
