// SIGHUP and POST /reload: reads the settings anew, checks all of them, takes into force what may change while the
// proxy runs, and names what needs a restart. A mistake anywhere changes nothing.
import { messageOf } from '../errors.ts'
import { planReload } from '../config/reload.ts'
import type { Loaded } from '../config/load.ts'
import type { OpenLog } from '../log.ts'
import type { Proxy } from '../proxy.ts'

export type ReloadReport = {
  readonly done: boolean
  readonly message: string
  readonly applied: readonly string[]
  readonly needRestart: readonly string[]
}

export type ReloaderOptions = {
  readonly proxy: Pick<Proxy, 'change'>
  readonly log: OpenLog
  readonly loaded: Loaded
  /** From the same flags, variables and file as at the start. */
  readonly load: () => Promise<Loaded>
}

export class Reloader {
  /** What is in force, and where it came from. */
  loaded: Loaded
  readonly #options: ReloaderOptions

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.loaded = options.loaded
  }

  /** Never rejects. */
  async run(): Promise<ReloadReport> {
    const { proxy, log, load } = this.#options
    try {
      const { loaded, applied, needRestart } = planReload(this.loaded, await load())
      this.loaded = loaded
      proxy.change(loaded.settings, applied)
      log.setLevel(loaded.settings.log.level)
      return { done: true, message: sentence(applied, needRestart), applied, needRestart }
    } catch (error) {
      const message = `nothing was changed: ${messageOf(error)}`
      return { done: false, message, applied: [], needRestart: [] }
    }
  }
}

function sentence(applied: readonly string[], needRestart: readonly string[]): string {
  if (applied.length + needRestart.length === 0) return 'the settings are those in force'
  const changed = applied.length === 0 ? [] : [`in force now: ${applied.join(', ')}`]
  const waiting = needRestart.length === 0 ? [] : [`after a restart: ${needRestart.join(', ')}`]
  return [...changed, ...waiting].join('; ')
}
