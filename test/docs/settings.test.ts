// The README's table of settings and config/holdfast.yaml are what the settings table says. UPDATE_DOCS=1 rewrites them.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { settingsMarkdown, settingsYaml } from '../../src/config/describe.ts'
import { loadSettings } from '../../src/config/load.ts'
import { settingsTable } from '../../src/config/settings.ts'
import { checkFile, checkGenerated, pathOf } from './generated.ts'

t.test("the README's settings are those of the settings table", async (t) => {
  checkGenerated(t, 'README.md', 'settings', settingsMarkdown())
})

t.test('config/holdfast.yaml is what the settings table says', async (t) => {
  checkFile(t, 'config/holdfast.yaml', settingsYaml())
})

t.test('config/holdfast.yaml loads, and changes nothing', async (t) => {
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  const loaded = loadSettings({ argv: ['--config', pathOf('config/holdfast.yaml')], env: {}, readFile })
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
