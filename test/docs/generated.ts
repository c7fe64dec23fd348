// A generated part of a page stands between two comments that name it. UPDATE_DOCS=1 rewrites it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

export function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url))
}

export function textOf(name: string): string {
  return existsSync(pathOf(name)) ? readFileSync(pathOf(name), 'utf8') : ''
}

/** Holds what stands in `page` between `<!-- name -->` and `<!-- /name -->` against `content`. */
export function checkGenerated(t: Test, page: string, name: string, content: string): void {
  const [opening, closing] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const text = textOf(page)
  const [start, end] = [text.indexOf(opening), text.indexOf(closing)]
  if (start < 0 || end < start) {
    t.fail(`${page} has the markers of ${name}`)
    return
  }
  // The formatter leaves what follows this comment as it is.
  const part = `\n\n<!-- prettier-ignore -->\n${content}\n\n`
  checkFile(t, page, text.slice(0, start + opening.length) + part + text.slice(end))
}

/** Holds a whole file against `expected`. */
export function checkFile(t: Test, name: string, expected: string): void {
  if (process.env['UPDATE_DOCS'] === '1' && textOf(name) !== expected) writeFileSync(pathOf(name), expected)
  t.equal(textOf(name), expected, `${name} is up to date (npm run docs)`)
}

/** A Markdown table; bars in cells are escaped. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
