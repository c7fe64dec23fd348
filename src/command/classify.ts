// Request -> command: the row, and the few arguments that change it. Pure.
import type { RequestFramer } from '../resp/request-framer.ts'
import { unknownCommand, type Command, type CommandTable } from './commands.ts'

/** The row that holds for the framed request. */
export function classify(request: RequestFramer, table: CommandTable): Command {
  const command = table.find(request.bytes, request.rangeStart(0), request.rangeEnd(0))
  if (command === undefined) return unknownCommand
  if (command.container) return subcommandOf(command, request, table)
  if (command.blockingForm !== undefined && blocks(request)) return command.blockingForm
  return command
}

/** The lower-case text of argument `index`; empty if it is not at hand. */
export function word(request: RequestFramer, index: number): string {
  return request.argument(index)?.toString('latin1').toLowerCase() ?? ''
}

function subcommandOf(container: Command, request: RequestFramer, table: CommandTable): Command {
  if (request.argumentCount < 2) return container
  return table.get(`${container.name}|${word(request, 1)}`) ?? container
}

// XREAD and XREADGROUP block only when they are told to, before the word STREAMS.
function blocks(request: RequestFramer): boolean {
  for (let index = 1; index < request.argumentCount; index++) {
    // What is not at hand might say BLOCK: a lane of its own costs little, waiting on a shared one costs everybody.
    if (request.argument(index) === undefined) return true
    const option = word(request, index)
    // The names of a group and of a consumer may be any word.
    if (option === 'group') index += 2
    if (option === 'count') index += 1
    if (option === 'streams') return false
    if (option === 'block') return true
  }
  return false
}
