// Runs the proxy until a signal ends it. SIGTERM: not ready, stop accepting, let each session finish, close, the admin
// server last; exit code 0. A second signal ends at once, with exit code 1. SIGHUP reloads the settings.
import { setTimeout as sleep } from 'node:timers/promises'
import { startAdmin, type Admin } from '../admin/server.ts'
import type { Loaded } from '../config/load.ts'
import { openLog, type Log } from '../log.ts'
import type { ProcessFacts } from '../numbers.ts'
import { Proxy } from '../proxy.ts'
import { formatAddress } from '../topology/topology.ts'
import { adminSource } from './admin-source.ts'
import { letHeapGrowWithLoad } from './heap.ts'
import { Reloader } from './reload.ts'
import { Signals } from './signals.ts'
import { version } from './version.ts'

const LINGER_MS = 500

/** `load` reads the settings anew. Resolves to the exit code. Rejects with ProxyError LISTEN. */
export async function serve(loaded: Loaded, load: () => Promise<Loaded>): Promise<number> {
  const { settings } = loaded
  const log = openLog(settings.log.level)
  const proxy = new Proxy(settings, log)
  const reloader = new Reloader({ proxy, log, loaded, load })
  const signals = new Signals(() => {
    void reloadOnSignal(reloader, log)
  })
  const state = { isDraining: false }
  const port = await proxy.start()
  const facts: ProcessFacts = {
    version: version(),
    startedAtMs: Date.now(),
    listen: formatAddress({ host: settings.listen.host, port }),
    isDraining: () => state.isDraining
  }
  const admin = await openAdmin(proxy, facts, reloader, log)
  log.info(
    { listen: facts.listen, admin: admin.port, master: settings.master, version: facts.version },
    'listening'
  )
  warnOfAccess(loaded, log)
  letHeapGrowWithLoad()
  const signal = await signals.next()
  state.isDraining = true
  log.info({ signal, clients: proxy.listener.sessions.size }, 'shutting down')
  void endAtOnce(signals, log)
  return shutDown(proxy, admin, log)
}

async function openAdmin(proxy: Proxy, facts: ProcessFacts, reloader: Reloader, log: Log): Promise<Admin> {
  const { listen, token } = proxy.settings.admin
  try {
    return await startAdmin({ address: listen, token, source: adminSource(proxy, facts, reloader), log })
  } catch (error) {
    await proxy.stop(0)
    throw error
  }
}

async function shutDown(proxy: Proxy, admin: Admin, log: Log): Promise<number> {
  const { delayMs, drainTimeoutMs } = proxy.settings.shutdown
  await sleep(delayMs)
  const cut = await proxy.stop(drainTimeoutMs)
  await admin.close()
  if (cut > 0) log.warn({ clients: cut }, 'closed before they had their replies')
  log.info({}, 'ended')
  // What is still under way, such as a switchover, must not keep the process.
  setTimeout(() => process.exit(0), LINGER_MS).unref()
  return 0
}

// Open connections would keep the process alive.
async function endAtOnce(signals: Signals, log: Log): Promise<void> {
  const signal = await signals.next()
  log.warn({ signal }, 'ended at once by a second signal')
  process.exit(1)
}

async function reloadOnSignal(reloader: Reloader, log: Log): Promise<void> {
  const { done, message } = await reloader.run()
  if (done) log.info({ signal: 'SIGHUP' }, `settings reloaded: ${message}`)
  else log.error({ signal: 'SIGHUP' }, `settings not reloaded: ${message}`)
}

function warnOfAccess({ settings }: Loaded, log: Log): void {
  const { host } = settings.listen
  const isLoopback = host.startsWith('127.') || host === '::1' || host === 'localhost'
  if (isLoopback || settings.client.password !== '' || settings.redis.password === '') return
  log.warn({}, 'clients from other hosts must AUTH with a user of Redis: no client.password is set')
}
