// One session as a line of CLIENT LIST: the fields of catClientInfoString (networking.c of Redis 7), in its order. What
// has no meaning here is 0 or -1.
import type { Session } from './session.ts'

export type ClientView = {
  readonly nowMs: number
  /** The user of sessions that have not authenticated as another one. */
  readonly serviceUser: string
  /** Redis has library names since 7.2. */
  readonly hasLibrary: boolean
}

export function clientLine(session: Session, view: ClientView): string {
  const { state, socket } = session
  const { identity } = state
  return fields([
    ['id', state.id],
    ['addr', addressOf(session)],
    ['laddr', localAddressOf(session)],
    ['fd', -1],
    ['name', state.name],
    ['age', seconds(view.nowMs - state.connectedAtMs)],
    ['idle', seconds(view.nowMs - state.lastSeenAtMs)],
    ['flags', flagsOf(session)],
    ['db', identity.database],
    ...subscriptionsOf(session),
    ['multi', session.requests.own.isInMulti ? session.requests.own.queued : -1],
    ['qbuf', session.heldInputBytes],
    ['qbuf-free', 0],
    ['argv-mem', session.requests.underWay.bytes],
    ['multi-mem', 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', session.backlogBytes - socket.writableLength],
    ['oll', 0],
    ['omem', socket.writableLength],
    ['tot-mem', session.heldInputBytes + session.requests.underWay.bytes + session.backlogBytes],
    ['events', socket.writableLength > 0 ? 'rw' : 'r'],
    ['cmd', commandOf(session)],
    ['user', userOf(session, view.serviceUser)],
    ['redir', session.requests.own.isTracking ? 0 : -1],
    ['resp', identity.protocol],
    ...(view.hasLibrary ? libraryOf(session) : [])
  ])
}

export function addressOf({ socket }: Session): string {
  return endpointOf(socket.remoteAddress, socket.remotePort)
}

export function localAddressOf({ socket }: Session): string {
  return endpointOf(socket.localAddress, socket.localPort)
}

export function userOf(session: Session, serviceUser: string): string {
  const { user } = session.state.identity
  return user === undefined ? serviceUser : (user.username ?? 'default')
}

type Field = readonly [name: string, value: string | number]

function fields(all: readonly Field[]): string {
  return `${all.map(([name, value]) => `${name}=${value}`).join(' ')}\n`
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

/** As Redis writes it: an IPv6 address in brackets. A connection that has just gone has none any more. */
export function endpointOf(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return '?:0'
  if (host.startsWith('::ffff:')) return `${host.slice('::ffff:'.length)}:${port}`
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function subscriptionsOf({ state }: Session): Field[] {
  return [
    ['sub', state.subscriptions.channel],
    ['psub', state.subscriptions.pattern],
    ['ssub', state.subscriptions.shard]
  ]
}

function libraryOf({ state }: Session): Field[] {
  return [
    ['lib-name', state.libraryName],
    ['lib-ver', state.libraryVersion]
  ]
}

function flagsOf(session: Session): string {
  const { state, requests } = session
  const pinReason = requests.own.reason
  const flags = [
    state.isMonitor ? 'O' : '',
    state.isSubscriber ? 'P' : '',
    session.requests.own.isInMulti ? 'x' : '',
    pinReason === 'blocking' || session.isPostponed ? 'b' : '',
    requests.own.isTracking ? 't' : '',
    state.isNoEvict ? 'e' : '',
    state.isNoTouch ? 'T' : ''
  ].join('')
  return flags === '' ? 'N' : flags
}

// A name that Redis does not know, also of a container without a known subcommand, is NULL.
function commandOf({ state }: Session): string {
  const command = state.lastCommand
  return command === undefined || command.name === '' || command.container ? 'NULL' : command.name
}
