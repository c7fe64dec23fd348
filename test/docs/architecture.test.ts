// The tables of docs/architecture.md are those that the sources are held to. UPDATE_DOCS=1 rewrites them.
import { statSync } from 'node:fs'
import t from 'tap'
import { aboveJoints, joints, mayImport, packages } from '../harness/import-table.ts'
import { root, sourceFiles } from '../harness/source-tree.ts'
import { checkGenerated, tableOf, textOf } from './generated.ts'

const page = 'docs/architecture.md'

function importsTable(): string {
  const rows = Object.entries(mayImport).map(([part, others]) => [
    part,
    others.map(typesInItalics).join(', ')
  ])
  const below = `everything but ${aboveJoints.join(', ')}`
  return tableOf(['part', 'may import'], [...rows, [joints.join(', '), below]])
}

function typesInItalics(part: string): string {
  return part.replace(/^\((.*)\)$/, '*$1*')
}

function packagesTable(): string {
  const files = sourceFiles()
  const rows = Object.keys(packages).map((name) => {
    const importing = files.filter(({ imports }) => imports.some(({ from }) => from === name))
    return [name, importing.map(({ path }) => `[${path}](../src/${path})`).join(', ')]
  })
  return tableOf(['package', 'imported by'], rows)
}

t.test('the import table is the one that the sources are held to', async (t) => {
  checkGenerated(t, page, 'imports', importsTable())
})

t.test('each package is shown where it is imported', async (t) => {
  checkGenerated(t, page, 'packages', packagesTable())
})

t.test('every part of the sources is named on the page', async (t) => {
  const text = textOf(page)
  const parts = [...new Set(sourceFiles().map(({ path }) => path.split('/')[0] ?? ''))]
  const folders = parts.filter((part) => statSync(`${root}/src/${part}`).isDirectory())
  t.ok(folders.length > 5)
  t.strictSame(
    folders.filter((folder) => !text.includes(`(../src/${folder})`)),
    []
  )
})
