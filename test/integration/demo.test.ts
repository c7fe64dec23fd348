// `holdfast demo` as a newcomer runs it: what it prints, how it ends, and that it leaves nothing behind.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { runProxy } from '../harness/proxy-process.ts'
import { useClient } from '../harness/with-rig.ts'

class DemoRun {
  stdout = ''
  stderr = ''
  readonly ended: Promise<number | null>
  readonly #child: ChildProcess

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = runProxy(['demo', ...args], env)
    this.#child.stdout!.on('data', (bytes: Buffer) => (this.stdout += bytes.toString()))
    this.#child.stderr!.on('data', (bytes: Buffer) => (this.stderr += bytes.toString()))
    this.ended = once(this.#child, 'close').then(([code]) => code as number | null)
  }

  /** Resolves when this has been printed; rejects when the demo ends before that. */
  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`ended early:\n${this.stdout}${this.stderr}`)
      await sleep(10)
    }
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal)
    return this.ended
  }
}

/** A demo whose temporary files are all in `folder`. */
function startDemo(t: Test, ...args: string[]): { demo: DemoRun; folder: string } {
  const folder = t.testdir({})
  const demo = new DemoRun(args, { TMPDIR: folder })
  t.teardown(() => demo.stop('SIGKILL'))
  return { demo, folder }
}

/** The demo and all it has started. Redis hides its environment; its servers are known by the folder they work in. */
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)) return true
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`TMPDIR=${folder}`)
      } catch {
        return false // It has ended, or is none of ours.
      }
    })
    .map(Number)
}

async function leavesNothing(t: Test, folder: string): Promise<void> {
  for (let tries = 0; tries < 500 && processesOf(folder).length > 0; tries += 1) await sleep(20)
  t.strictSame(processesOf(folder), [], 'no process is left')
  t.strictSame(readdirSync(folder), [], 'no file is left')
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`${pattern} is not in:\n${text}`)
  return Number(found.replaceAll(',', ''))
}

t.test('the demo ends with a good score, and --keep leaves all of it running until Ctrl-C', async (t) => {
  const { demo, folder } = startDemo(t, '--keep')
  await demo.printed('Ctrl-C ends it all')
  const { stdout } = demo

  await t.test('both failovers are told, in their order', async (t) => {
    const address = '127\\.0\\.0\\.1:\\d+'
    const story = [
      't=\\S+ +SENTINEL FAILOVER: a planned move of the master',
      `t=\\S+ +writes flow again, to ${address}, after \\S+ s \\(held .*, handover proved\\)`,
      `t=\\S+ +${address}, the old master, has become a replica`,
      `t=\\S+ +kill -9 of the master ${address}`,
      't=\\S+ +writes are held; reads go on, [\\d,]+ since, on 2 replicas',
      `t=\\S+ +writes flow again, to ${address}, after \\S+ s \\(held .*\\)`,
      `t=\\S+ +${address} is started again, empty`
    ]
    t.match(stdout, new RegExp(story.join('\\n(?:.*\\n)*?')))
    t.match(stdout, /^t=\S+ +master :\d+ [\d,]+ writes\/s, [\d,]+ reads\/s · :\d+ [\d,]+ reads\/s · /m)
    t.notMatch(stdout, '\u001b', 'nothing is drawn where there is no terminal')
  })

  await t.test('nothing was lost, dropped or refused', async (t) => {
    const sum = /^ {2}clients dropped 0 · commands failed 0 · acknowledged writes lost 0 of ([\d,]+)$/m
    t.ok(numberIn(stdout, sum) > 1000)
    t.notMatch(stdout, 'NOT GOOD')
  })

  await t.test(
    'the killed master was missed for as long as Sentinel takes, the moved one was not',
    async (t) => {
      const gapOf = (name: string): number =>
        numberIn(stdout, new RegExp(`^  ${name} +(\\S+) s without an acknowledged write`, 'm'))
      t.ok(gapOf('planned failover') < 0.8)
      t.ok(gapOf('killed master') > 0.8)
      t.ok(gapOf('killed master') < 8)
    }
  )

  await t.test('the proxy and the nodes agree on how many reads went to replicas', async (t) => {
    const routed = numberIn(stdout, /^ {2}requests by route .* ([\d,]+) replica/m)
    const counted = numberIn(stdout, /^ {2}reads by node +([\d,]+) on replicas/m)
    t.ok(routed > 5000)
    t.ok(Math.abs(counted - routed) < routed * 0.2, `${counted} counted, ${routed} routed`)
  })

  await t.test('what it names can be used', async (t) => {
    const client = await useClient(t, { port: numberIn(stdout, /^ {2}redis-cli -p (\d+)$/m) })
    t.equal(String(await client.command('SET', 'mine', '1')), '+OK\r\n')
    const urls = /status page (\S+) +metrics (\S+)$/m.exec(stdout)
    for (const url of urls!.slice(1)) t.equal((await fetch(url)).status, 200, url)
    t.equal(processesOf(folder).length, 9, 'the demo, the guard of its children, the proxy and six servers')
  })

  t.equal(await demo.stop('SIGINT'), 0)
  t.equal(demo.stderr, '')
  await leavesNothing(t, folder)
})

t.test('a signal ends it at any moment, with everything it has started', async (t) => {
  const moments = [
    ['SIGINT', 130, 'starting 1 Redis master'],
    ['SIGTERM', 143, 'Sentinels 127.0.0.1'],
    ['SIGHUP', 129, 'traffic: writers']
  ] as const
  for (const [signal, code, line] of moments) {
    await t.test(`${signal} after "${line}"`, async (t) => {
      const { demo, folder } = startDemo(t)
      await demo.printed(line)
      t.ok(processesOf(folder).length > 0)
      t.equal(await demo.stop(signal), code)
      t.equal(demo.stderr, '')
      await leavesNothing(t, folder)
    })
  }
})

t.test('without a proxy it ends, and says so', async (t) => {
  const { demo, folder } = startDemo(t)
  await demo.printed('traffic: writers')
  const proxy = processesOf(folder).find((pid) => {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('\0serve\0')
  })
  process.kill(proxy!, 'SIGKILL')
  t.equal(await demo.ended, 1)
  t.match(demo.stderr, /\nholdfast: the proxy ended by itself: SIGKILL\n$/)
  await leavesNothing(t, folder)
})

t.test('a wrong command line, or no Redis, is one line and exit code 2', async (t) => {
  const refused = async (line: string, args: readonly string[], env = {}): Promise<void> => {
    const demo = new DemoRun(args, env)
    t.strictSame([await demo.ended, demo.stdout, demo.stderr], [2, '', `holdfast: ${line}\n`])
  }
  await refused("demo takes no settings: '--listen'", ['--listen', '127.0.0.1:1'])
  const bin = join(t.testdir({}), 'bin')
  mkdirSync(bin)
  symlinkSync('/usr/bin/env', join(bin, 'env'))
  const missing = 'there is no redis-server or valkey-server on the PATH; install Redis or Valkey'
  await refused(missing, [], { PATH: bin })
})
