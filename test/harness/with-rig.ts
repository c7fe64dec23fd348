// Rigs, proxies and clients that end with the test that asked for them.
import type { Test } from 'tap'
import { startRig, type Rig, type RigOptions } from '../../src/demo/redis-rig.ts'
import { FakeRedis, type Answer } from './fake-redis.ts'
import { startProxy, type ProxyOptions, type ProxyProcess } from './proxy-process.ts'
import { RawClient } from './raw-client.ts'

type Owner = Pick<Test, 'teardown'>

export async function useRig(t: Owner, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.stop())
  return rig
}

/** With `rig` from useRig; its end is registered after the rig's, so it runs before it. */
export async function useProxy(
  t: Owner,
  rig: ProxyOptions['rig'],
  options: Omit<ProxyOptions, 'rig'> = {}
): Promise<ProxyProcess> {
  const proxy = await startProxy({ ...options, rig })
  t.teardown(() => proxy.stop('SIGKILL'))
  return proxy
}

export async function useClient(t: Owner, to: { readonly port: number }): Promise<RawClient> {
  const client = await RawClient.connect(to.port)
  t.teardown(() => client.close())
  return client
}

export async function useFakeRedis(t: Owner, answer?: Answer): Promise<FakeRedis> {
  const redis = await FakeRedis.listen(answer)
  t.teardown(() => redis.close())
  return redis
}
