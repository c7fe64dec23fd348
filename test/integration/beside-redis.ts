// A plain Redis beside the proxy: the same requests to both, and the replies side by side.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Rig, RigOptions } from '../../src/demo/redis-rig.ts'
import { messageOf } from '../../src/errors.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import { RawClient, requestOf } from '../harness/raw-client.ts'
import { ReplyScanner } from '../harness/reply-scanner.ts'
import { useClient, useProxy, useRig } from '../harness/with-rig.ts'

export type Beside = {
  /** The plain Redis. */
  readonly plain: { readonly port: number }
  readonly proxy: ProxyProcess
  /** What the proxy stands in front of. */
  readonly rig: Rig
}

export async function useBeside(t: Test, rigOptions: RigOptions = {}, args: string[] = []): Promise<Beside> {
  const alone = await useRig(t, { ...rigOptions, replicas: 0, sentinels: 0 })
  const rig = await useRig(t, { replicas: 1, ...rigOptions })
  const proxy = await useProxy(t, rig, { args })
  return { plain: { port: alone.nodes[0]?.port ?? 0 }, proxy, rig }
}

/** Resolves when the master behind the proxy has been in a script for longer than it should. */
export async function busy({ rig }: Beside): Promise<void> {
  const master = await rig.currentMaster()
  for (let tries = 0; tries < 500; tries += 1) {
    const said = await master.command('PING').catch(messageOf)
    if (String(said).startsWith('BUSY')) return
    await sleep(20)
  }
  throw new Error('the master is not busy after 10 s')
}

/** Words separated by spaces; in double quotes also with spaces, or none. */
export function words(line: string): string[] {
  const found = line.match(/"[^"]*"|\S+/g) ?? []
  return found.map((word) => (word.startsWith('"') ? word.slice(1, -1) : word))
}

/** Makes of a reply what has to be the same on both sides. */
export type Same = (reply: string) => string

/** Asks both the same, one request after the other, and holds each reply of the proxy against that of Redis. */
export async function askBoth(
  t: Test,
  { plain, proxy }: Beside,
  lines: readonly string[],
  same: Same
): Promise<void> {
  const clients = [await useClient(t, plain), await useClient(t, proxy)]
  for (const line of lines) {
    const replies = await Promise.all(clients.map((client) => client.command(...words(line))))
    const [expected, found] = replies.map((reply) => same(reply.toString('latin1')))
    t.equal(found, expected, line)
  }
}

/** For replies of one side that the other one has already; long, because only what fails waits for it. */
const longestWaitMs = 5000

/** Sends both a whole pipeline in one write; what came back until both have said as much and nothing more comes. */
export async function pipeBoth(
  { plain, proxy }: Beside,
  lines: readonly string[],
  quietMs: number
): Promise<string[]> {
  const pipeline = Buffer.concat(lines.map((line) => requestOf(...words(line))))
  const clients = [await RawClient.connect(plain.port), await RawClient.connect(proxy.port)]
  const heard = clients.map((client) => {
    const chunks: Buffer[] = []
    client.socket.on('data', (bytes) => chunks.push(bytes))
    client.send(pipeline)
    return chunks
  })
  const deadline = performance.now() + longestWaitMs
  for (;;) {
    await Promise.all(clients.map((client) => client.bytesUntilQuiet(quietMs)))
    const [one, other] = heard.map((chunks) => new ReplyScanner().push(Buffer.concat(chunks)).length)
    if ((one === other && one !== 0) || performance.now() > deadline) break
  }
  await Promise.all(clients.map((client) => client.close()))
  return heard.map((chunks) => Buffer.concat(chunks).toString('latin1'))
}
