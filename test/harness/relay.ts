// A TCP relay in which a network fails on demand: between the sides it is told, nothing gets through, and nobody is told
// that a connection has ended. Sides are known by their source address. Knows no Redis.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export type End = { readonly host: string; readonly port: number }

type Pair = { readonly source: string; readonly near: Socket; readonly far: Socket }

export class Relay {
  readonly port: number
  readonly #server: Server
  readonly #to: End
  readonly #pairs = new Set<Pair>()
  #isCut: (source: string) => boolean = () => false
  #delayMs: (source: string) => number = () => 0

  private constructor(server: Server, to: End) {
    this.#server = server
    this.#to = to
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (near) => this.#accept(near))
  }

  /** Port 0 takes any free port. */
  static listen(at: End, to: (port: number) => End): Promise<Relay> {
    const server = createServer({ noDelay: true })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(at.port, at.host, () => {
        resolve(new Relay(server, to((server.address() as AddressInfo).port)))
      })
    })
  }

  /**
   * From now on nothing passes for those sources, in either direction: what they send waits, connects succeed, and even
   * the end of a connection is not heard. What waits goes on when another rule lets it pass, as TCP would repeat it.
   */
  cut(isCut: (source: string) => boolean): void {
    this.#isCut = isCut
    for (const pair of this.#pairs) this.#apply(pair)
  }

  heal(): void {
    this.cut(() => false)
  }

  /** Every piece to and from those sources arrives this much later; for new connections and old ones. */
  delay(ms: number, isMeant: (source: string) => boolean = () => true): void {
    this.#delayMs = (source) => (isMeant(source) ? ms : 0)
  }

  /** Ends the connections of those sources with a RST. */
  reset(isMeant: (source: string) => boolean = () => true): void {
    for (const { source, near, far } of this.#pairs) {
      if (!isMeant(source)) continue
      endWithReset(near)
      endWithReset(far)
    }
  }

  async close(): Promise<void> {
    for (const { near, far } of this.#pairs) {
      near.destroy()
      far.destroy()
    }
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(near: Socket): void {
    const far = connect({ ...this.#to, noDelay: true })
    const pair = { source: near.remoteAddress ?? '', near, far }
    this.#pairs.add(pair)
    this.#carry(pair, near, far)
    this.#carry(pair, far, near)
    this.#apply(pair)
  }

  #carry(pair: Pair, from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      const delayMs = this.#delayMs(pair.source)
      if (delayMs === 0) to.write(bytes)
      else setTimeout(() => to.write(bytes), delayMs)
    })
    from.on('end', () => {
      setTimeout(() => to.end(), this.#delayMs(pair.source))
    })
    // A reset is passed on as a reset: a connect that is refused looks like that, too.
    from.on('error', () => endWithReset(to))
    from.on('close', () => {
      if (to.destroyed) this.#pairs.delete(pair)
      else if (from.readableEnded) to.end()
      else endWithReset(to)
    })
  }

  #apply({ source, near, far }: Pair): void {
    for (const socket of [near, far]) {
      if (this.#isCut(source)) socket.pause()
      else socket.resume()
    }
  }
}

// Node 20 leaves the handle open when a socket that is being shut down is reset, and the process never ends.
function endWithReset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
