// When the proxy gives which error, for the README. The texts are those of resp/replies.ts: commands.test.ts sees to it
// that none is left out.
import * as replies from '../../src/resp/replies.ts'

export type OwnReply = { readonly reply: Buffer; readonly when: string }

/** What no Redis would say in that place. */
export const ownErrors: readonly OwnReply[] = [
  {
    reply: replies.noMaster,
    when: 'No master was found within `hold.window` or `hold.budget`, or as many requests are held as may be. Nothing was executed; client libraries treat the first word as safe to try again.'
  },
  {
    reply: replies.inDoubt,
    when: 'A write was sent and its fate is unknown. No client library tries again by itself: look whether it happened. With `failover.inDoubt: close` the connection is closed behind it.'
  },
  { reply: replies.refused('<command>'), when: 'The command is refused, see above.' },
  {
    reply: replies.notInMulti,
    when: 'Inside `MULTI`: a command that speaks of the connection, such as `CLIENT`, `HELLO` or `SUBSCRIBE`. `EXEC` fails then.'
  },
  {
    reply: replies.tooManyLanes,
    when: 'No connection to Redis is free: `lane.maxPerNode` in shared use, or none of `lane.pinnedMax` within `lane.pinnedWait`.'
  },
  {
    reply: replies.needsOwnLane('<command>'),
    when: 'A command whose connection state the proxy does not keep.'
  }
]

/** What Redis says in the same place. */
export const wordedAsRedis: readonly OwnReply[] = [
  { reply: replies.maxClients, when: 'One client more than `client.maxClients`; it is closed.' },
  { reply: replies.notAuthenticated, when: 'A client that has to AUTH has not.' },
  { reply: replies.helloNotAuthenticated, when: 'The same, for `HELLO` without `AUTH`.' },
  { reply: replies.helloNotAuthenticatedOld, when: 'The same, in front of a Redis before 7.2.' },
  { reply: replies.wrongPass, when: 'A password that is not `client.password`, where one is set.' },
  { reply: replies.noProto, when: '`HELLO` with another version than 2 and 3.' },
  { reply: replies.badProtocolVersion, when: '`HELLO` with what is no number.' },
  { reply: replies.badClientName, when: '`CLIENT SETNAME`, `HELLO ... SETNAME`.' },
  {
    reply: replies.databaseOutOfRange,
    when: '`SELECT` of a negative number; of one that is too high Redis says so itself.'
  },
  { reply: replies.notAnInteger, when: '`SELECT`, `CLIENT UNBLOCK` with what is no number.' },
  { reply: replies.notAnInt32, when: '`SELECT` of a number beyond 32 bits.' },
  { reply: replies.syntaxError, when: '`AUTH` and `CLIENT` with words that make no sense there.' },
  {
    reply: replies.wrongArguments('<command>'),
    when: 'A command that the proxy answers, with too few or too many words.'
  },
  {
    reply: replies.unknownSubcommand('client', '<word>'),
    when: 'A `CLIENT` that the server does not have, or that makes no sense here.'
  },
  {
    reply: replies.subcommandSyntax('client', '<word>'),
    when: '`CLIENT UNBLOCK`, `CLIENT PAUSE` with too many words.'
  },
  { reply: replies.unblocked, when: 'The call was blocked, and `CLIENT UNBLOCK ... ERROR` ended it.' },
  { reply: replies.execAbort, when: '`EXEC` of a transaction of which a command was refused here.' },
  { reply: replies.onlyInSubscriberMode('<command>'), when: 'In RESP2, while the client subscribes.' },
  { reply: replies.execOnlyInSubscriberMode, when: 'The same, for `EXEC`.' },
  {
    reply: replies.protocolError('<what>'),
    when: 'What came is no request; the connection is closed behind it, as by Redis.'
  }
]
