// What somebody sees of the demo: events, each once, and below them on a terminal a panel that is drawn again and
// again. Elsewhere a line every two seconds. Knows nothing of Redis.
import { cursorTo, clearScreenDown, moveCursor } from 'node:readline'
import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'

export type Look = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'
export type Line = { readonly text: string; readonly look?: Look }

export type Panel = {
  readonly lines: readonly Line[]
  /** The same in one line. */
  readonly summary: string
}

const plainEveryMs = 2000

export class Screen {
  readonly #out: WriteStream
  readonly #isLive: boolean
  #panel: readonly Line[] = []
  /** Lines of the panel that are on the screen. */
  #drawn = 0
  #plainAtMs = performance.now()

  constructor(out: WriteStream, env: NodeJS.ProcessEnv = process.env) {
    this.#out = out
    const isWanted = isUnset(env['NO_COLOR']) && isUnset(env['CI']) && env['TERM'] !== 'dumb'
    this.#isLive = out.isTTY && isWanted
  }

  /** One line that stays. */
  say(text: string, look?: Look): void {
    this.#out.cork()
    this.#erase()
    // Long lines may wrap here: they are never taken back.
    this.#write(look === undefined ? { text } : { text, look })
    this.#draw()
    this.#out.uncork()
  }

  show({ lines, summary }: Panel): void {
    if (this.#isLive) {
      // Corked, so that what is taken away and what is drawn reach the terminal together and nothing flickers.
      this.#out.cork()
      this.#erase()
      this.#panel = lines
      this.#draw()
      this.#out.uncork()
    } else if (performance.now() - this.#plainAtMs >= plainEveryMs) {
      this.#plainAtMs = performance.now()
      this.#write({ text: summary })
    }
  }

  /** Takes the panel away. */
  clear(): void {
    this.#erase()
    this.#panel = []
  }

  #erase(): void {
    if (this.#drawn === 0) return
    moveCursor(this.#out, 0, -this.#drawn)
    cursorTo(this.#out, 0)
    clearScreenDown(this.#out)
    this.#drawn = 0
  }

  // A line that wrapped, or one more than fits, would be left over by the next drawing.
  #draw(): void {
    const lines = this.#panel.slice(0, Math.max(0, this.#out.rows - 2))
    for (const line of lines) this.#write({ ...line, text: line.text.slice(0, this.#out.columns - 1) })
    this.#drawn = lines.length
  }

  #write({ text, look }: Line): void {
    this.#out.write(`${look === undefined || !this.#isLive ? text : styleText(look, text)}\n`)
  }
}

function isUnset(value: string | undefined): boolean {
  return value === undefined || value === ''
}
