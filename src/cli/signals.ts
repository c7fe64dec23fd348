// The signals of the process as they come: those that end it, one after the other, and the one that reloads.

const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']

export class Signals {
  readonly #seen: NodeJS.Signals[] = []
  #wake: (() => void) | undefined

  /** From here on signals no longer do what they do by default. */
  constructor(onReload: () => void) {
    for (const name of ENDING) {
      process.on(name, () => {
        this.#seen.push(name)
        this.#wake?.()
      })
    }
    process.on('SIGHUP', onReload)
  }

  /** The next one that asks the process to end; one that came before this call counts. */
  async next(): Promise<NodeJS.Signals> {
    for (;;) {
      const first = this.#seen.shift()
      if (first !== undefined) return first
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
