// Reads a conformance script: lines such as those typed into redis-cli, with a few words of its own.
//
//   SET k v                    one request on connection a, one reply
//   b: GET k                   on another connection, opened by its first line
//   SUBSCRIBE c d => 2         so many replies or pushes (0 for none)
//   ~unordered SMEMBERS s      differs as allowed-differences.ts allows under that name
//   raw "PING\r\n"             these bytes as they are
//   together ... end           the lines between leave in one write (of one connection)
//   receive b 1                so many more replies or pushes on b
//   blocked 1                  wait until Redis counts so many blocked clients
//   keep b name                the body of b's last reply, used as {name}; {b.id} and {b.addr} are always there
//   ended b                    Redis ends the connection
//   close b, half-close b      the client ends it
//   sleep 20                   milliseconds, only where time itself is the subject
//   # resp 2                   in a comment line: the script is for this protocol alone
import { readFileSync, readdirSync } from 'node:fs'
import type { Kept, Program, Request, Step } from '../harness/differential.ts'
import { requestOf } from '../harness/raw-client.ts'
import { allowedDifferences } from './allowed-differences.ts'

export type Script = { readonly name: string; readonly protocols: readonly (2 | 3)[]; readonly text: string }

export function readScript(name: string, text: string): Script {
  const only = /^# resp ([23])$/m.exec(text)?.[1]
  return { name, text, protocols: only === undefined ? [2, 3] : [only === '2' ? 2 : 3] }
}

/** All scripts of a folder, in the order of their names. */
export function scripts(folder = 'scripts/'): Script[] {
  const place = new URL(folder, import.meta.url)
  return readdirSync(place)
    .filter((file) => file.endsWith('.redis'))
    .sort()
    .map((file) => readScript(file.replace('.redis', ''), readFileSync(new URL(file, place), 'utf8')))
}

/** Throws with the line that is not understood. */
export function programOf({ name, text }: Script, protocol: 2 | 3): Program {
  const reader = new Reader(name)
  for (const [index, line] of text.split('\n').entries()) reader.take(line, index + 1)
  return { steps: reader.steps, protocol, needsIds: /\{\w+\.id\}/.test(text) }
}

class Reader {
  readonly steps: Step[] = []
  readonly #name: string
  #together: { on: string; requests: Request[]; label: string } | undefined

  constructor(name: string) {
    this.#name = name
  }

  take(line: string, number: number): void {
    if (line.trim() === '' || line.startsWith('#')) return
    const label = `${this.#name}:${number}: ${line}`
    const words = line.trim().split(/\s+/)
    const step = waiting(words, label)
    if (step !== undefined) this.steps.push(step)
    else if (line === 'together') this.#together = { on: '', requests: [], label }
    else if (line === 'end') this.#leave()
    else this.#request(line, label)
  }

  #request(line: string, label: string): void {
    const parts = /^(?:(\w+): )?(?:~([\w-]+) )?(.*?)(?: => (\d+))?$/.exec(line)
    const [, on = 'a', allowed, what = '', replies = '1'] = parts ?? []
    const request: Request = {
      bytes: bytesOf(what, label),
      replies: Number(replies),
      ...(allowed === undefined ? {} : { allowed: allowedDifferences(allowed, label) })
    }
    const together = this.#together
    if (together === undefined) this.steps.push({ kind: 'send', on, requests: [request], label })
    else {
      if (together.requests.length > 0 && together.on !== on) throw new Error(`another connection: ${label}`)
      together.on = on
      together.requests.push(request)
    }
  }

  #leave(): void {
    if (this.#together === undefined) throw new Error(`${this.#name}: nothing to end`)
    this.steps.push({ kind: 'send', ...this.#together })
    this.#together = undefined
  }
}

/** The lines that send nothing. */
function waiting(words: readonly string[], label: string): Step | undefined {
  const [verb, first = '', second = ''] = words
  switch (verb) {
    case 'receive':
      return { kind: 'receive', on: first, replies: Number(second), label }
    case 'blocked':
      return { kind: 'blocked', count: Number(first), label }
    case 'keep':
      return { kind: 'keep', on: first, as: second, label }
    case 'ended':
      return { kind: 'ended', on: first, label }
    case 'close':
    case 'half-close':
      return { kind: 'close', on: first, half: verb === 'half-close', label }
    case 'sleep':
      return { kind: 'sleep', ms: Number(first), label }
    default:
      return undefined
  }
}

function bytesOf(what: string, label: string): Request['bytes'] {
  const isRaw = what.startsWith('raw ')
  const words = split(isRaw ? what.slice('raw '.length) : what, label)
  const made = (kept: Kept): Buffer => {
    const filled = words.map((word) => fill(word, kept))
    return isRaw ? Buffer.concat(filled) : requestOf(...filled)
  }
  return words.some((word) => /\{[\w.]+\}/.test(word)) ? made : made(new Map())
}

function fill(word: string, kept: Kept): Buffer {
  const parts = word.split(/(\{[\w.]+\})/)
  return Buffer.concat(
    parts.map((part) => kept.get(/^\{([\w.]+)\}$/.exec(part)?.[1] ?? '') ?? Buffer.from(part, 'latin1'))
  )
}

/** Words separated by spaces; in double quotes with the escapes of JSON and \xhh. */
function split(text: string, label: string): string[] {
  const words = text.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? []
  if (words.length === 0) throw new Error(`nothing to send: ${label}`)
  return words.map((word) => (word.startsWith('"') ? unquoted(word) : word))
}

function unquoted(word: string): string {
  return JSON.parse(word.replace(/\\x([0-9a-f]{2})/gi, '\\u00$1')) as string
}
