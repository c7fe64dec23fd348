// Structured logging. Nothing in the data path logs per request [O1]; secrets are never passed here.
import { pino } from 'pino'

type Write = (facts: Readonly<Record<string, unknown>>, text: string) => void

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export type Log = Readonly<Record<'debug' | 'info' | 'warn' | 'error', Write>>

export type OpenLog = Log & { readonly setLevel: (level: LogLevel) => void }

/** JSON lines on standard error, which stays readable when it is a file, a pipe or a terminal. */
export function openLog(level: LogLevel): OpenLog {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false })
  )
  return {
    setLevel: (next) => {
      logger.level = next
    },
    debug: (facts, text) => {
      logger.debug(facts, text)
    },
    info: (facts, text) => {
      logger.info(facts, text)
    },
    warn: (facts, text) => {
      logger.warn(facts, text)
    },
    error: (facts, text) => {
      logger.error(facts, text)
    }
  }
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
