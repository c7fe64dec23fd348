// One row per command: the live server's own flags, with the exceptions on top. Unknown means: once, on a lane of its
// own. A name is found by its bytes, without making a string of it.
import type { Effect } from '../exchange.ts'
import { builtinReads, builtinWrites } from './builtin.ts'
import { exceptions, type Exception, type Handling, type PinReason } from './exceptions.ts'
import type { KeySpec } from './keys.ts'

export type Command = {
  /** Lower case; a subcommand as `container|subcommand`. */
  readonly name: string
  readonly handling: Handling
  readonly effect: Effect
  /** A replica may answer it. */
  readonly replica: boolean
  readonly pin: PinReason | undefined
  /** Its second word decides: look that up. */
  readonly container: boolean
  /** The row that holds when its arguments say BLOCK. */
  readonly blockingForm: Command | undefined
  /** It brings a script, or takes all of them away. */
  readonly isScript: boolean
  /** Its reply counts subscribers, of which Redis sees one for each user. */
  readonly countsSubscribers: boolean
  /** Words it takes, its name included; negative: at least so many; 0: not known. */
  readonly arity: number
  /** It may change the data. */
  readonly writes: boolean
  /** Where its keys stand; undefined when that is not known, or it concerns all of them. */
  readonly keys: readonly KeySpec[] | undefined
}

/** What COMMAND says of one command, as far as it matters here. */
export type LiveCommand = {
  readonly name: string
  readonly flags: readonly string[]
  readonly arity?: number
  readonly keys?: readonly KeySpec[] | undefined
}

const SCRIPTS = new Set(['eval', 'eval_ro', 'script|load', 'script|flush'])
const COUNTS = new Set(['publish', 'spublish', 'pubsub|numsub', 'pubsub|shardnumsub'])
/** They write, whatever their flags say, and not only the keys that they name. */
const WRITES_ANYTHING = new Set(['eval', 'evalsha', 'fcall'])
const TABLE_SIZE = 4096

export class CommandTable {
  readonly #rows = new Map<string, Command>()
  readonly #byHash: (Command[] | undefined)[] = new Array<Command[] | undefined>(TABLE_SIZE)

  constructor(live: readonly LiveCommand[] | undefined, allowed: readonly string[] = []) {
    for (const command of live ?? builtinCommands()) this.#add(rowOf(command))
    for (const [name, exception] of Object.entries(exceptions)) this.#addException(name, exception)
    for (const name of allowed) this.#addAllowed(name)
    for (const name of this.#rows.keys()) {
      const [container, subcommand] = name.split('|') as [string, string | undefined]
      if (subcommand !== undefined)
        this.#add({
          ...(this.#rows.get(container) ?? rowOf({ name: container, flags: [] })),
          container: true
        })
    }
    for (const row of this.#rows.values()) if (!row.name.includes('|')) this.#index(row)
  }

  get size(): number {
    return this.#rows.size
  }

  /** The row of the command whose name lies at `bytes[start..end)`, in any case; undefined if there is none. */
  find(bytes: Buffer, start: number, end: number): Command | undefined {
    const found = this.#byHash[hash(bytes, start, end)]
    if (found === undefined) return undefined
    for (const command of found) {
      if (isNamed(command.name, bytes, start, end)) return command
    }
    return undefined
  }

  /** The row of a lower-case name, a subcommand as `container|subcommand`. */
  get(name: string): Command | undefined {
    return this.#rows.get(name)
  }

  #add(row: Command): void {
    this.#rows.set(row.name, row)
  }

  #addAllowed(name: string): void {
    this.#add({ ...rowOf({ name, flags: [] }), handling: exceptions[name]?.whenAllowed ?? 'leased' })
  }

  #addException(name: string, exception: Exception): void {
    const live = this.#rows.get(name)
    const isWrite = live?.handling === 'shared' || live?.handling === 'pinned' ? live.writes : false
    this.#add({
      name,
      handling: exception.handling,
      effect: exception.effect,
      replica: !exception.masterOnly,
      pin: exception.pin,
      container: false,
      blockingForm: undefined,
      isScript: SCRIPTS.has(name),
      countsSubscribers: COUNTS.has(name),
      arity: live?.arity ?? 0,
      writes: isWrite || WRITES_ANYTHING.has(name),
      keys: WRITES_ANYTHING.has(name) ? undefined : live?.keys
    })
  }

  #index(row: Command): void {
    const bytes = Buffer.from(row.name, 'latin1')
    const at = hash(bytes, 0, bytes.length)
    const list = this.#byHash[at] ?? []
    list.push(row)
    this.#byHash[at] = list
  }
}

/** The row of a name that no table has: never repeated, never on a lane that others use. */
export const unknownCommand: Command = rowOf({ name: '', flags: [] })

function rowOf({ name, flags, arity = 0, keys }: LiveCommand): Command {
  const reads = flags.includes('readonly')
  const plain = reads || flags.includes('write')
  const mayBlock = name === 'xread' || name === 'xreadgroup'
  const blocks = plain && flags.includes('blocking') && !mayBlock
  const handling = flags.includes('admin') ? 'refused' : blocks ? 'pinned' : plain ? 'shared' : 'leased'
  const row: Command = {
    name,
    handling,
    effect: reads ? 'again' : 'once',
    replica: reads,
    pin: blocks ? 'blocking' : undefined,
    container: false,
    blockingForm: undefined,
    isScript: false,
    countsSubscribers: false,
    arity,
    writes: !reads,
    keys
  }
  return mayBlock ? { ...row, blockingForm: blockingForm(row) } : row
}

function blockingForm(row: Command): Command {
  return { ...row, handling: 'pinned', effect: 'once', replica: false, pin: 'blocking' }
}

function builtinCommands(): LiveCommand[] {
  const rows = (names: string, flag: string): LiveCommand[] =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => ({ name, flags: [flag] }))
  return [...rows(builtinReads, 'readonly'), ...rows(builtinWrites, 'write')]
}

function hash(bytes: Buffer, start: number, end: number): number {
  let sum = end - start
  for (let at = start; at < end; at++) sum = (sum * 31 + ((bytes[at] as number) | 0x20)) | 0
  return sum & (TABLE_SIZE - 1)
}

function isNamed(name: string, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let at = 0; at < name.length; at++) {
    const byte = bytes[start + at] as number
    const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte
    if (lower !== name.charCodeAt(at)) return false
  }
  return true
}
