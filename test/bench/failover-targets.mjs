// The proxies of the failover benchmark, each as its operator would run it in front of Sentinel.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../harness/prepare.mjs'
import { onPath } from './on-path.mjs'

/** Rows of { name, launch }, where launch(place) gives [command, args]. */
export function failoverTargets() {
  const haproxy = onPath('haproxy')
  return [
    { name: 'holdfast', launch: holdfast },
    ...(haproxy === undefined ? [] : [{ name: 'haproxy', launch: (place) => [haproxy, haproxyArgs(place)] }])
  ]
}

function holdfast({ rig, port, adminPort }) {
  const here = (at) => `127.0.0.1:${at}`
  const addresses = ['--listen', here(port), '--admin', here(adminPort)]
  const sentinels = ['--sentinel', rig.sentinelAddresses().join(','), '--master', rig.masterName]
  return [process.execPath, [join(root, 'dist', 'main.js'), ...addresses, ...sentinels]]
}

// HAProxy knows no Sentinel: it asks every node for its role, uses the ones that say master, and ends the sessions of a
// node that stops saying so.
function haproxyArgs({ folder, rig, port }) {
  const file = join(folder, 'haproxy.cfg')
  const servers = rig.nodes.map((node, at) => `  server redis${at} ${node.address} check`)
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
listen redis
  bind 127.0.0.1:${port}
  balance first
  option tcp-check
  tcp-check send INFO\\ replication\\r\\n
  tcp-check expect string role:master
  timeout check 1s
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${servers.join('\n')}
`
  )
  return ['-db', '-f', file]
}
