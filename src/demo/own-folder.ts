// One temporary folder for everything that the demo and its servers write, so that one removal is enough however the
// process ends. Knows none of what is in it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type OwnFolder = { readonly path: string; readonly remove: () => void }

/** Until `remove`, every temporary folder of this process is made inside of it. */
export function makeOwnFolder(): OwnFolder {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
  const outer = process.env['TMPDIR']
  process.env['TMPDIR'] = path
  const remove = (): void => {
    process.off('exit', remove)
    if (outer === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = outer
    // Servers that are being killed may still write into it.
    rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  }
  // For the ends that skip every finally: a second Ctrl-C, a terminal that is gone.
  process.once('exit', remove)
  return { path, remove }
}
