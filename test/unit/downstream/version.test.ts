import t from 'tap'
import { isAtLeast } from '../../../src/downstream/version.ts'

t.test('versions are compared number by number', (t) => {
  const later = ['7.2.0', '7.2', '7.4.1', '7.10.0', '8.0.0', '255.255.255']
  const earlier = ['7.0.15', '6.2.16', '7', '', 'unstable']
  t.strictSame(
    later.filter((version) => !isAtLeast(version, [7, 2])),
    []
  )
  t.strictSame(
    earlier.filter((version) => isAtLeast(version, [7, 2])),
    []
  )
  t.end()
})
