import t, { type Test } from 'tap'
import { commands } from '../../../src/cli/commands.ts'
import { run } from '../../../src/cli/run.ts'
import { variableOf } from '../../../src/config/names.ts'
import { settingsTable } from '../../../src/config/settings.ts'

type Ran = { readonly code: number; readonly printed: string; readonly complained: readonly string[] }

async function ran(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const printed: string[] = []
  const complained: string[] = []
  const code = await run(argv, {
    env,
    readFile: (path) => {
      throw new Error(`ENOENT: no such file or directory, open '${path}'`)
    },
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line)
  })
  return { code, printed: printed.join('\n'), complained }
}

async function misused(t: Test, argv: readonly string[], message: string): Promise<void> {
  t.strictSame(
    await ran(argv),
    { code: 2, printed: '', complained: [`holdfast: ${message}`] },
    argv.join(' ')
  )
}

t.test('--help tells every command and every setting, within 80 columns', async (t) => {
  const { code, printed, complained } = await ran(['--help'])
  t.strictSame([code, complained], [0, []])
  t.strictSame(
    printed.split('\n').filter((line) => line.length > 80),
    []
  )
  for (const { name, summary } of commands)
    t.match(printed, new RegExp(`^  ${name} +${summary.slice(0, 40)}`, 'm'))
  for (const { key, short = key } of settingsTable)
    t.match(printed, new RegExp(`^  --${short} .*${variableOf(short)}$`, 'm'))
  for (const argv of [['-h'], ['help'], ['--log.level', 'loud', '--help'], ['help', '--help']]) {
    t.equal((await ran(argv)).printed, printed, argv.join(' '))
  }
})

t.test('help is there even where the settings are wrong', async (t) => {
  t.equal((await ran(['--help'], { HOLDFAST_NONSENSE: 'x' })).code, 0)
  t.equal((await ran(['check', '--nonsense', '-h'])).code, 0)
})

t.test('each command has a help of its own, within 80 columns', async (t) => {
  for (const { name, flags } of commands) {
    const { code, printed } = await ran(['help', name])
    t.equal(code, 0)
    t.match(printed, `Usage: holdfast ${name}`)
    for (const flag of Object.keys(flags)) t.match(printed, new RegExp(`^  ${flag} `, 'm'))
    t.strictSame(
      printed.split('\n').filter((line) => line.length > 80),
      []
    )
    t.equal((await ran([name, '--help'])).printed, printed, 'the same as --help behind the command')
  }
})

t.test('--version is the version of the package', async (t) => {
  const { code, printed } = await ran(['--version'])
  t.equal(code, 0)
  t.match(printed, /^holdfast \d+\.\d+\.\d+$/)
})

t.test('an unknown command is answered with the nearest known one', async (t) => {
  await misused(t, ['staus'], "unknown command 'staus': did you mean status?")
  await misused(t, ['chek', '--help'], "unknown command 'chek': did you mean check?")
  await misused(t, ['frobnicate'], "unknown command 'frobnicate'")
  await misused(t, ['help', 'frobnicate'], "unknown command 'frobnicate'")
  await misused(t, ['help', 'check', 'status'], "unexpected argument 'status': help takes one command")
})

t.test('what a command does not know is usage, and told before anything runs', async (t) => {
  const last = 'the command goes first, and settings are --name VALUE'
  await misused(t, ['--log.level', 'info', 'status'], `unexpected argument 'status': ${last}`)
  await misused(t, ['check', '--json'], "unknown flag '--json'")
  await misused(t, ['status', '--json', '--jsn'], "unknown flag '--jsn'")
  await misused(t, ['--listen', 'localhost'], "--listen 'localhost' has no port: write host:port")
  await misused(
    t,
    ['--config', 'gone'],
    "--config names 'gone', which cannot be read: ENOENT: no such file or directory"
  )
})

t.test('an error is one line, whatever is in it', async (t) => {
  await misused(t, ['a\nb\u001b[31m'], 'unknown command "a\\nb\\u001b[31m"')
})

t.test('running that failed is 1, and not 2', async (t) => {
  const { code, complained } = await ran(['status', '--admin', '127.0.0.1:0'])
  t.equal(code, 1)
  t.strictSame(complained, [
    'holdfast: admin.listen has port 0: name the port that the proxy took, with --admin'
  ])
})
