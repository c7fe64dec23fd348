// The image cannot be built in the tests; what is most often wrong in a Dockerfile can be read from it.
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { variables } from '../../src/config/names.ts'
import { root } from '../harness/source-tree.ts'

type Instruction = { readonly name: string; readonly text: string }

const instructions: readonly Instruction[] = readFileSync(`${root}/Dockerfile`, 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ name: line.split(' ')[0] ?? '', text: line.slice(line.indexOf(' ') + 1).trim() }))

const ignored = readFileSync(`${root}/.dockerignore`, 'utf8').split('\n').filter(Boolean)

function all(name: string): string[] {
  return instructions.filter((it) => it.name === name).map((it) => it.text)
}

/** The instructions of the last stage: the image that runs. */
function final(name: string): string[] {
  const begin = instructions.findLastIndex((it) => it.name === 'FROM')
  return instructions.slice(begin).flatMap((it) => (it.name === name ? [it.text] : []))
}

/** Docker's rule: the last line that matches decides. */
function reachesBuild(path: string): boolean {
  const last = ignored.findLast((line) => matchesLine(line.replace(/^!/, ''), path))
  return last === undefined || last.startsWith('!')
}

function matchesLine(pattern: string, path: string): boolean {
  return pattern === '*' || path === pattern || path.startsWith(`${pattern}/`)
}

/** The words of an exec form; undefined for a line that a shell would have to read. */
function execForm(text: string): string[] | undefined {
  try {
    const words: unknown = JSON.parse(text.slice(text.indexOf('[')))
    return Array.isArray(words) ? words.map(String) : undefined
  } catch {
    return undefined
  }
}

function environment(): Map<string, string> {
  const pairs = final('ENV').flatMap((text) => text.split(/\s+/).map((pair) => pair.split('=')))
  return new Map(pairs.map(([name = '', value = '']) => [name, value]))
}

t.test('every base image is pinned to a tag that names its system', async (t) => {
  t.strictSame(
    all('FROM').filter(
      (text) => !/^[a-z0-9./-]+(debian\d+|:\d+-[a-z]+)[a-z0-9:.-]*( AS [a-z]+)?$/.test(text)
    ),
    []
  )
  t.notMatch(all('FROM').join('\n'), /latest/)
})

t.test('the image runs as an unprivileged user and without a shell', async (t) => {
  t.strictSame(final('USER'), ['nonroot'])
  const commands = ['CMD', 'ENTRYPOINT', 'RUN', 'HEALTHCHECK'].flatMap(all)
  t.strictSame(
    commands.filter((text) => execForm(text) === undefined),
    []
  )
  const program = (JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { bin: { holdfast: string } })
    .bin
  t.equal(execForm(final('CMD')[0] ?? '')?.at(-1), program.holdfast)
  t.ok(execForm(final('HEALTHCHECK')[0] ?? '')?.includes(program.holdfast))
})

t.test('nothing is fetched by ADD and no secret is built in', async (t) => {
  t.strictSame(all('ADD'), [])
  t.strictSame(all('ARG'), [])
  t.notMatch(all('ENV').join('\n'), /PASSWORD|TOKEN|SECRET/)
})

t.test('what is copied exists and reaches the build', async (t) => {
  const sources = all('COPY')
    .filter((text) => !text.startsWith('--from'))
    .flatMap((text) => text.split(/\s+/).slice(0, -1))
  t.ok(sources.length > 0)
  t.strictSame(
    sources.filter((path) => !existsSync(`${root}/${path}`) || !reachesBuild(path)),
    []
  )
})

t.test('packages, history and builds of this machine do not reach the image', async (t) => {
  const paths = ['node_modules/x', '.git/config', 'dist/main.js', '.tap/x', 'test/x', '.env']
  t.strictSame(paths.filter(reachesBuild), [])
})

t.test('the ports that are exposed are those it listens on, under variables the proxy knows', async (t) => {
  const env = environment()
  const listens = ['HOLDFAST_LISTEN', 'HOLDFAST_ADMIN'].map((name) => env.get(name))
  t.strictSame(
    listens.map((address) => address?.split(':')),
    final('EXPOSE')[0]
      ?.split(' ')
      .map((port) => ['0.0.0.0', port])
  )
  const ours = [...env.keys()].filter((name) => name.startsWith('HOLDFAST_'))
  t.strictSame(
    ours.filter((name) => !variables.has(name)),
    []
  )
  t.equal(env.get('NODE_ENV'), 'production')
})

t.test('the image carries a licence and a title', async (t) => {
  const labels = final('LABEL').join(' ')
  for (const name of ['title', 'description', 'licenses'])
    t.match(labels, `org.opencontainers.image.${name}=`)
})
