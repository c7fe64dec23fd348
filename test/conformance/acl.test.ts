// Passwords and users: the same scripts on a Redis that has them and through a proxy in front of such a one. And what
// the proxy refuses, beside a Redis whose user may not.
import t from 'tap'
import { difference, type Target } from '../harness/differential.ts'
import { useProxy, useRig } from '../harness/with-rig.ts'
import { programOf, scripts } from './script.ts'

const password = 'secret'
const users = [
  ['alice', 'on', '>apw', '~a:*', '&a:*', '+@all', '-@dangerous'],
  ['reader', 'on', '>rpw', '~*', '+@read', '+acl|whoami'],
  ['open', 'on', 'nopass', '~*', '&*', '+@all'],
  ['off', 'off', '>x', '~*', '+@all']
]
const refused =
  '-monitor -shutdown -replicaof -slaveof -failover -sync -psync -replconf -debug -migrate -restore-asking -pfdebug ' +
  '-pfselftest -save -bgsave -bgrewriteaof -config|set -config|rewrite -config|resetstat -acl|setuser -acl|deluser ' +
  '-acl|load -acl|save -module|load -module|loadex -module|unload -slowlog|reset -latency|reset -cluster|reset -script|debug'
// Else Redis would speak of these settings instead of the user.
const allowing = ['--enable-debug-command', 'local', '--enable-module-command', 'local']

const named = new Map(scripts('acl/').map((script) => [script.name, script]))

t.test(
  'users are known, forbidden and changed as on a plain Redis, master and replica reads [C2]',
  async (t) => {
    const redisArgs = users.flatMap((user) => ['--user', ...user])
    const alone = await useRig(t, { replicas: 1, sentinels: 0, password, redisArgs })
    const watched = await useRig(t, { replicas: 1, sentinels: 1, quorum: 1, password, redisArgs })
    const plain = targetOf('redis', alone.nodes[0]!.port, alone.nodes[0]!.port)
    const passwords = ['--redis.password', password, '--client.password', password]
    for (const consistency of ['master', 'session']) {
      const args = [...passwords, '--reads.consistency', consistency]
      const { port } = await useProxy(t, watched, { args })
      const proxied = targetOf('the proxy', port, watched.nodes[0]!.port)
      t.equal(await difference(programOf(named.get('auth')!, 2), plain, proxied), '', `${consistency} reads`)
    }
  }
)

t.test('what the proxy refuses, it refuses in the words of Redis [C2]', async (t) => {
  const rules = ['default', 'on', 'nopass', '~*', '&*', '+@all', ...refused.split(' ')]
  const alone = await useRig(t, { replicas: 0, sentinels: 0, redisArgs: [...allowing, '--user', ...rules] })
  const watched = await useRig(t, { replicas: 0, sentinels: 1, quorum: 1 })
  const { port } = await useProxy(t, watched)
  const plain: Target = {
    name: 'redis',
    port: alone.nodes[0]!.port,
    redisPort: alone.nodes[0]!.port,
    replicas: 0
  }
  const proxied: Target = { name: 'the proxy', port, redisPort: watched.nodes[0]!.port, replicas: 0 }
  for (const protocol of [2, 3] as const)
    t.equal(
      await difference(programOf(named.get('refused')!, protocol), plain, proxied),
      '',
      `RESP${protocol}`
    )
})

function targetOf(name: string, port: number, redisPort: number): Target {
  return { name, port, redisPort, replicas: 1, password }
}
