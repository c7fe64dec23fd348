// The commands of the program, one row each. What a command does is imported only when it is run, so that --help and a
// mistyped flag are answered at once.
import type { Loaded } from '../config/load.ts'
import { keepHeapSmall } from './heap.ts'

export type Invocation = {
  /** The arguments behind the command, without the command's own flags. */
  readonly args: readonly string[]
  /** The command's own flags that were given, as written: `--json`. */
  readonly flags: ReadonlySet<string>
  /** Throws USAGE when `args` are not settings. */
  readonly load: () => Promise<Loaded>
  readonly print: (line: string) => void
}

export type Command = {
  readonly name: string
  readonly summary: string
  /** More than the summary, for `help COMMAND`. */
  readonly details: string
  readonly flags: Readonly<Record<string, string>>
  readonly takesSettings: boolean
  /** Resolves to the exit code; 1 means that it ran and failed. */
  readonly run: (invocation: Invocation) => Promise<number>
}

export const defaultCommand = 'serve'

export const commands: readonly Command[] = [
  {
    name: 'serve',
    summary: 'Run the proxy. The command when none is named.',
    details:
      'SIGTERM lets the clients finish what is in flight and ends; a second one ends at once. SIGHUP reloads the settings.',
    flags: {},
    takesSettings: true,
    run: async ({ load }) => {
      keepHeapSmall()
      const loaded = await load()
      const { serve } = await import('./serve.ts')
      return serve(loaded, load)
    }
  },
  {
    name: 'check',
    summary: 'Check the settings, ask the Sentinels, print what they know.',
    details: 'Takes the settings of serve. Exit code 0 when a master was found, else 1.',
    flags: {},
    takesSettings: true,
    run: async ({ load, print }) => {
      const { settings } = await load()
      const { check } = await import('./check.ts')
      return check(settings, print)
    }
  },
  {
    name: 'status',
    summary: 'Show the state of a running proxy.',
    details: 'Asks the admin server at --admin. Takes the settings of serve, so the same file will do.',
    flags: {
      '--json': 'Print the state as JSON.',
      '--quiet': 'Print nothing; exit code 0 when the proxy is alive, for health checks.'
    },
    takesSettings: true,
    run: async ({ load, flags, print }) => {
      const { settings } = await load()
      const { isAlive, status } = await import('./status.ts')
      if (flags.has('--quiet')) return (await isAlive(settings)) ? 0 : 1
      return status(settings, { json: flags.has('--json'), print })
    }
  },
  {
    name: 'switchover',
    summary: 'Move the master of a running proxy without losing a write.',
    details: 'Asks the admin server at --admin, with --admin.token where one is set.',
    flags: {},
    takesSettings: true,
    run: async ({ load, print }) => {
      const { settings } = await load()
      const { switchover } = await import('./switchover.ts')
      return switchover(settings, print)
    }
  },
  {
    name: 'demo',
    summary: 'Watch a failover: Redis, Sentinels, the proxy and traffic on this machine.',
    details: 'Starts everything on free ports, kills the master under traffic, and prints the score.',
    flags: { '--keep': 'Leave everything running at the end, to try by hand.' },
    takesSettings: false,
    run: async ({ args, flags }) => {
      const { runDemo } = await import('../demo/demo.ts')
      return runDemo({ keep: flags.has('--keep'), args })
    }
  }
]
