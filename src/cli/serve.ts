// Runs the proxy until a signal ends it. SIGTERM: not ready, stop accepting, let each session finish, close, the admin
// server last; a second signal ends at once.
import { startAdmin, type Admin } from '../admin/server.ts'
import type { AdminSource } from '../admin/source.ts'
import type { Loaded } from '../config/load.ts'
import { openLog, type Log } from '../log.ts'
import { Metrics } from '../metrics.ts'
import { isReady, metricsSource, statusOf, type ProcessFacts } from '../numbers.ts'
import { Proxy } from '../proxy.ts'
import { formatAddress } from '../topology/topology.ts'
import { version } from './version.ts'

/** Resolves to the exit code. Rejects with ProxyError LISTEN. */
export async function serve(loaded: Loaded): Promise<number> {
  const { settings } = loaded
  const log = openLog(settings.log.level)
  const proxy = new Proxy(settings, log)
  let isDraining = false
  const port = await proxy.start()
  const facts: ProcessFacts = {
    version: version(),
    startedAtMs: Date.now(),
    listen: formatAddress({ host: settings.listen.host, port }),
    isDraining: () => isDraining
  }
  const admin = await startAdmin({
    address: settings.admin.listen,
    token: settings.admin.token,
    source: adminSource(proxy, facts, loaded),
    log
  }).catch(async (error: unknown) => {
    await proxy.stop(0)
    throw error
  })
  log.info(
    { listen: facts.listen, admin: admin.port, master: settings.master, version: facts.version },
    'listening'
  )
  warnOfAccess(loaded, log)
  const signal = await nextSignal()
  isDraining = true
  log.info({ signal, clients: proxy.listener.sessions.size }, 'shutting down')
  return Promise.race([shutDown(proxy, admin, loaded), nextSignal().then(() => 1)])
}

async function shutDown(proxy: Proxy, admin: Admin, { settings }: Loaded): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, settings.shutdown.delayMs))
  await proxy.stop(settings.shutdown.drainTimeoutMs)
  await admin.close()
  return 0
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals: NodeJS.Signals[] = ['SIGTERM', 'SIGINT']
    const onSignal = (signal: NodeJS.Signals): void => {
      for (const name of signals) process.removeListener(name, onSignal)
      resolve(signal)
    }
    for (const name of signals) process.on(name, onSignal)
  })
}

function adminSource(proxy: Proxy, facts: ProcessFacts, loaded: Loaded): AdminSource {
  const metrics = new Metrics(metricsSource(proxy, facts))
  const { controller, discovery } = proxy
  return {
    status: () => statusOf(proxy, facts, loaded),
    metrics: async () => ({ type: metrics.contentType, text: await metrics.render() }),
    ready: () => ({
      ready: isReady(proxy, facts),
      checks: [
        {
          name: 'master',
          ok: controller.admission === 'forward',
          detail: discovery.complaint || controller.phase
        },
        {
          name: 'serving',
          ok: !facts.isDraining(),
          detail: facts.isDraining() ? 'shutting down' : 'accepting'
        }
      ]
    }),
    actions: {
      pause: () => {
        controller.setPaused(true)
        return Promise.resolve({ done: true, message: 'requests are held' })
      },
      resume: () => {
        controller.setPaused(false)
        return Promise.resolve({ done: true, message: 'requests flow' })
      },
      switchover: () => proxy.switchover.run()
    }
  }
}

function warnOfAccess({ settings }: Loaded, log: Log): void {
  const { host } = settings.listen
  const isLoopback = host.startsWith('127.') || host === '::1' || host === 'localhost'
  if (isLoopback || settings.client.password !== '' || settings.redis.password === '') return
  log.warn({}, 'clients from other hosts must AUTH with a user of Redis: no client.password is set')
}
