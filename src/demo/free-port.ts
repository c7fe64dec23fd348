// Ports for servers that are started at run time. Knows no Redis.
import { createServer } from 'node:net'

// Below Linux' range for outgoing connections (32768 and up). A port of that range could be taken by any outgoing
// connection while its server is down, and a connect to it on loopback can even be answered by itself.
const lowest = 10_000
const highest = 32_000
const given = new Set<number>()

/** A port of this host on which nothing listens and which this process has not given out before. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (!given.has(port) && (await isFree(host, port))) {
      given.add(port)
      return port
    }
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => {
      server.close(() => resolve(true))
    })
  })
}
