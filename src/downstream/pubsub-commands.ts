// SUBSCRIBE, UNSUBSCRIBE and their kin, answered as Redis answers them (pubsub.c): one confirmation for each name, with
// the client's own count, in RESP3 as a push. They take their turn behind everything that the session asked before.
import * as replies from '../resp/replies.ts'
import type { Answer, Row } from './here.ts'
import type { SessionState } from './session-state.ts'
import type { PubsubKind } from './subscriptions.ts'

const ANY = Number.MAX_SAFE_INTEGER

// prettier-ignore
export const pubsubAnswers: Readonly<Record<string, Row>> = {
  subscribe:    { least: 2, most: ANY, answer: subscribe('subscribe', 'channel') },
  psubscribe:   { least: 2, most: ANY, answer: subscribe('psubscribe', 'pattern') },
  ssubscribe:   { least: 2, most: ANY, answer: subscribe('ssubscribe', 'shard') },
  unsubscribe:  { least: 1, most: ANY, answer: unsubscribe('unsubscribe', 'channel') },
  punsubscribe: { least: 1, most: ANY, answer: unsubscribe('punsubscribe', 'pattern') },
  sunsubscribe: { least: 1, most: ANY, answer: unsubscribe('sunsubscribe', 'shard') }
}

function subscribe(verb: string, kind: PubsubKind): Answer {
  return (session, [, ...names], { subscriptions }) => {
    session.parkInTurn((done) => {
      const feed = subscriptions.feedOf(session.state)
      if (feed === undefined) {
        done(replies.tooManyLanes)
        return
      }
      const subscriber = subscriptions.of(session)
      subscriber.subscribe(feed, kind, names, (refusal) => {
        if (refusal === undefined) {
          for (const name of names) {
            subscriber.add(feed, kind, name)
            session.push(confirmation(session.state, verb, kind, name))
          }
        }
        done(refusal ?? NOTHING)
      })
    })
  }
}

function unsubscribe(verb: string, kind: PubsubKind): Answer {
  return (session, [, ...named], { subscriptions }) => {
    session.parkInTurn((done) => {
      const subscriber = subscriptions.find(session.state)
      const names = named.length > 0 ? named : (subscriber?.names(kind) ?? [])
      const confirm = (): void => {
        for (const name of names) {
          subscriber?.remove(kind, name)
          session.push(confirmation(session.state, verb, kind, name))
        }
        if (names.length === 0) session.push(confirmation(session.state, verb, kind, undefined))
        done(NOTHING)
      }
      if (subscriber === undefined) confirm()
      else subscriber.unsubscribe(kind, names, confirm)
    })
  }
}

// Confirmations leave though CLIENT REPLY is off: to Redis they are no replies.
const NOTHING = Buffer.alloc(0)

function confirmation(state: SessionState, verb: string, kind: PubsubKind, name: Buffer | undefined): Buffer {
  const { channel, pattern, shard } = state.subscriptions
  const count = kind === 'shard' ? shard : channel + pattern
  const what = name === undefined ? replies.nullBulk(state.protocol) : replies.bulk(name)
  return replies.push(state.protocol, [replies.bulk(verb), what, replies.integer(count)])
}
