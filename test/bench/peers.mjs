// The proxies that Holdfast is measured against, as far as they are installed: the plainest setting of each, one
// thread, no health checks. Debian has them as packages: apt-get install haproxy nutcracker.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onPath } from './on-path.mjs'

/** Rows of { name, title, launch }, where launch(place) gives [command, args]. */
export function installedPeers() {
  return peers.flatMap(({ name, program, launch }) => {
    const path = onPath(program)
    return path === undefined ? [] : [{ name, path, launch: (place) => [path, launch(place)] }]
  })
}

const peers = [
  { name: 'haproxy', program: 'haproxy', launch: haproxy },
  { name: 'twemproxy', program: 'nutcracker', launch: twemproxy }
]

function haproxy({ folder, port, master }) {
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 2000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen redis
  bind 127.0.0.1:${port}
  server master ${master.address}
`
  )
  return ['-db', '-f', file]
}

function twemproxy({ folder, port, sparePort, master }) {
  const file = join(folder, 'twemproxy.yml')
  writeFileSync(
    file,
    `redis:
  listen: 127.0.0.1:${port}
  redis: true
  hash: fnv1a_64
  distribution: ketama
  preconnect: true
  servers:
    - ${master.address}:1
`
  )
  const output = ['-o', join(folder, 'twemproxy.log'), '-p', join(folder, 'twemproxy.pid')]
  return ['-c', file, '-s', String(sparePort), '-a', '127.0.0.1', ...output]
}
