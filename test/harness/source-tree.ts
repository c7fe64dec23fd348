// What the architecture test knows of a source file: its imports, its names and its comments.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export type Import = { readonly from: string; readonly typesOnly: boolean }

export type SourceFile = {
  /** From src on, such as resp/decode.ts. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly names: ReadonlySet<string>
}

export function sourceFiles(): SourceFile[] {
  return filesUnder('src', '.ts').map((path) => read(path))
}

/** Paths relative to the folder, with / on every system. */
export function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith(ending))
    .sort()
}

function read(path: string): SourceFile {
  const text = readFileSync(`${root}/src/${path}`, 'utf8')
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
  const imports: Import[] = []
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    const found = importOf(node)
    if (found !== undefined) imports.push(found)
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) names.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return { path, text, lines: text.trimEnd().split('\n').length, imports, names }
}

function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const typesOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return { from: node.moduleSpecifier.text, typesOnly }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return { from: node.moduleSpecifier.text, typesOnly: node.isTypeOnly }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [from] = node.arguments
    return from && ts.isStringLiteral(from) ? { from: from.text, typesOnly: false } : undefined
  }
  return undefined
}
