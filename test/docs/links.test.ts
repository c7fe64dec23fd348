// Every file and heading that a page links to is there.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import t from 'tap'
import { filesUnder, root } from '../harness/source-tree.ts'
import { textOf } from './generated.ts'

const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...filesUnder('docs', '.md').map((path) => `docs/${path}`)
]

type Link = { readonly page: string; readonly to: string; readonly heading: string | undefined }

function linksIn(page: string): Link[] {
  const text = textOf(page).replace(/^```[^]*?^```/gm, '')
  return [...text.matchAll(/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g)]
    .filter(([, to = '']) => !/^[a-z]+:/.test(to))
    .map(([, to = '', heading]) => ({
      page,
      to: to === '' ? page : posix.join(posix.dirname(page), to),
      heading
    }))
}

/** As the usual renderers name a heading. */
function anchorsOf(path: string): string[] {
  const text = readFileSync(`${root}/${path}`, 'utf8').replace(/^```[^]*?^```/gm, '')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  )
}

const links = pages.flatMap(linksIn)

t.test('every page links to files that are there', async (t) => {
  t.ok(links.length > 20)
  t.strictSame(
    links.filter(({ to }) => !existsSync(`${root}/${to}`)).map(({ page, to }) => `${page}: ${to}`),
    []
  )
})

t.test('every heading that is linked to is there', async (t) => {
  const missing = links.filter(({ to, heading }) => {
    const path = `${root}/${to}`
    if (heading === undefined || !existsSync(path) || statSync(path).isDirectory()) return false
    return !anchorsOf(to).includes(heading)
  })
  t.strictSame(
    missing.map(({ page, to, heading }) => `${page}: ${to}#${String(heading)}`),
    []
  )
})

t.test('every page under docs is linked from another page', async (t) => {
  const linked = new Set(links.filter(({ page, to }) => page !== to).map(({ to }) => to))
  t.strictSame(
    pages.filter((page) => page.startsWith('docs/') && !linked.has(page)),
    []
  )
})
