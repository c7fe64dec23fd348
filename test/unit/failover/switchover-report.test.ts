// What an operator is told of a switchover: what it cost, and nothing that is not known.
import t from 'tap'
import type { Flight } from '../../../src/failover/flight-recorder.ts'
import { refused, reported, type SwitchoverOutcome } from '../../../src/failover/switchover-report.ts'

const flight: Flight = {
  startedAt: '2025-01-01T00:00:00.000Z',
  reason: 'an operator asked for a switchover',
  from: '10.0.0.1:6379',
  to: '10.0.0.2:6379',
  epoch: 1,
  generation: 2,
  durationMs: 120.4,
  offsetDifference: 0,
  proof: 'proved',
  tally: { held: 3, replayed: 5, inDoubt: 0, withheld: 2 },
  timeline: [{ atMs: 0, what: 'serving -> handover: switchoverAsked' }]
}

function told(outcome: Partial<SwitchoverOutcome>): ReturnType<typeof reported> {
  const master = { host: '10.0.0.2', port: 6379 }
  return reported({ flight, master, phase: 'serving', hasMoved: true, failure: undefined, ...outcome })
}

t.test('a master that was moved and confirmed is told with what it cost', async (t) => {
  t.strictSame(told({}), {
    done: true,
    message:
      'moved from 10.0.0.1:6379 to 10.0.0.2:6379: 5 requests waited, at most 120 ms; every acknowledged write is proved to be there',
    switchover: {
      from: '10.0.0.1:6379',
      to: '10.0.0.2:6379',
      heldMs: 120.4,
      held: 3,
      withheld: 2,
      offsetDifference: 0,
      proof: 'proved',
      steps: flight.timeline
    }
  })
})

t.test('a move that no Sentinel has confirmed is not done, and says so', async (t) => {
  const { done, message } = told({ phase: 'provisional' })
  t.equal(done, false)
  t.match(message, /; the Sentinels do not confirm it \(provisional\)$/)
})

t.test('a loss is told in bytes, and what could not be proved is not called proved', async (t) => {
  t.match(
    told({ flight: { ...flight, proof: 'lossy', offsetDifference: 17 } }).message,
    '17 bytes of acknowledged writes'
  )
  t.match(told({ flight: { ...flight, proof: 'unproved' } }).message, 'could not be proved')
})

t.test('a master that stayed is told with the reason', async (t) => {
  const master = { host: '10.0.0.1', port: 6379 }
  const stayed = { ...flight, proof: undefined, offsetDifference: undefined }
  const { done, message, switchover } = told({
    flight: stayed,
    master,
    hasMoved: false,
    failure: 'NOGOODSLAVE'
  })
  t.equal(done, false)
  t.equal(message, '10.0.0.1:6379 is still the master: NOGOODSLAVE; 5 requests waited, at most 120 ms')
  t.match(switchover, { to: '10.0.0.1:6379', proof: null, offsetDifference: null })
  t.match(told({ hasMoved: false }).message, ': no replica was promoted in time; ')
})

t.test('while requests are still held, no time is made up', async (t) => {
  const { message, switchover } = told({
    flight: { ...flight, durationMs: undefined },
    hasMoved: false,
    phase: 'suspect'
  })
  t.match(message, /; requests are held \(suspect\)$/)
  t.equal(switchover?.heldMs, null)
})

t.test('what was refused before anything was held has no figures', async (t) => {
  t.strictSame(refused('why'), { done: false, message: 'why' })
})
