// The client libraries that Debian ships, each as a program in its own language: client libraries of an older time,
// and RESP2 throughout. What is missing is installed as root; else the test says the one line to run.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { useProxied } from './proxied.ts'

const run = promisify(execFile)
const programs = fileURLToPath(new URL('programs/', import.meta.url))

/** Debian package, and a file by which it is known to be there. */
const packages: readonly (readonly [string, string])[] = [
  ['python3-redis', '/usr/lib/python3/dist-packages/redis/client.py'],
  ['php-cli', '/usr/bin/php'],
  ['php-redis', '/usr/share/doc/php-redis'],
  ['ruby-redis', '/usr/lib/ruby/vendor_ruby/redis.rb'],
  ['libhiredis-dev', '/usr/include/hiredis/hiredis.h'],
  ['gcc', '/usr/bin/gcc'],
  ['libc6-dev', '/usr/include/stdlib.h']
]

t.before(() => {
  const missing = packages.filter(([, file]) => !existsSync(file)).map(([name]) => name)
  if (missing.length === 0) return
  const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  const isRoot = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  const installed =
    isRoot && spawnSync('sh', ['-c', `apt-get update && ${line}`], { stdio: 'pipe' }).status === 0
  if (!installed) throw new Error(`client libraries are missing; as root: ${line}`)
})

t.test("Debian's client libraries do their work through the proxy unchanged", async (t) => {
  const { port } = await useProxied(t)
  const folder = t.testdir()
  const compiled = join(folder, 'client')
  await run('gcc', ['-Wall', '-Werror', '-o', compiled, join(programs, 'client.c'), '-lhiredis'])
  const languages: readonly [string, string, string[]][] = [
    ['python3-redis', '/usr/bin/python3', [join(programs, 'client.py')]],
    ['php-redis', '/usr/bin/php', [join(programs, 'client.php')]],
    ['ruby-redis', '/usr/bin/ruby', [join(programs, 'client.rb')]],
    ['hiredis', compiled, []]
  ]
  for (const [name, command, args] of languages) {
    await t.test(name, async (t) => {
      const { stdout, stderr } = await run(command, [...args, String(port)], { timeout: 20_000 })
      t.equal(stdout, 'done\n', stderr)
    })
  }
})
