// What the admin server shows and does, read from the running proxy and asked of it.
import type { AdminSource, Readiness } from '../admin/source.ts'
import { Metrics } from '../metrics.ts'
import { isReady, metricsSource, type ProcessFacts } from '../numbers.ts'
import { statusOf } from '../status-of.ts'
import type { Proxy } from '../proxy.ts'
import { pause, resume } from './pause.ts'
import type { Reloader } from './reload.ts'

export function adminSource(proxy: Proxy, facts: ProcessFacts, reloader: Reloader): AdminSource {
  const metrics = new Metrics(metricsSource(proxy, facts))
  return {
    status: () => statusOf(proxy, facts, reloader.loaded),
    metrics: async () => ({ type: metrics.contentType, text: await metrics.render() }),
    ready: () => readiness(proxy, facts),
    actions: {
      pause: () => pause(proxy),
      resume: () => resume(proxy),
      switchover: () => proxy.switchover.run(),
      reload: () => reloader.run()
    }
  }
}

// Ready means that a request is sent on at once: not before the first master, in a failover, paused or shutting down.
function readiness(proxy: Proxy, facts: ProcessFacts): Readiness {
  const { controller, discovery } = proxy
  const { isPaused, phase } = controller
  const isDraining = facts.isDraining()
  const hasMaster = phase === 'serving' || phase === 'provisional'
  return {
    ready: isReady(proxy, facts),
    checks: [
      { name: 'master', ok: hasMaster, detail: hasMaster ? phase : discovery.complaint || phase },
      { name: 'running', ok: !isPaused, detail: isPaused ? 'paused by an operator' : 'requests flow' },
      { name: 'serving', ok: !isDraining, detail: isDraining ? 'shutting down' : 'accepting' }
    ]
  }
}
