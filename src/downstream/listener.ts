// Accepts clients, holds them to the limits that need a clock, and lets them go at shutdown.
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock, Timer } from '../clock.ts'
import { ProxyError } from '../errors.ts'
import * as replies from '../resp/replies.ts'
import type { Access } from './access.ts'
import type { CloseReason, SessionParts } from './session-parts.ts'
import { SessionState } from './session-state.ts'
import { Session } from './session.ts'

export type ListenerLimits = {
  readonly maxClients: number
  /** A client without a request for so long is closed; 0: never. */
  readonly idleTimeoutMs: number
  /** A client that takes none of its replies, or sends nothing of a large request that others wait for. */
  readonly stallTimeoutMs: number
}

export type ListenerOptions = {
  readonly clock: Clock
  readonly access: Access
  readonly limits: ListenerLimits
  readonly parts: Omit<SessionParts, 'onClosed'>
  readonly onClosed: (session: Session) => void
}

const SWEEP_MS = 1000
const DRAIN_POLL_MS = 10

export class Listener {
  readonly sessions = new Map<number, Session>()
  readonly counters = { opened: 0, rejected: 0, closed: new Map<CloseReason, number>() }
  readonly #options: ListenerOptions
  readonly #parts: SessionParts
  readonly #server: Server
  #lastId = 0
  #sweep: Timer | undefined
  #taken = new Map<Session, { takenBytes: number; sinceMs: number }>()

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#parts = {
      ...options.parts,
      onClosed: (session, reason) => {
        this.#forget(session, reason)
      }
    }
    // Half-open, so that what a client sent before it shut its side down is still answered.
    this.#server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000
    })
    this.#server.on('connection', (socket) => {
      this.#accept(socket)
    })
  }

  /** Listens; resolves with the port. Rejects with ProxyError LISTEN. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(listenError(error, host, port))
      })
      this.#server.listen({ host, port, backlog: 1024 }, () => {
        const address = this.#server.address()
        this.#sweepLater()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  isOpenTo(session: Session): boolean {
    return this.#options.access.isOpenTo(isLocal(session.socket))
  }

  /**
   * Stops accepting, and lets every session finish what has come. Halfway no more requests are taken, so that a client
   * which never pauses ends between two of them, and `onLastCall` is called. What is left after `timeoutMs` is closed;
   * resolves with how many sessions that were.
   */
  async drain(timeoutMs: number, onLastCall: () => void): Promise<number> {
    const { clock } = this.#options
    this.#server.close()
    this.#sweep?.cancel()
    const startedAtMs = clock.now()
    let isLastCall = false
    while (this.sessions.size > 0 && clock.now() - startedAtMs < timeoutMs) {
      const wasLastCall = isLastCall
      isLastCall = clock.now() - startedAtMs >= timeoutMs / 2
      for (const session of [...this.sessions.values()])
        if (isLastCall || session.isIdle) session.end('shutdown')
      if (isLastCall && !wasLastCall) onLastCall()
      await new Promise<void>((resolve) => {
        clock.after(DRAIN_POLL_MS, resolve)
      })
    }
    const left = [...this.sessions.values()]
    for (const session of left) session.close('shutdown')
    return left.length
  }

  #accept(socket: Socket): void {
    if (this.sessions.size >= this.#options.limits.maxClients) {
      this.counters.rejected++
      socket.on('error', () => socket.destroy())
      socket.end(replies.maxClients, () => socket.destroy())
      return
    }
    this.counters.opened++
    const isOpen = this.#options.access.isOpenTo(isLocal(socket))
    const state = new SessionState(++this.#lastId, isOpen, this.#options.clock.now())
    this.sessions.set(state.id, new Session(socket, state, this.#parts))
  }

  #forget(session: Session, reason: CloseReason): void {
    this.sessions.delete(session.state.id)
    this.#taken.delete(session)
    this.counters.closed.set(reason, (this.counters.closed.get(reason) ?? 0) + 1)
    this.#options.onClosed(session)
  }

  #sweepLater(): void {
    this.#sweep = this.#options.clock.after(SWEEP_MS, () => {
      const nowMs = this.#options.clock.now()
      for (const session of [...this.sessions.values()]) this.#check(session, nowMs)
      this.#sweepLater()
    })
  }

  #check(session: Session, nowMs: number): void {
    const { idleTimeoutMs, stallTimeoutMs } = this.#options.limits
    const quietMs = nowMs - session.state.lastSeenAtMs
    if (session.backlogBytes > 0) {
      const before = this.#taken.get(session)
      if (before?.takenBytes !== session.takenBytes)
        this.#taken.set(session, { takenBytes: session.takenBytes, sinceMs: nowMs })
      else if (nowMs - before.sinceMs >= stallTimeoutMs) session.close('stalled')
      return
    }
    this.#taken.delete(session)
    if (session.isUploading && this.#parts.budget.hasWaiting && quietMs >= stallTimeoutMs)
      session.close('stalled')
    else if (idleTimeoutMs > 0 && session.isIdle && !session.state.isSubscriber && quietMs >= idleTimeoutMs)
      session.end('idle_timeout')
  }
}

function isLocal(socket: Socket): boolean {
  const address = socket.remoteAddress ?? ''
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.')
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ProxyError {
  const why =
    error.code === 'EADDRINUSE'
      ? 'the port is in use'
      : error.code === 'EACCES'
        ? 'permission denied'
        : error.message
  return new ProxyError('LISTEN', `cannot listen on ${host}:${port}: ${why} (setting: listen)`, {
    cause: error
  })
}
