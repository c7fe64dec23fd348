// The events of a client's socket, told to its session. One function serves all sockets: of ten thousand idle clients
// the closures alone would be megabytes.
import type { Socket } from 'node:net'

/** The session, as far as its socket moves it. */
export type SocketOwner = {
  receive: (chunk: Buffer) => void
  /** The client has taken what was written. */
  proceed: () => void
  /** The client sends nothing more. */
  clientEnded: () => void
  socketFailed: () => void
  socketClosed: () => void
}

const owner = Symbol('owner')

type OwnedSocket = Socket & { [owner]: SocketOwner }

export function attach(socket: Socket, by: SocketOwner): void {
  ;(socket as OwnedSocket)[owner] = by
  socket.on('data', onData)
  socket.on('drain', onDrain)
  socket.on('end', onEnd)
  socket.on('error', onError)
  socket.on('close', onClose)
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[owner].receive(chunk)
}

function onDrain(this: OwnedSocket): void {
  this[owner].proceed()
}

function onEnd(this: OwnedSocket): void {
  this[owner].clientEnded()
}

function onError(this: OwnedSocket): void {
  this[owner].socketFailed()
}

function onClose(this: OwnedSocket): void {
  this[owner].socketClosed()
}
