// Builds the clients' side: who may enter, what the proxy answers itself, and what each session is given.
import { systemClock as clock } from './clock.ts'
import { Access } from './downstream/access.ts'
import { answerHere, type HereContext } from './downstream/here.ts'
import { Listener } from './downstream/listener.ts'
import { Monitors } from './downstream/monitors.ts'
import { Pause } from './downstream/pause.ts'
import type { SessionParts } from './downstream/session-parts.ts'
import type { Session } from './downstream/session.ts'
import type { Proxy } from './proxy.ts'
import { SubscriberCounts } from './downstream/subscriber-counts.ts'
import { sessionLimits } from './rules.ts'
import type { Turn } from './turn.ts'
import { Verifier } from './upstream/verifier.ts'

/** With everything of the proxy that is built before it. */
export function openListener(proxy: Proxy, turn: Turn): Listener {
  const { settings, lanes, gate, budget, scripts, counters, subscriptions, knowledge: table } = proxy
  const access = openAccess(proxy)
  const pause = new Pause(clock)
  const monitors = new Monitors((user, events) => proxy.feeds.monitor(user, events))
  const here = openAnswers(proxy, access, pause, monitors)
  const limits = sessionLimits(settings)
  const reads = { policy: settings.reads, causality: proxy.causality }
  const data = { turn, table, ...reads, budget, scripts, counters, lanes, gate }
  return new Listener({
    clock,
    access,
    limits: settings.client,
    onClosed: ({ state }) => {
      subscriptions.leave(state)
      monitors.leave(state)
    },
    parts: { clock, ...data, counts: new SubscriberCounts(subscriptions), limits, pause, here }
  })
}

function openAnswers(proxy: Proxy, access: Access, pause: Pause, monitors: Monitors): SessionParts['here'] {
  const askMaster: HereContext['askMaster'] = (words, done) => {
    proxy.controller.seat.ask(words, done)
  }
  return answerHere({
    clock,
    access,
    pause,
    subscriptions: proxy.subscriptions,
    monitors,
    serviceUser: proxy.settings.redis.username || 'default',
    sessions: () => proxy.listener.sessions,
    unblock: (id, how, done) => {
      const clientId = proxy.listener.sessions.get(id)?.requests.endBlocked(how)
      if (clientId === undefined) done(false)
      else
        askMaster(['CLIENT', 'UNBLOCK', String(clientId), how], (reply) => {
          done(reply === 1)
        })
    },
    serverVersion: () => proxy.knowledge.version,
    askMaster,
    isOpenTo: (session: Session) => proxy.listener.isOpenTo(session)
  })
}

function openAccess(proxy: Proxy): Access {
  const { settings, controller, dialer } = proxy
  const { client, redis } = settings
  const verifier = new Verifier({
    dialer,
    clock,
    master: () => (controller.admission === 'forward' ? controller.topology?.master : undefined),
    windowMs: () => proxy.holdWindowMs
  })
  return new Access({
    clientPassword: client.password === '' ? undefined : client.password,
    holdsPassword: redis.password !== '',
    verify: (identity, done, question) => {
      verifier.verify(identity, done, question)
    }
  })
}
