import fc from 'fast-check'
import t from 'tap'
import { decide, type Adopted, type Verdict } from '../../../src/topology/decide.ts'
import type { Failure, FailureKind, Vote } from '../../../src/topology/observation.ts'
import { sameAddress, type Address, type ReplicaReport } from '../../../src/topology/topology.ts'

const at = (host: string, port = 6379): Address => ({ host, port })
const A = at('10.0.0.1')
const B = at('10.0.0.2')
const C = at('10.0.0.3')

function vote(sentinel: string, address: Address | null, changes: Partial<Vote> = {}): Vote {
  return {
    sentinel,
    address,
    knownMasters: [],
    epoch: 1,
    usable: true,
    tilt: false,
    downAfterMs: 1000,
    failoverTimeoutMs: 5000,
    quorum: 2,
    knownSentinels: 3,
    masterFlags: ['master'],
    replicas: [],
    ...changes
  }
}

function replica(address: Address, usable = true): ReplicaReport {
  return { address, usable, flags: ['slave'], linkUp: true, follows: A, priority: 100, replOffset: 1 }
}

const failure = (sentinel: string, kind: FailureKind = 'unreachable'): Failure => ({
  sentinel,
  kind,
  reason: `${sentinel} is ${kind}`
})

type Given = {
  readonly adopted?: Adopted
  readonly failures?: readonly Failure[]
  readonly lowerSinceMs?: number
  readonly nowMs?: number
  readonly sameNode?: typeof sameAddress
}

function judge(
  votes: readonly Vote[],
  { adopted, failures = [], lowerSinceMs, nowMs = 0, sameNode = sameAddress }: Given = {}
): Verdict {
  const observation = { reason: 'test', startedAtMs: 0, votes, failures }
  return decide({ observation, masterName: 'orders', adopted, lowerSinceMs, nowMs, sameNode })
}

t.test(
  'the highest epoch wins over the number of Sentinels that have not heard of it yet [F6]',
  async (t) => {
    const verdict = judge([vote('1', A), vote('2', A), vote('3', B, { epoch: 2 })])
    t.match(verdict, { kind: 'believe', topology: { master: B, epoch: 2 }, votes: 1, minority: [] })
  }
)

t.test(
  'a Sentinel without a majority is not believed, whatever its epoch, and is counted [F6]',
  async (t) => {
    const cutOff = vote('3', B, { epoch: 9, usable: false })
    t.match(judge([vote('1', A), vote('2', A), cutOff]), {
      kind: 'believe',
      topology: { master: A, epoch: 1 },
      votes: 2,
      minority: ['3']
    })
    t.match(judge([cutOff], { adopted: { master: A, epoch: 1 } }), {
      kind: 'keep',
      why: 'no-quorum',
      minority: ['3']
    })
    t.match(judge([cutOff], { adopted: { master: B, epoch: 1 } }), {
      kind: 'keep',
      why: 'no-quorum',
      minority: []
    })
    t.match(judge([cutOff]), { kind: 'none', why: 'no-quorum', minority: [] })
  }
)

t.test('one Sentinel of one is enough [F6]', async (t) => {
  t.match(judge([vote('1', A, { knownSentinels: 1, quorum: 1, epoch: 0 })]), {
    kind: 'believe',
    topology: { master: A, epoch: 0 },
    votes: 1
  })
})

t.test('a Sentinel in TILT is believed only where there is no other', async (t) => {
  const tilted = vote('3', B, { epoch: 9, tilt: true })
  t.match(judge([vote('1', A), tilted]), { kind: 'believe', topology: { master: A } })
  t.match(judge([tilted]), { kind: 'believe', topology: { master: B } })
  const untold = vote('1', A)
  Reflect.deleteProperty(untold, 'tilt')
  t.match(
    judge([untold, tilted]),
    { kind: 'believe', topology: { master: A } },
    'one that may not say counts'
  )
})

