// Random programs against a plain Redis and through the proxy. CONFORMANCE_SECONDS makes it go on for longer, and
// CONFORMANCE_SEED repeats a run.
import fc from 'fast-check'
import t from 'tap'
import { difference, type Target } from '../harness/differential.ts'
import { isSensible, randomPrograms, withMessages, type RandomProgram } from './random-programs.ts'
import { reduced } from './reduce.ts'
import { useTargets } from './targets.ts'

const seconds = Number(process.env['CONFORMANCE_SECONDS'] ?? '20')
const seed = Number(process.env['CONFORMANCE_SEED'] ?? Date.now() % 2 ** 31)
const consistencies = ['master', 'session']
const together = 10
const reducingMs = 20_000

t.test('random programs get the replies of a plain Redis [C2] [R1] [R2] [R4]', async (t) => {
  t.setTimeout(seconds * 2000 + 90_000)
  const { plain, proxied } = await useTargets(
    t,
    consistencies.map((consistency) => ['--reads.consistency', consistency])
  )
  const share = (seconds * 1000) / (proxied.length * 2)
  for (const [index, target] of proxied.entries()) {
    const reads = `${consistencies[index] ?? ''} reads`
    const inTurn = await forSoLong(share, async (run) => {
      const program = drawn(randomPrograms(700), run)
      const text = await difference(program, plain, target)
      return { commands: program.commands, text: text === '' ? '' : await leastOf(program, plain, target) }
    })
    t.equal(
      inTurn.text,
      '',
      `one after the other: ${inTurn.commands} commands from seed ${seed} on, ${reads}`
    )

    const beside = await forSoLong(share, async (run) => {
      const programs = Array.from({ length: together }, (_, owner) =>
        drawn(randomPrograms(100, `${owner}:`), run * together + owner)
      )
      const texts = await Promise.all(programs.map((program) => difference(program, plain, target)))
      return {
        commands: programs.reduce((sum, { commands }) => sum + commands, 0),
        text: texts.filter((text) => text !== '').join('\n')
      }
    })
    t.equal(
      beside.text,
      '',
      `${together} at a time: ${beside.commands} commands from seed ${seed} on, ${reads}`
    )
  }
})

type Ran = { readonly commands: number; readonly text: string }

/** Until something differs, else for so long, and for 2,000 commands at least. */
async function forSoLong(ms: number, runs: (run: number) => Promise<Ran>): Promise<Ran> {
  const began = performance.now()
  let commands = 0
  for (let run = seed; performance.now() - began < ms || commands < 2000; run += 1) {
    const ran = await runs(run)
    commands += ran.commands
    if (ran.text !== '') return { commands, text: `seed ${run}\n${ran.text}` }
  }
  return { commands, text: '' }
}

function drawn(programs: fc.Arbitrary<RandomProgram>, seed: number): RandomProgram {
  const [program] = fc.sample(programs, { seed, numRuns: 1 })
  return program!
}

/** The difference that is left of it, with the program that still has it. */
async function leastOf(program: RandomProgram, plain: Target, target: Target): Promise<string> {
  let found = 'it differed, but not a second time'
  const fails = async (smaller: RandomProgram): Promise<boolean> => {
    const text = isSensible(smaller) ? await difference(smaller, plain, target) : ''
    const lines = smaller.steps.map(({ label }) => label).join('\n')
    if (text !== '') found = `RESP${smaller.protocol}\n${lines}\n${text}`
    return text !== ''
  }
  await reduced(program, fails, reducingMs, withMessages)
  return found
}
