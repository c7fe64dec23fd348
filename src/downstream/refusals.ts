// What a session may not ask in the state that it is in, worded as Redis words it.
import { unknownCommand, type Command } from '../command/commands.ts'
import * as replies from '../resp/replies.ts'
import { isAllowedToStrangers } from './access.ts'
import type { SessionState } from './session-state.ts'

/** The error reply to a command that the client may not give now; undefined if it may. */
export function refusalOf(command: Command, words: number, state: SessionState): Buffer | undefined {
  if (!state.isAuthenticated && !isAllowedToStrangers(command.name))
    return isArityWrong(command, words) ? replies.wrongArguments(command.name) : replies.notAuthenticated
  if (!state.isSubscriber || state.protocol === 3 || ALLOWED_TO_SUBSCRIBERS.has(command.name))
    return undefined
  // Of what it does not know Redis says that first.
  if (command === unknownCommand || (command.container && words > 1)) return undefined
  return refusalToSubscriber(command, words)
}

function isArityWrong({ arity }: Command, words: number): boolean {
  return arity < 0 ? words < -arity : arity > 0 && words !== arity
}

function refusalToSubscriber(command: Command, words: number): Buffer {
  const { name } = command
  if (isArityWrong(command, words)) return replies.wrongArguments(name)
  return name === 'exec' ? replies.execOnlyInSubscriberMode : replies.onlyInSubscriberMode(name)
}

/** In RESP2, where a message cannot be told from a reply. */
const ALLOWED_TO_SUBSCRIBERS = new Set([
  ...['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sunsubscribe'],
  ...['ping', 'quit', 'reset']
])

/** Decisions of the route that are answered with an error at once. */
export const REFUSALS = {
  refused: replies.refused,
  notInMulti: () => replies.notInMulti,
  shed: () => replies.noMaster
} as const satisfies Record<string, (name: string) => Buffer>
