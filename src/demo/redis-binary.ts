// Where the demo and the tests get a redis-server from, and what to do where there is none. Starts no server.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ProxyError } from '../errors.ts'

/** What to spawn, and under which argv[0]: the name decides what the program is. */
export type RedisBinary = { readonly path: string; readonly argv0: string }

// redis-check-rdb is the server itself under another name. Debian's redis-tools brings it without starting a
// service on 6379, so the small package is enough.
const candidates: readonly (readonly [file: string, argv0: string])[] = [
  ['redis-server', 'redis-server'],
  ['valkey-server', 'valkey-server'],
  ['redis-check-rdb', 'redis-server'],
  ['valkey-check-rdb', 'valkey-server']
]

/** The first Redis or Valkey server on the PATH, or nothing. */
export function findRedisServer(path = process.env['PATH'] ?? ''): RedisBinary | undefined {
  for (const [file, argv0] of candidates) {
    for (const folder of path.split(delimiter)) {
      const found = join(folder, file)
      if (folder !== '' && isExecutable(found)) return { path: found, argv0 }
    }
  }
  return undefined
}

/**
 * Finds a Redis server, or installs Debian's redis-tools where that needs no question: as root, with apt-get there.
 * Throws USAGE with the one line to run where it may not, or where the installation fails.
 */
export function installRedisServer(): RedisBinary {
  const found = findRedisServer()
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || !onPath('apt-get')) throw missing()
  run('apt-get', ['update'])
  run('apt-get', ['install', '-y', '--no-install-recommends', 'redis-tools'])
  const installed = findRedisServer()
  if (installed === undefined) throw missing()
  return installed
}

function missing(): ProxyError {
  const remedy = onPath('apt-get')
    ? 'run: sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-tools'
    : 'install Redis or Valkey'
  return new ProxyError('USAGE', `there is no redis-server or valkey-server on the PATH; ${remedy}`)
}

// The output goes to standard error: standard output belongs to whoever asked for the server.
function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  })
  if (status !== 0) throw missing()
}

function onPath(file: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, file)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
