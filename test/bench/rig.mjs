// Everything that a benchmark stands on: the build, Redis with two replicas and three Sentinels, the children, the
// folder, and its end. Knows nothing of what is measured.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensurePackages, root } from '../harness/prepare.mjs'
import { Processes } from './processes.mjs'
import { buildRevision } from './revision.mjs'

/**
 * Runs `use` with { options, root, dist, otherDist, built, rig, folder, processes, progress, complain, complaints } and
 * ends everything afterwards, also on Ctrl-C.
 */
export async function withRig(options, use) {
  if (options.dist === '') {
    ensurePackages()
    ensureBuilt()
  }
  const dist = options.dist === '' ? join(root, 'dist') : resolve(options.dist)
  const built = await partsOf(dist)
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const processes = new Processes(folder, built.dieWithParent)
  let rig
  const end = once(async () => {
    await processes.stopAll()
    await rig?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  interruptible(end)
  try {
    const other = options.against ?? ''
    const otherDist = other === '' ? undefined : buildRevision(other, { root, folder })
    rig = await built.startRig({ replicas: 2, sentinels: 3 })
    await use({ options, root, dist, otherDist, built, rig, folder, processes, ...reporting() })
  } finally {
    await end()
  }
}

/** What starts the servers of a benchmark: the demo's own means, from the build in the folder `dist`. */
export async function partsOf(dist) {
  const from = (path) => import(pathToFileURL(join(dist, path)).href)
  const [{ startRig }, { freePort }, { dieWithParent }, { ask }] = await Promise.all([
    ...[from('demo/redis-rig.js'), from('demo/free-port.js')],
    ...[from('demo/orphan-guard.js'), from('demo/ask.js')]
  ])
  return { startRig, freePort, dieWithParent, ask }
}

function reporting() {
  const complaints = []
  const complain = (what) => {
    complaints.push(what)
    console.error(`! ${what}`)
  }
  return { complaints, complain, progress: (line) => console.error(`  ${line}`) }
}

function once(action) {
  let result
  return () => (result ??= action())
}

function interruptible(end) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await end()
      process.exit(1)
    })
  }
}
