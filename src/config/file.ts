// Settings from the YAML file (JSON is YAML too). The yaml package lives here. Every error names the file, line and column.
import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml'
import type { Document, Node, Scalar, YAMLMap } from 'yaml'
import { textsOf } from './flags.ts'
import { isList, quote, refuse } from './kinds.ts'
import { names, sections, suggestion, type Given, type Name } from './names.ts'

/** `path` only names the file in errors. Throws USAGE on a text that is not YAML or names something that is not a setting. */
export function readSettingsFile(path: string, text: string): readonly Given[] {
  return new SettingsFile(path, text).read()
}

class SettingsFile {
  readonly #path: string
  readonly #lines = new LineCounter()
  readonly #document: Document.Parsed
  readonly #given: Given[] = []

  constructor(path: string, text: string) {
    this.#path = path
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
  }

  read(): readonly Given[] {
    const [fault] = [...this.#document.errors, ...this.#document.warnings]
    if (fault) refuse(`${this.#placeOf(fault.pos[0])} ${fault.message}`)
    const root = this.#document.contents
    if (isMap(root)) this.#readMap(root, '')
    else if (!isNothing(root)) refuse(`${this.#place(root)} a map of settings is expected here`)
    return this.#given
  }

  #readMap(map: YAMLMap, prefix: string): void {
    for (const { key, value } of map.items) {
      if (!isScalar(key)) refuse(`${this.#place(key)} the name of a setting is expected here`)
      const path = `${prefix}${textOf(key)}`
      this.#readEntry(path, this.#resolved(value, key), key)
    }
  }

  #readEntry(path: string, value: Node | null, key: Scalar): void {
    const name = names.get(path)
    if (sections.has(path) && isMap(value)) this.#readMap(value, `${path}.`)
    else if (sections.has(path) && isNothing(value)) return
    else if (name !== undefined) this.#readValue(name, value, key)
    else if (sections.has(path))
      refuse(`${this.#place(value)} ${path} is a group of settings and takes no value of its own`)
    else
      refuse(
        `${this.#place(key)} unknown setting ${quote(path)}${suggestion(path, [...names.keys(), ...sections])}`
      )
  }

  #readValue(name: Name, value: Node | null, key: Scalar): void {
    if (isNothing(value)) this.#note(name, key, [''])
    else if (isScalar(value)) this.#note(name, value, textsOf(name, textOf(value)))
    else if (name.setting.kind === 'addressMap') this.#readPairs(name, value)
    else if (isList(name.setting)) this.#readItems(name, value)
    else refuse(`${this.#place(value)} ${name.name} takes one value`)
  }

  #readItems(name: Name, list: Node | null): void {
    if (!isSeq(list)) refuse(`${this.#place(list)} ${name.name} takes a list`)
    if (list.items.length === 0) this.#note(name, list, [])
    for (const item of list.items) this.#note(name, item, [this.#textOf(item, list)])
  }

  #readPairs(name: Name, map: Node | null): void {
    if (!isMap(map)) refuse(`${this.#place(map)} ${name.name} takes a map`)
    if (map.items.length === 0) this.#note(name, map, [])
    for (const { key, value } of map.items)
      this.#note(name, key, [`${this.#textOf(key, map)}=${this.#textOf(value, map)}`])
  }

  #note(name: Name, at: unknown, texts: readonly string[]): void {
    this.#given.push({ ...name, texts, where: `${this.#place(at)} ${name.name}` })
  }

  #textOf(node: unknown, within: Node): string {
    const resolved = this.#resolved(node, within)
    if (isNothing(resolved)) return ''
    return isScalar(resolved)
      ? textOf(resolved)
      : refuse(`${this.#place(resolved)} one value is expected here`)
  }

  #resolved(node: unknown, within: Node): Node | null {
    if (!isAlias(node)) return isNode(node) ? node : null
    return (
      node.resolve(this.#document) ??
      refuse(`${this.#place(within)} ${quote(`*${node.source}`)} is an alias of nothing`)
    )
  }

  #place(node: unknown): string {
    return this.#placeOf(isNode(node) ? (node.range?.[0] ?? 0) : 0)
  }

  #placeOf(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    return `${this.#path}:${line}:${col}:`
  }
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null)
}

/** As it was written: `007` stays `007`, and a password of digits is no number. */
function textOf(scalar: Scalar): string {
  return scalar.source ?? String(scalar.value)
}
