// docs/invariants.md lists the tests of each promise, by the tags in their titles. UPDATE_DOCS=1 rewrites the lists.
import { readFileSync } from 'node:fs'
import t from 'tap'
import ts from 'typescript'
import { filesUnder, root } from '../harness/source-tree.ts'
import { checkGenerated, textOf } from './generated.ts'

const page = 'docs/invariants.md'

type Titled = { readonly path: string; readonly title: string; readonly tags: readonly string[] }

/** Every text in a test that ends in tags, whether it stands in quotes or has places to fill. */
function titlesIn(path: string): Titled[] {
  const tree = ts.createSourceFile(
    path,
    readFileSync(`${root}/${path}`, 'utf8'),
    ts.ScriptTarget.ES2023,
    true
  )
  const found: Titled[] = []
  const visit = (node: ts.Node): void => {
    const text = textOfLiteral(node)
    const [, title, tagged] = /^(.*?)((?: ?\[[CFOR]\d{1,2}\])+)$/s.exec(text ?? '') ?? []
    if (title !== undefined && tagged !== undefined)
      found.push({ path, title, tags: [...tagged.matchAll(/[CFOR]\d+/g)].map(([tag]) => tag) })
    else ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

function textOfLiteral(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text
  if (!ts.isTemplateExpression(node)) return undefined
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
}

const titles = filesUnder('test', '.test.ts').flatMap((path) => titlesIn(`test/${path}`))

function listOf(tag: string): string {
  return titles
    .filter(({ tags }) => tags.includes(tag))
    .map(
      ({ path, title }) =>
        `- ${title.replace(/[*<_]/g, '\\$&')} ([${path.slice('test/'.length)}](../${path}))`
    )
    .join('\n')
}

const promises = [...textOf(page).matchAll(/^### ([CFOR]\d{1,2})$/gm)].map(([, tag = '']) => tag)

t.test('every promise lists the tests that carry its tag', async (t) => {
  t.ok(promises.length > 10)
  for (const tag of promises) {
    t.not(listOf(tag), '', `${tag} has a test`)
    checkGenerated(t, page, `tests of ${tag}`, listOf(tag))
  }
})

t.test('every tag of a title is that of a promise which is kept', async (t) => {
  const tags = new Set(titles.flatMap(({ tags: of }) => of))
  t.strictSame(
    [...tags].filter((tag) => !promises.includes(tag)),
    []
  )
})

t.test('a promise that is kept says in which files', async (t) => {
  const sections = textOf(page).split(/^### /m).slice(1)
  const silent = sections
    .filter((section) => !/^Held in \[/m.test(section))
    .map((section) => section.slice(0, 2))
  t.strictSame(silent, [])
})
