// What happens at the end of a turn of the event loop, and how much is read in one.
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Turn } from '../../src/turn.ts'

t.test('Redis is written to before the clients, each once', async (t) => {
  const turn = new Turn()
  const did: string[] = []
  turn.flushDownstream({ flush: () => did.push('client') })
  turn.flushUpstream({ flush: () => did.push('lane') })
  t.strictSame(did, [])
  await nextTurn()
  await nextTurn()
  t.strictSame(did, ['lane', 'client'])
})

t.test('who reads when a turn has had its megabyte rests until the next one [R3]', async (t) => {
  const turn = new Turn()
  const did: string[] = []
  const reader = { readOn: () => did.push('on') }
  t.notOk(turn.isEnough(reader, 1024 * 1024 - 1))
  turn.flushDownstream({ flush: () => did.push('client') })
  t.ok(turn.isEnough(reader, 1))
  t.strictSame(did, [])
  await nextTurn()
  t.strictSame(did, ['client', 'on'])
  t.notOk(turn.isEnough(reader, 1024 * 1024 - 1), 'the next turn has its own')
})
