// Splits an inline request into its arguments, as sdssplitargs of Redis does: quotes, escapes, and what is wrong.

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }
const SPACE = /[\s\0]/

/** The arguments of one line without its end; undefined when quotes do not close or text follows a closing quote. */
export function splitInline(line: Buffer): Buffer[] | undefined {
  const text = line.toString('latin1')
  const words: Buffer[] = []
  let at = 0
  for (;;) {
    while (at < text.length && SPACE.test(text[at] as string)) at++
    if (at >= text.length) return words
    const word = readWord(text, at)
    if (word === undefined) return undefined
    words.push(Buffer.from(word.value, 'latin1'))
    at = word.end
  }
}

type Word = { value: string; end: number }

function readWord(text: string, from: number): Word | undefined {
  let value = ''
  let at = from
  while (at < text.length && !SPACE.test(text[at] as string)) {
    const mark = text[at] as string
    if (mark !== '"' && mark !== "'") {
      value += mark
      at++
      continue
    }
    const quoted = mark === '"' ? readDoubleQuoted(text, at + 1) : readSingleQuoted(text, at + 1)
    // A closing quote must be followed by a space or by nothing.
    if (quoted === undefined || (quoted.end < text.length && !SPACE.test(text[quoted.end] as string)))
      return undefined
    return { value: value + quoted.value, end: quoted.end }
  }
  return { value, end: at }
}

function readDoubleQuoted(text: string, from: number): Word | undefined {
  let value = ''
  for (let at = from; at < text.length; at++) {
    const mark = text[at] as string
    if (mark === '"') return { value, end: at + 1 }
    if (mark !== '\\' || at + 1 >= text.length) {
      value += mark
      continue
    }
    const hex = /^x[0-9a-fA-F]{2}/.exec(text.slice(at + 1, at + 4))
    const escaped = text[at + 1] as string
    value += hex ? String.fromCharCode(Number.parseInt(hex[0].slice(1), 16)) : (ESCAPES[escaped] ?? escaped)
    at += hex ? 3 : 1
  }
  return undefined
}

function readSingleQuoted(text: string, from: number): Word | undefined {
  let value = ''
  for (let at = from; at < text.length; at++) {
    const mark = text[at] as string
    if (mark === "'") return { value, end: at + 1 }
    if (mark === '\\' && text[at + 1] === "'") at++
    value += text[at] as string
  }
  return undefined
}
