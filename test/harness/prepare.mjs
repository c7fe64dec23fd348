// Brings a clean clone to the point where its programs run: packages, build, a Redis server. Plain JavaScript without
// packages, because it runs before there are any. Says nothing when there is nothing to do.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Installs the locked packages when one of them is missing or of another version. */
export function ensurePackages() {
  const missing = firstMissingPackage()
  if (missing === undefined) return
  console.error(`${missing} is missing: npm ci`)
  // --include=dev, because NODE_ENV=production would leave out the compiler.
  npm('npm ci needs the package registry', 'ci', '--include=dev', '--no-audit', '--no-fund')
}

/** Builds dist when a source is newer than it. */
export function ensureBuilt() {
  const built = join(root, 'dist', 'main.js')
  const sources = [join(root, 'src'), join(root, 'tsconfig.json'), join(root, 'package.json')]
  if (existsSync(built) && sources.every((path) => newest(path) <= statSync(built).mtimeMs)) return
  npm('the sources do not compile', 'run', '--silent', 'build')
}

/** Installs a Redis server where there is none; throws the line to run when that is not possible. */
export async function ensureRedis() {
  const { installRedisServer } = await import(pathToFileURL(join(root, 'dist/demo/redis-binary.js')).href)
  installRedisServer()
}

function firstMissingPackage() {
  const wanted = packagesOf('package-lock.json')
  const present = packagesOf(join('node_modules', '.package-lock.json'))
  const isMissing = (path) => present[path]?.version !== wanted[path].version
  // Optional packages are those of other platforms.
  return Object.keys(wanted).find((path) => path !== '' && !wanted[path].optional && isMissing(path))
}

function packagesOf(lock) {
  const path = join(root, lock)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {}
}

// Folders count too: only their time tells that a file is gone.
function newest(path) {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

function npm(failure, ...args) {
  const cli = process.env.npm_execpath
  const [command, first] = cli === undefined ? ['npm', []] : [process.execPath, [cli]]
  const { status } = spawnSync(command, [...first, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(failure)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    ensurePackages()
    ensureBuilt()
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
