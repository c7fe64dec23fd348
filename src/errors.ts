// The closed list of what can go wrong at start-up or by a mistake of the operator. Failures on the data path are
// values (decisions, replies, close reasons), never exceptions.

export type ErrorCode =
  | 'USAGE' // a flag, a variable or the settings file is wrong: exit code 2
  | 'LISTEN' // the address to listen on cannot be had
  | 'SENTINEL' // no Sentinel could be asked
  | 'UNKNOWN_MASTER' // the Sentinels do not know this master name
  | 'AUTH' // a password is missing or wrong; the message says which of the two
  | 'ADMIN' // the admin server of a running proxy cannot be asked

export class ProxyError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ProxyError'
    this.code = code
  }
}

/** The text of anything that was thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
