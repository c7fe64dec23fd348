// Programs that nobody would write: random commands, transactions, several connections, cut at any byte, and one that
// listens to what the others publish.
import fc from 'fast-check'
import type { Program, Request, Step } from '../harness/differential.ts'
import { requestOf } from '../harness/raw-client.ts'
import { allowedDifferences } from './allowed-differences.ts'
import { everywhere, listening, ownState, ownedBy, plain, type Words } from './random-commands.ts'

/** The three that work, and the one that listens. */
const names = ['a', 'b', 'c', 'listener'] as const
type Name = (typeof names)[number]

function streamOf(more: fc.Arbitrary<Words>, most: number): fc.Arbitrary<Words[]> {
  const single = (words: fc.Arbitrary<Words>): fc.Arbitrary<readonly Words[]> => words.map((it) => [it])
  const inside = fc.array(fc.oneof({ weight: 60, arbitrary: plain }, { weight: 1, arbitrary: more }), {
    maxLength: 6
  })
  const transaction = fc
    .tuple(inside, fc.constantFrom('EXEC', 'EXEC', 'EXEC', 'DISCARD'))
    .map(([commands, end]): readonly Words[] => [['MULTI'], ...commands, [end]])
  const watched = fc
    .tuple(fc.array(plain, { maxLength: 2 }), transaction)
    .map(([between, block]): readonly Words[] => [['WATCH', 's1', 'l1'], ...between, ...block])
  const some = fc.oneof(
    { weight: 60, arbitrary: single(plain) },
    { weight: 6, arbitrary: single(ownState) },
    { weight: 2, arbitrary: single(more) },
    { weight: 5, arbitrary: transaction },
    { weight: 2, arbitrary: watched }
  )
  return fc.array(some, { maxLength: most, size: 'max' }).map((groups) => groups.flat())
}

/** How much of whose commands leaves at once, and where its bytes are cut, as parts of their length. */
const writing = fc.record({
  on: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('a', 'b', 'c') },
    { weight: 1, arbitrary: fc.constant('listener') }
  ),
  size: fc.integer({ min: 1, max: 24 }),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 })
})

export type RandomProgram = Program & { readonly commands: number }

/** With up to so many commands on each connection; with an owner's name it may run beside those of other owners. */
export function randomPrograms(most: number, owner = ''): fc.Arbitrary<RandomProgram> {
  const stream = streamOf(owner === '' ? everywhere : plain, most)
  const heard = fc.array(listening, { maxLength: 40 })
  return fc
    .record({
      streams: fc.tuple(stream, stream, stream, heard),
      writings: fc.array(writing, { minLength: 1, maxLength: most, size: 'max' }),
      protocol: fc.constantFrom<(2 | 3)[]>(2, 3)
    })
    .map(({ streams, writings, protocol }) => {
      const owned = streams.map((commands) => commands.map((words) => ownedBy(owner, words)))
      return {
        protocol,
        isAlone: owner === '',
        steps: withMessages(stepsOf(owned, writings)),
        commands: owned.reduce((sum, { length }) => sum + length, 0)
      }
    })
}

type Writing = { readonly on: Name; readonly size: number; readonly cuts: readonly number[] }

function stepsOf(streams: readonly (readonly Words[])[], writings: readonly Writing[]): Step[] {
  const left = new Map(names.map((name, index) => [name, [...(streams[index] ?? [])]]))
  const isLeft = (name: Name): boolean => left.get(name)!.length > 0
  const steps: Step[] = []
  for (let at = 0; names.some(isLeft); at += 1) {
    const { on, size, cuts } = writings[at % writings.length]!
    // Where one connection has nothing left, the writing is another one's.
    const whose = isLeft(on) ? on : names.find(isLeft)!
    steps.push(stepOf(whose, left.get(whose)!.splice(0, size), cuts))
  }
  return steps
}

function stepOf(on: Name, commands: readonly Words[], cuts: readonly number[]): Step {
  const requests = commands.map(requestFor)
  const length = requests.reduce((sum, { bytes }) => sum + (bytes as Buffer).length, 0)
  return {
    kind: 'send',
    on,
    requests,
    cuts: cuts.map((part) => Math.floor(part * length)).sort((one, other) => one - other),
    label: `${on}: ${commands.map((words) => words.map(readable).join(' ')).join(' | ')}`
  }
}

function requestFor(words: Words): Request {
  const bytes = requestOf(...words.map((word) => Buffer.from(word, 'latin1')))
  if (words[0] !== 'HELLO') return { bytes, replies: 1 }
  return { bytes, replies: 1, allowed: allowedDifferences('id', 'HELLO') }
}

function readable(word: string): string {
  if (word.length > 40) return `<${word.length} bytes>`
  return word === '' || /[^!-~]/.test(word) ? JSON.stringify(word) : word
}

/** The steps of the requests alone, with one behind each that waits for the messages it causes. */
export function withMessages(steps: readonly Step[]): Step[] {
  const topics = new Set<string>()
  return steps.flatMap((step) => {
    if (step.kind !== 'send') return []
    const [wanted, published] = [new Set(topics), [] as string[]]
    for (const [name = '', second = ''] of step.requests.map(wordsOf)) {
      if (name.endsWith('UNSUBSCRIBE')) topics.delete(`${name.replace('UN', '')} ${second}`)
      else if (name.endsWith('SUBSCRIBE')) topics.add(`${name} ${second}`)
      else if (name === 'PUBLISH') published.push(second)
    }
    const replies = published.reduce(
      (sum, channel) =>
        sum + ['SUBSCRIBE', 'PSUBSCRIBE'].filter((how) => wanted.has(`${how} ${channel}`)).length,
      0
    )
    const messages: Step = { kind: 'receive', on: 'listener', replies, label: `${replies} messages` }
    return replies === 0 ? [step] : [step, messages]
  })
}

/** Whether no connection does inside a transaction what the proxy refuses there, or what cannot be foreseen. */
export function isSensible({ steps }: Program): boolean {
  const inMulti = new Set<string>()
  for (const step of steps) {
    if (step.kind !== 'send') continue
    for (const [name = '', second] of step.requests.map(wordsOf)) {
      if (name === 'MULTI') inMulti.add(step.on)
      if (['EXEC', 'DISCARD', 'RESET'].includes(name)) inMulti.delete(step.on)
      if (!inMulti.has(step.on)) continue
      if (['HELLO', 'CLIENT'].includes(name) || (name === 'PUBLISH' && second !== 'nobody')) return false
    }
  }
  return true
}

/** The first two. */
function wordsOf({ bytes }: Request): string[] {
  const found = /^\*\d+\r\n\$\d+\r\n(\w*)\r\n(?:\$\d+\r\n([\w:]*)\r\n)?/.exec(String(bytes).slice(0, 100))
  return [found?.[1]?.toUpperCase() ?? '', found?.[2] ?? '']
}
