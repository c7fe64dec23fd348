// The program of another revision, built in a folder of its own: the working tree and git's own records stay as they
// are.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/** The folder with the built main.js of that revision. Throws with what the compiler or git said. */
export function buildRevision(revision, { root, folder }) {
  const tree = join(folder, 'revision')
  const archive = join(folder, 'revision.tar')
  mkdirSync(tree)
  run('git', ['archive', '--output', archive, revision], root)
  run('tar', ['-xf', archive, '-C', tree], root)
  installPackages(root, tree)
  run('npm', ['run', '--silent', 'build'], tree)
  return join(tree, 'dist')
}

/** Short hash, with a + when the sources differ from it; '' outside of a repository. */
export function revisionOf(root) {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? ''
  return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src') === '' ? '' : '+')
}

// The same lock means the same packages, so they need not be fetched again.
function installPackages(root, tree) {
  const lock = (folder) => {
    const path = join(folder, 'package-lock.json')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  if (lock(root) === lock(tree)) symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  else run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], tree)
}

function run(command, args, cwd) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr + stdout}`)
}
