// Where an installed program is.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Its path, or undefined. Debian keeps daemons in /usr/sbin, which is not on everyone's PATH. */
export function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