t.test('of two masters at one epoch most votes win, and at a tie the adopted one', async (t) => {
  const adopted = { master: B, epoch: 1 }
  t.match(judge([vote('1', A), vote('2', B), vote('3', A)], { adopted }), {
    topology: { master: A },
    votes: 2
  })
  t.match(judge([vote('1', A), vote('2', B)], { adopted }), { topology: { master: B }, votes: 1 })
  t.match(judge([vote('1', A), vote('2', B)]), { topology: { master: A } })
  t.match(judge([vote('1', B), vote('2', A), vote('3', A)], { adopted }), { topology: { master: A } })
})

t.test('two spellings of one node are one master, and the adopted spelling stays', async (t) => {
  const name = at('redis-0')
  const sameNode = (a: Address, b: Address): boolean =>
    sameAddress(a, b) || [a, b].every(({ host }) => host === name.host || host === A.host)
  const votes = [vote('1', B), vote('2', A), vote('3', name)]
  t.match(judge(votes, { sameNode }), { topology: { master: A }, votes: 2 })
  t.match(judge(votes, { sameNode, adopted: { master: name, epoch: 1 } }), {
    topology: { master: name },
    votes: 2
  })
})

t.test(
  'replicas are those of the believed Sentinels, without the master, usable if one finds them so',
  async (t) => {
    const verdict = judge([
      vote('1', B, { epoch: 2, replicas: [replica(A, false), replica(C, false), replica(B)] }),
      vote('2', B, { epoch: 2, replicas: [replica(C), replica(A, false)] }),
      vote('3', A, { replicas: [replica(at('10.0.0.9'))] }),
      vote('4', B, { epoch: 2, usable: false, replicas: [replica(at('10.0.0.8'))] })
    ])
    t.ok(verdict.kind === 'believe')
    if (verdict.kind !== 'believe') return
    t.strictSame(
      verdict.topology.replicas.map(({ address, usable }) => [address, usable]),
      [
        [A, false],
        [C, true]
      ]
    )
  }
)

t.test(
  'a lower epoch is believed only when a majority has named nothing else for five seconds',
  async (t) => {
    const adopted = { master: A, epoch: 7 }
    const votes = [vote('1', B, { epoch: 0 }), vote('2', B, { epoch: 0 })]
    const first = judge(votes, { adopted, nowMs: 1000 })
    t.match(first, { kind: 'keep', why: 'lower-epoch', lowerSinceMs: 1000, minority: [] })
    t.match(judge(votes, { adopted, nowMs: 5999, lowerSinceMs: 1000 }), { kind: 'keep', lowerSinceMs: 1000 })
    const last = judge(votes, { adopted, nowMs: 6000, lowerSinceMs: 1000 })
    t.match(last, { kind: 'believe', topology: { master: B, epoch: 0 }, votes: 2 })
    t.equal(last.lowerSinceMs, undefined)
  }
)

t.test(
  'the wait begins anew when the higher epoch is named again, or when they are no majority',
  async (t) => {
    const adopted = { master: A, epoch: 7 }
    const lower = vote('1', B, { epoch: 0 })
    const again = judge([lower, vote('2', A, { epoch: 7 })], { adopted, nowMs: 9000, lowerSinceMs: 1000 })
    t.match(again, { kind: 'believe', topology: { master: A, epoch: 7 } })
    t.equal(again.lowerSinceMs, undefined)
    const alone = judge([lower], {
      adopted,
      nowMs: 9000,
      lowerSinceMs: 1000,
      failures: [failure('2'), failure('3')]
    })
    t.match(alone, { kind: 'keep', why: 'lower-epoch' })
    t.equal(alone.lowerSinceMs, undefined)
    t.equal(judge([], { adopted, nowMs: 9000, lowerSinceMs: 1000 }).lowerSinceMs, undefined)
  }
)

