// The README's table of settings and config/holdfast.yaml are what the settings table says. UPDATE_DOCS=1 rewrites them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { settingsMarkdown, settingsYaml } from '../../src/config/describe.ts'
import { loadSettings } from '../../src/config/load.ts'
import { settingsTable } from '../../src/config/settings.ts'

const readme = fileURLToPath(new URL('../../README.md', import.meta.url))
const yaml = fileURLToPath(new URL('../../config/holdfast.yaml', import.meta.url))
const [opening, closing] = ['<!-- settings -->', '<!-- /settings -->']

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function settle(path: string, expected: string): string {
  if (process.env['UPDATE_DOCS'] === '1' && textOf(path) !== expected) writeFileSync(path, expected)
  return textOf(path)
}

t.test("the README's settings are those of the settings table", async (t) => {
  const text = textOf(readme)
  const [start, end] = [text.indexOf(opening), text.indexOf(closing)]
  if (start < 0 || end < start) {
    t.fail('the README has both markers')
    return
  }
  const table = `\n\n<!-- prettier-ignore -->\n${settingsMarkdown()}\n\n`
  const expected = text.slice(0, start + opening.length) + table + text.slice(end)
  t.equal(settle(readme, expected), expected)
})

t.test('config/holdfast.yaml is what the settings table says', async (t) => {
  const expected = settingsYaml()
  t.equal(settle(yaml, expected), expected)
})

t.test('config/holdfast.yaml loads, and changes nothing', async (t) => {
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  const loaded = loadSettings({ argv: ['--config', yaml], env: {}, readFile })
  t.strictSame(loaded.settings, loadSettings({ argv: [], env: {}, readFile }).settings)
  const written = settingsTable.filter(
    ({ default: text, kind }) => text !== '' || kind === 'names' || kind === 'addressMap'
  )
  const fromFile = Object.entries(loaded.sources).filter(([, source]) => source === 'file')
  t.strictSame(
    fromFile.map(([key]) => key),
    written.map(({ key }) => key),
    'every setting that has a default is in it'
  )
})
