// redis-cli and redis-benchmark, as an operator runs them by hand.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import t from 'tap'
import type { Rig } from '../../../src/demo/redis-rig.ts'
import { useProxied } from './proxied.ts'

const run = promisify(execFile)

/** What redis-cli prints for these lines on its standard input. */
async function cli(port: number, lines: readonly string[], ...flags: string[]): Promise<string> {
  const child = spawn('redis-cli', ['-p', String(port), ...flags], { stdio: ['pipe', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()))
  child.stdin.end(`${lines.join('\n')}\n`)
  await once(child, 'close')
  return printed
}

async function calls(rig: Rig, command: string): Promise<number[]> {
  const stats = await Promise.all(rig.nodes.map((node) => node.command('INFO', 'commandstats')))
  return stats.map((text) =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(String(text))?.[1] ?? 0)
  )
}

t.test('redis-cli and redis-benchmark', async (t) => {
  // Nobody is to be taken for down while redis-benchmark has the machine: every read has to find its replica.
  const { rig, port } = await useProxied(t, { downAfterMs: 30_000 }, ['--heartbeat.deadline', '20s'])

  await t.test('redis-cli answers what it answers on Redis itself', async (t) => {
    const [master] = rig.nodes
    const lines = [
      ...[
        'FLUSHALL',
        'SET k v',
        'GET k',
        'GET missing',
        'INCR n',
        'LPUSH l a b',
        'LRANGE l 0 -1',
        'NOPE x',
        'GET'
      ],
      ...[
        'HSET h f 1',
        'HGETALL h',
        'ZADD z 1.5 a',
        'ZRANGE z 0 -1 WITHSCORES',
        'SELECT 1',
        'GET k',
        'SELECT 0'
      ],
      ...[
        'MULTI',
        'INCR n',
        'GET k',
        'EXEC',
        'BLPOP none 0.05',
        'EVAL "return {1,2}" 0',
        'OBJECT ENCODING n'
      ],
      ...[
        'CLIENT SETNAME me',
        'CLIENT GETNAME',
        'CONFIG GET maxmemory',
        'COMMAND COUNT',
        'PING',
        'ECHO "a b"'
      ]
    ]
    for (const flags of [['--no-raw'], ['-3', '--no-raw'], ['--csv'], ['--raw']]) {
      const expected = await cli(master?.port ?? 0, lines, ...flags)
      t.equal(await cli(port, lines, ...flags), expected, flags.join(' '))
      t.ok(expected.length > 100)
    }
  })

  await t.test('redis-cli finds keys by scanning, and reads one from a pipe', async (t) => {
    const requests = Array.from({ length: 2000 }, (_, index) => `SET piped:${index} ${index}`).join('\r\n')
    const child = spawn('redis-cli', ['-p', String(port), '--pipe'], { stdio: ['pipe', 'pipe', 'inherit'] })
    let printed = ''
    child.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()))
    child.stdin.end(`${requests}\r\n`)
    await once(child, 'close')
    t.match(printed, /errors: 0, replies: 2000/)
    const { stdout } = await run('redis-cli', ['-p', String(port), '--scan', '--pattern', 'piped:*'])
    t.equal(new Set(stdout.trim().split('\n')).size, 2000)
    const large = await run('redis-cli', ['-p', String(port), '--bigkeys', '-i', '0'])
    t.match(large.stdout, /Biggest string found/)
  })

  await t.test('redis-benchmark ends without an error, and the replicas did the reading [C1]', async (t) => {
    const tests = 'ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset'
    const [, ...before] = await calls(rig, 'get')
    const [, ...ranges] = await calls(rig, 'lrange')
    const { stdout, stderr } = await run(
      'redis-benchmark',
      ['-p', String(port), '-t', tests, '-n', '10000', '-P', '16', '-q'],
      { timeout: 100_000, maxBuffer: 16 * 1024 * 1024 }
    )
    t.strictSame((stdout + stderr).match(/^.*error.*$/gim) ?? [], [])
    const measured = stdout.split(/[\r\n]+/).filter((line) => / requests per second/.test(line))
    t.equal(measured.length, 20)
    const read = (await calls(rig, 'get')).slice(1).reduce((sum, count) => sum + count, 0)
    const atReplicas = read - before.reduce((sum, count) => sum + count, 0)
    // The first ones are asked for before the replicas are known to have what was set.
    t.ok(atReplicas > 2000, `${atReplicas} of 10,000 GETs were read at a replica`)
    const ranged = (await calls(rig, 'lrange')).slice(1).reduce((sum, count) => sum + count, 0)
    t.ok(ranged - ranges.reduce((sum, count) => sum + count, 0) > 0, 'and so were ranges of lists')
    const [written, ...elsewhere] = await calls(rig, 'incr')
    t.ok((written ?? 0) >= 10_000)
    // What a replica counts as its own calls are the writes of its master.
    for (const count of elsewhere) t.ok(count <= (written ?? 0))
  })
})
