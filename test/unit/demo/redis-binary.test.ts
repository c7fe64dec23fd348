// Which server is taken from the PATH, and what somebody reads who has none.
import { chmodSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { findRedisServer, installRedisServer } from '../../../src/demo/redis-binary.ts'

type Folder = Readonly<Record<string, string>>

/** Folders of programs that do nothing, as a PATH. */
function pathOf(t: Tap, ...folders: readonly Folder[]): string {
  const tree = Object.fromEntries(folders.map((folder, index) => [`bin${index}`, folder]))
  const root = t.testdir(tree)
  for (const [index, folder] of folders.entries()) {
    for (const file of Object.keys(folder)) chmodSync(join(root, `bin${index}`, file), 0o755)
  }
  return folders.map((_, index) => join(root, `bin${index}`)).join(delimiter)
}

type Tap = Pick<typeof t, 'testdir'>

t.test('a server proper is taken before a tool that is one under another name', async (t) => {
  const path = pathOf(t, { 'redis-check-rdb': '', 'valkey-server': '' }, { 'redis-server': '' })
  t.match(findRedisServer(path), { path: /bin1.redis-server$/, argv0: 'redis-server' })
})

t.test('redis-check-rdb is started under the name that makes it a server', async (t) => {
  const path = pathOf(t, {}, { 'redis-check-rdb': '' })
  t.match(findRedisServer(path), { path: /bin1.redis-check-rdb$/, argv0: 'redis-server' })
})

t.test('a file that cannot be run and a folder are no server', async (t) => {
  const root = t.testdir({ bin: { 'redis-server': '', 'valkey-server': {} } })
  chmodSync(join(root, 'bin', 'redis-server'), 0o644)
  t.equal(findRedisServer(join(root, 'bin')), undefined)
  t.equal(findRedisServer(''), undefined)
})

t.test('where nothing can be installed the error names the one line to run', async (t) => {
  const before = process.env['PATH']
  t.teardown(() => (process.env['PATH'] = before))

  process.env['PATH'] = pathOf(t, {})
  t.throws(() => installRedisServer(), {
    code: 'USAGE',
    message: /on the PATH; install Redis or Valkey$/
  })

  t.intercept(process, 'getuid', { value: () => 1000 })
  process.env['PATH'] = pathOf(t, { 'apt-get': '' })
  t.throws(() => installRedisServer(), {
    code: 'USAGE',
    message: /run: sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-tools$/
  })
})

t.test('as root with apt-get the package is installed, and the server it brings is taken', async (t) => {
  const before = process.env['PATH']
  t.teardown(() => (process.env['PATH'] = before))
  t.intercept(process, 'getuid', { value: () => 0 })
  const install = '#!/bin/sh\n[ "$1" = install ] && /bin/cp "$0" "${0%/*}/redis-check-rdb"; exit 0\n'
  process.env['PATH'] = pathOf(t, { 'apt-get': install })

  t.match(installRedisServer(), { path: /redis-check-rdb$/, argv0: 'redis-server' })
})
