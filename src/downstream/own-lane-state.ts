// What a session asks of the lane of its own, whether it has ever needed one or not.
import type { Command } from '../command/commands.ts'
import type { OwnLane } from './own-lane.ts'

export type OwnLaneState = Pick<
  OwnLane,
  | 'isNeeded'
  | 'isTracking'
  | 'isInMulti'
  | 'queued'
  | 'reason'
  | 'lane'
  | 'taint'
  | 'tell'
  | 'reset'
  | 'release'
  | 'close'
>

const nothing = (): void => undefined

/** Of all sessions that have not needed one yet: there are many of them. */
export const NO_OWN_LANE: OwnLaneState = {
  isNeeded: false,
  isTracking: false,
  isInMulti: false,
  queued: 0,
  reason: undefined,
  lane: undefined,
  taint: nothing,
  tell: nothing,
  reset: nothing,
  release: nothing,
  close: nothing
}

const FORGETS = new Set(['exec', 'discard', 'unwatch'])

/** Whether the command must go to a lane of the session's own. */
export function needsOwnLane(command: Command, own: OwnLaneState): boolean {
  if (own.isNeeded) return true
  if (command.handling !== 'pinned' && command.handling !== 'leased') return false
  // Without a transaction or a watch Redis only says so, or has nothing to forget.
  return !FORGETS.has(command.name)
}
