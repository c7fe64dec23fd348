// A plain Redis beside the proxy: the same requests to both, and the replies side by side.
import type { Test } from 'tap'
import type { Rig, RigOptions } from '../../src/demo/redis-rig.ts'
import type { ProxyProcess } from '../harness/proxy-process.ts'
import { RawClient, requestOf } from '../harness/raw-client.ts'
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

/** Sends both a whole pipeline in one write; what came back until nothing more does. */
export async function pipeBoth(
  { plain, proxy }: Beside,
  lines: readonly string[],
  quietMs: number
): Promise<string[]> {
  const pipeline = Buffer.concat(lines.map((line) => requestOf(...words(line))))
  return Promise.all(
    [plain, proxy].map(async (target) => {
      const client = await RawClient.connect(target.port)
      client.send(pipeline)
      const first = await Promise.race([client.reply(), client.closed.then(() => Buffer.alloc(0))])
      const rest = await client.bytesUntilQuiet(quietMs)
      await client.close()
      return first.toString('latin1') + rest.toString('latin1')
    })
  )
}