t.test('why nobody is believed is one line that says what to look at', async (t) => {
  const cases: readonly (readonly [
    votes: readonly Vote[],
    failures: readonly Failure[],
    why: string,
    text: string
  ])[] = [
    [[], [], 'no-sentinel', 'no Sentinel is configured'],
    [[], [failure('1'), failure('2', 'silent')], 'no-sentinel', '1 is unreachable; 2 is silent'],
    [[], [failure('1', 'silent')], 'no-sentinel', '1 is silent'],
    [[], [failure('1', 'garbage')], 'no-sentinel', '1 is garbage'],
    [[], [failure('1', 'auth'), failure('2', 'auth')], 'auth', '1 is auth; 2 is auth'],
    [[], [failure('1', 'auth'), failure('2')], 'no-sentinel', '1 is auth; 2 is unreachable'],
    [[], [failure('1', 'not-sentinel')], 'not-sentinel', '1 is not-sentinel'],
    [[], [failure('1', 'denied')], 'denied', '1 is denied'],
    [
      [vote('1', null)],
      [failure('2')],
      'unknown-master',
      'the Sentinels know no master named orders; they know no master at all'
    ],
    [
      [vote('1', null, { knownMasters: ['a', 'b'] }), vote('2', null, { knownMasters: ['b', 'c'] })],
      [],
      'unknown-master',
      'the Sentinels know no master named orders; they know a, b, c'
    ],
    [
      [vote('1', A, { usable: false }), vote('2', null)],
      [failure('3')],
      'no-quorum',
      'of 3 Sentinels asked, none that answered reaches a majority of them'
    ]
  ]
  for (const [votes, failures, why, text] of cases) {
    t.match(judge(votes, { failures }), { kind: 'none', why, text })
    t.match(judge(votes, { failures, adopted: { master: A, epoch: 1 } }), { kind: 'keep', why, text })
  }
  const knownMasters = Array.from({ length: 12 }, (_, index) => `m${index}`)
  const many = judge([vote('1', null, { knownMasters })])
  t.ok(many.kind !== 'believe' && many.text.endsWith('m8, m9, ...'))
})

const addresses = fc.constantFrom(A, B, C)
const votes = fc.array(
  fc
    .record({
      sentinel: fc.constantFrom('1', '2', '3'),
      address: fc.option(addresses),
      epoch: fc.nat(3),
      usable: fc.boolean(),
      tilt: fc.boolean(),
      knownSentinels: fc.constantFrom(1, 3, 5)
    })
    .map(({ sentinel, address, ...changes }) => vote(sentinel, address, changes)),
  { maxLength: 5 }
)
const adopted = fc.option(fc.record({ master: addresses, epoch: fc.nat(3) }), { nil: undefined })

t.test(
  'whatever the votes, only a usable one is believed and never one of a lower epoch at once [F6]',
  async (t) => {
    t.doesNotThrow(() => {
      fc.assert(
        fc.property(votes, adopted, (given, before) => {
          const verdict = judge(given, { ...(before === undefined ? {} : { adopted: before }) })
          const usable = given.filter(({ address, usable }) => address !== null && usable)
          if (verdict.kind !== 'believe') return usable.length === 0 || verdict.why === 'lower-epoch'
          const { master, epoch } = verdict.topology
          const backer = usable.find(
            (one) => one.address !== null && sameAddress(one.address, master) && one.epoch === epoch
          )
          return backer !== undefined && verdict.votes >= 1 && epoch >= (before?.epoch ?? 0)
        })
      )
    })
  }
)

t.test('the order in which the Sentinels are asked changes neither the epoch nor who may win', async (t) => {
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(votes, (given) => {
        const verdict = judge(given)
        const turned = judge([...given].reverse())
        if (verdict.kind !== 'believe' || turned.kind !== 'believe') return verdict.kind === turned.kind
        return verdict.topology.epoch === turned.topology.epoch
      })
    )
  })
})
