// Every reply the proxy writes itself, worded as Redis words it [C2], and the replies it recognises.

export const ok = Buffer.from('+OK\r\n')
export const notInMulti = error('ERR Command not allowed inside a transaction')
export const execAbort = error('EXECABORT Transaction discarded because of previous errors.')
export const unblocked = error('UNBLOCKED client unblocked via CLIENT UNBLOCK')
export const queued = Buffer.from('+QUEUED\r\n')
export const pong = Buffer.from('+PONG\r\n')
export const reset = Buffer.from('+RESET\r\n')

/** No master was found in time: nothing was executed, and client libraries treat it as safe to retry [F4]. */
export const noMaster = error('MASTERDOWN No master was found in time; the request was not executed')

/** The request may or may not have been executed. Its first word is none that client libraries retry [F3]. */
export const inDoubt = error(
  'UNCERTAIN the connection to the master was lost after the request was sent; it may have been executed'
)

export const notAuthenticated = error('NOAUTH Authentication required.')
export const maxClients = error('ERR max number of clients reached')
export const tooManyLanes = error('ERR max number of connections to Redis reached')
export const wrongPass = error('WRONGPASS invalid username-password pair or user is disabled.')
export const noProto = error('NOPROTO unsupported protocol version')
export const badProtocolVersion = error('ERR Protocol version is not an integer or out of range')
export const helloNotAuthenticated = error(
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time'
)
/** The same before Redis 7.2. */
export const helloNotAuthenticatedOld = error(
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time'
)
export const badClientName = error('ERR Client names cannot contain spaces, newlines or special characters.')
export const notAnInt32 = error('ERR value is out of range, value must between -2147483648 and 2147483647')
export const syntaxError = error('ERR syntax error')
export const notAnInteger = error('ERR value is not an integer or out of range')
export const databaseOutOfRange = error('ERR DB index is out of range')

/** An error reply; line ends in `text` become spaces, as Redis does. */
export function error(text: string): Buffer {
  return Buffer.from(`-${text.replace(/[\r\n]/g, ' ')}\r\n`, 'utf8')
}

/** `text` has one character for each byte: it may quote a byte that the client sent. */
export function protocolError(text: string): Buffer {
  return Buffer.from(`-ERR Protocol error: ${text.replace(/[\r\n]/g, ' ')}\r\n`, 'latin1')
}

export function wrongArguments(name: string): Buffer {
  return error(`ERR wrong number of arguments for '${name}' command`)
}

export function unknownSubcommand(container: string, subcommand: string): Buffer {
  return error(`ERR unknown subcommand '${subcommand.slice(0, 128)}'. Try ${container.toUpperCase()} HELP.`)
}

/** The subcommand exists, and takes fewer arguments. */
export function subcommandSyntax(container: string, subcommand: string): Buffer {
  const name = subcommand.slice(0, 128)
  return error(
    `ERR unknown subcommand or wrong number of arguments for '${name}'. Try ${container.toUpperCase()} HELP.`
  )
}

/** Worded as Redis words it when an ACL forbids a command. */
export function refused(name: string): Buffer {
  return error(`NOPERM this user has no permissions to run the '${name}' command`)
}

export function needsOwnLane(name: string): Buffer {
  return error(`ERR '${name}' needs a connection of its own, which this proxy does not offer`)
}

export function onlyInSubscriberMode(name: string): Buffer {
  return error(`ERR ${onlyWords(name)}`)
}

// A refused EXEC says so of the transaction, whether there is one or not.
export const execOnlyInSubscriberMode = error(
  `EXECABORT Transaction discarded because of: ${onlyWords('exec')}`
)

function onlyWords(name: string): string {
  return `Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
}

export function integer(value: number): Buffer {
  return Buffer.from(`:${value}\r\n`)
}

export function bulk(value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')])
}

/** Text in Redis' own format: a verbatim string in RESP3, in RESP2 a bulk string. */
export function verbatim(protocol: 2 | 3, text: string): Buffer {
  return protocol === 3 ? Buffer.from(`=${Buffer.byteLength(text) + 4}\r\ntxt:${text}\r\n`) : bulk(text)
}

export function nullBulk(protocol: 2 | 3): Buffer {
  return protocol === 3 ? NULL_3 : NULL_2
}

/** The value that a failed transaction and a timed-out BLPOP give. */
export function nullArray(protocol: 2 | 3): Buffer {
  return protocol === 3 ? NULL_3 : NULL_ARRAY_2
}

/** A map in RESP3, in RESP2 the flat array that stands for it. */
export function map(protocol: 2 | 3, entries: readonly (readonly [string, Buffer])[]): Buffer {
  const head = protocol === 3 ? `%${entries.length}\r\n` : `*${entries.length * 2}\r\n`
  return Buffer.concat([Buffer.from(head), ...entries.flatMap(([key, value]) => [bulk(key), value])])
}

export function array(values: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`*${values.length}\r\n`), ...values])
}

/** A push in RESP3, in RESP2 an array. */
export function push(protocol: 2 | 3, values: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`${protocol === 3 ? '>' : '*'}${values.length}\r\n`), ...values])
}

/** A set in RESP3, in RESP2 an array. */
export function set(protocol: 2 | 3, values: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`${protocol === 3 ? '~' : '*'}${values.length}\r\n`), ...values])
}

const NULL_2 = Buffer.from('$-1\r\n')
const NULL_3 = Buffer.from('_\r\n')
const NULL_ARRAY_2 = Buffer.from('*-1\r\n')

/**
 * Replies that Redis gives before it executes anything (rejectCommand in server.c; REDIRECT is Valkey's). As long as
 * they are the same in every version: a script may return errors of its own with the same first word.
 */
const UNEXECUTED = [
  "-READONLY You can't write against a read only ",
  '-LOADING Redis is loading the dataset in memory',
  '-LOADING Valkey is loading the dataset in memory',
  '-MASTERDOWN Link with ',
  '-UNBLOCKED force unblock from blocking operation, ',
  // What the proxy itself does to calls that block on a master which has to go.
  '-UNBLOCKED client unblocked via CLIENT UNBLOCK',
  '-REDIRECT '
].map((text) => Buffer.from(text))

/**
 * Whether an error reply proves that its request was not executed because of the node's state [F2].
 * An error that passed through a script does not: the text then goes on with ` script:`.
 */
export function provesUnexecuted(reply: Buffer): boolean {
  return (
    UNEXECUTED.some((text) => reply.subarray(0, text.length).equals(text)) && !reply.includes(' script: ')
  )
}
