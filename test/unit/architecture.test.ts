// The rules of the source tree that no compiler knows: who may import whom, what lives where, and which words are used.
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import t from 'tap'
import { aboveJoints, joints, mayImport, packages } from '../harness/import-table.ts'
import { filesUnder, root, sourceFiles, type Import, type SourceFile } from '../harness/source-tree.ts'

// They decide and do nothing: no socket, no file, no clock of their own.
const pure = /^(resp|command|route)\/|^exchange\.ts$|^failover\/(machine|settle)\.ts$|^topology\/decide\.ts$/

const wordsNotUsed = new Set(
  'backend helper helpers util utils manager common slot job pending conn ctx packet sticky follower'.split(
    ' '
  )
)

const files = sourceFiles()

function partOf(path: string): string {
  return path.split('/')[0]?.replace(/\.ts$/, '') ?? ''
}

function isAllowed(file: SourceFile, { from, typesOnly }: Import): boolean {
  const own = partOf(file.path)
  const other = partOf(posix.join(posix.dirname(file.path), from))
  if (own === other) return true
  if (joints.includes(own)) return !aboveJoints.includes(other)
  const allowed = mayImport[own] ?? []
  return allowed.includes(other) || (typesOnly && allowed.includes(`(${other})`))
}

function isOwn({ from }: Import): boolean {
  return from.startsWith('.')
}

/** Every breach as `file: what`, so that a failure names them all. */
function breaches(look: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => look(file).map((what) => `${file.path}: ${what}`))
}

t.test('no part imports another one that the table does not allow', async (t) => {
  t.ok(files.length > 0)
  t.strictSame(
    breaches((file) =>
      file.imports.filter((it) => isOwn(it) && !isAllowed(file, it)).map((it) => `imports ${it.from}`)
    ),
    []
  )
})

t.test('every part has its row in the table', async (t) => {
  const parts = new Set(files.map((file) => partOf(file.path)))
  for (const joint of joints) parts.delete(joint)
  t.strictSame([...parts].filter((part) => mayImport[part] === undefined).sort(), [])
})

t.test('a package is imported in its one part only', async (t) => {
  const isForeign = (it: Import): boolean => !isOwn(it) && !it.from.startsWith('node:')
  t.strictSame(
    breaches((file) =>
      file.imports
        .filter((it) => isForeign(it) && packages[it.from]?.test(file.path) !== true)
        .map((it) => it.from)
    ),
    []
  )
})

t.test('the parts that only decide reach neither network nor files', async (t) => {
  t.strictSame(
    breaches((file) =>
      pure.test(file.path)
        ? file.imports
            .map((it) => it.from)
            .filter((from) => from.startsWith('node:') && from !== 'node:assert')
        : []
    ),
    []
  )
})

t.test('no source file is longer than 300 lines', async (t) => {
  t.strictSame(
    breaches((file) => (file.lines > 300 ? [`${file.lines} lines`] : [])),
    []
  )
})

t.test('every source file opens with what it owns, and none only re-exports', async (t) => {
  t.strictSame(
    breaches((file) => [
      ...(/^(#!.*\n)?\/\/ [A-Z\S]/.test(file.text) ? [] : ['does not open with a comment']),
      ...(file.path.endsWith('index.ts') ? ['is an index'] : [])
    ]),
    []
  )
})

t.test('the words the design avoids are not used as names', async (t) => {
  const wordsOf = (name: string): string[] =>
    name.split(/(?=[A-Z])|[_\-./]/).map((word) => word.toLowerCase())
  const isOnTheWire = (path: string): boolean => /^(topology|upstream)\/|^metrics-source\.ts$/.test(path)
  t.strictSame(
    breaches((file) =>
      [...file.names, file.path].filter((name) =>
        wordsOf(name).some(
          (word) => wordsNotUsed.has(word) || (/^slaves?$/.test(word) && !isOnTheWire(file.path))
        )
      )
    ),
    []
  )
})

t.test(
  'every promise named in a comment or a title is defined, and every defined one has its test',
  async (t) => {
    const page = `${root}/docs/invariants.md`
    const tests = filesUnder('test', '.test.ts').map((path) => readFileSync(`${root}/test/${path}`, 'utf8'))
    const tagsIn = (text: string): string[] =>
      [...text.matchAll(/\[([CFOR]\d{1,2})\]/g)].map(([, tag]) => tag ?? '')
    const tested = new Set(tests.flatMap(tagsIn))
    const used = new Set([...files.flatMap((file) => tagsIn(file.text)), ...tested])
    t.ok(used.size > 0)

    if (!existsSync(page)) return
    // A promise that is kept has a heading of its own; those under "Not kept yet" have none.
    const defined = new Set(
      [...readFileSync(page, 'utf8').matchAll(/^### ([CFOR]\d{1,2})\b/gm)].map(([, tag]) => tag ?? '')
    )
    t.strictSame([...used].filter((tag) => !defined.has(tag)).sort(), [], 'used, not defined')
    t.strictSame([...defined].filter((tag) => !tested.has(tag)).sort(), [], 'defined, not tested')
  }
)
