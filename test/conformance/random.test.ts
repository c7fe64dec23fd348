// Random programs against a plain Redis and through the proxy. CONFORMANCE_SECONDS makes it go on for longer, and
// CONFORMANCE_SEED repeats a run.
import fc from 'fast-check'
import t from 'tap'
import { difference } from '../harness/differential.ts'
import { isSensible, randomPrograms, type RandomProgram } from './random-programs.ts'
import { reduced } from './reduce.ts'
import { useTargets } from './targets.ts'

const seconds = Number(process.env['CONFORMANCE_SECONDS'] ?? '16')
const seed = Number(process.env['CONFORMANCE_SEED'] ?? Date.now() % 2 ** 31)
const mostPerConnection = 700
const reducingMs = 20_000
const consistencies = ['master', 'session']

t.test('random programs get the replies of a plain Redis [C2] [R1] [R4]', async (t) => {
  t.setTimeout(seconds * 2000 + 90_000)
  const { plain, proxied } = await useTargets(
    t,
    consistencies.map((consistency) => ['--reads.consistency', consistency])
  )
  for (const [index, target] of proxied.entries()) {
    const began = performance.now()
    const lasts = (): boolean => performance.now() - began < (seconds / proxied.length) * 1000
    let commands = 0
    let found = ''
    for (let run = seed; found === '' && (lasts() || commands < 2000); run += 1) {
      const [program] = fc.sample(randomPrograms(mostPerConnection), { seed: run, numRuns: 1 }) as [
        RandomProgram
      ]
      commands += program.commands
      if ((await difference(program, plain, target)) === '') continue
      found = `seed ${run}: it differs, but not a second time`
      await reduced(
        program,
        async (smaller) => {
          const text = isSensible(smaller) ? await difference(smaller, plain, target) : ''
          const lines = smaller.steps.map(({ label }) => label).join('\n')
          if (text !== '') found = `seed ${run}, RESP${smaller.protocol}\n${lines}\n${text}`
          return text !== ''
        },
        reducingMs
      )
    }
    t.equal(found, '', `${commands} commands from seed ${seed} on, ${consistencies[index] ?? ''} reads`)
  }
})
