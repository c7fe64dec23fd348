// Every script, in RESP2 and RESP3, against a plain Redis and through the proxy: what differs is a defect, or stands in
// allowed-differences.ts. CONFORMANCE_SCRIPT runs only those whose name begins with it.
import t from 'tap'
import { difference } from '../harness/differential.ts'
import { programOf, scripts } from './script.ts'
import { useTargets } from './targets.ts'

const wanted = scripts().filter(({ name }) => name.startsWith(process.env['CONFORMANCE_SCRIPT'] ?? ''))
const consistencies = ['master', 'session']

t.test('a client cannot tell the proxy from a plain Redis [C2] [R1]', async (t) => {
  t.ok(wanted.length > 0)
  const { plain, proxied } = await useTargets(
    t,
    consistencies.map((consistency) => ['--reads.consistency', consistency])
  )
  for (const [index, target] of proxied.entries()) {
    for (const script of wanted) {
      for (const protocol of script.protocols) {
        const title = `${script.name} has the same bytes in RESP${protocol}, ${consistencies[index] ?? ''} reads`
        t.equal(await difference(programOf(script, protocol), plain, target), '', title)
      }
    }
  }
})
