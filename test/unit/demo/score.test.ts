// Whether the demo's score can be bad: each thing that must not happen, happening once.
import t from 'tap'
import { Ledger, type Stored, type Write } from '../../../src/demo/ledger.ts'
import { killed, planned, scoreOf, type Measured, type Score } from '../../../src/demo/score.ts'
import { Tally, type DemoRequest } from '../../../src/demo/tally.ts'

const set = 'demo:written'

function member(name: string): Write {
  return { set, member: name }
}

function stored(members: readonly string[], counter: number): Stored {
  return { members: new Map([[set, new Set(members)]]), counter }
}

function request(write?: Write): DemoRequest {
  const read = { bytes: Buffer.from('GET'), isRight: (reply: string) => reply === '$2\r\n42\r\n' }
  if (write === undefined) return read
  return { bytes: Buffer.from('WRITE'), isRight: (reply) => reply === ':1\r\n', write }
}

const inDoubt = '-UNCERTAIN the connection to the master was lost\r\n'

class Demo {
  now = 0
  readonly tally = new Tally(() => this.now)

  /** One client sends this and is answered so. */
  exchange(client: string, write: Write | undefined, reply: string, sentAtMs = this.now): void {
    const requests = [request(write)]
    this.tally.answered({ client, readsOnly: write === undefined, requests, sentAtMs }, [reply])
  }

  score(there: Stored, measured: Partial<Measured> = {}): Score {
    const routes = new Map([
      ['master', 10],
      ['replica', 100]
    ])
    return scoreOf({
      ...{ seconds: 25, clients: 2, tally: this.tally, stored: there },
      ...{ routes, readsOnReplicas: 100, readsOnMasters: 5, ...measured }
    })
  }
}

function textOf({ lines }: Score): string {
  return lines.map(({ text }) => text).join('\n')
}

t.test('an acknowledged write that Redis does not have is lost, one in doubt is not', async (t) => {
  const ledger = new Ledger()
  for (const name of ['a', 'b', 'c']) ledger.acknowledge(member(name))
  for (let times = 0; times < 3; times += 1) ledger.acknowledge('increment')
  ledger.doubt(member('d'))
  ledger.doubt('increment')

  t.equal(ledger.acknowledged, 6)
  t.equal(ledger.lost(stored(['a', 'b', 'c'], 3)), 0)
  t.equal(ledger.lost(stored(['a', 'b', 'c', 'd'], 4)), 0)
  t.equal(ledger.lost(stored(['a', 'c'], 3)), 1)
  t.equal(ledger.lost(stored(['a', 'b', 'c'], 1)), 2)
  t.equal(ledger.lost({ members: new Map(), counter: 0 }), 6)
})

t.test('a counter above what was acknowledged or in doubt was written twice', async (t) => {
  const ledger = new Ledger()
  ledger.acknowledge('increment')
  ledger.doubt('increment')
  t.equal(ledger.surplus(stored([], 2)), 0)
  t.equal(ledger.surplus(stored([], 3)), 1)
})

t.test(
  'the score is good when everything is there and a killed master left one write in doubt',
  async (t) => {
    const demo = new Demo()
    demo.exchange('one', member('a'), ':1\r\n')
    demo.tally.beginSpell(planned)
    demo.tally.beginSpell(killed)
    demo.exchange('one', member('b'), inDoubt)
    demo.exchange('two', 'increment', inDoubt)
    const score = demo.score(stored(['a', 'b'], 1))
    t.ok(score.isGood)
    t.match(textOf(score), 'clients dropped 0 · commands failed 0 · acknowledged writes lost 0 of 1')
    t.match(textOf(score), /writes in doubt +2, at most 1 on a connection/)
  }
)

t.test('the score is bad, and says why', async (t) => {
  const bad = async (why: RegExp, act: (demo: Demo) => Score): Promise<void> => {
    const demo = new Demo()
    demo.exchange('one', member('a'), ':1\r\n')
    const score = act(demo)
    t.notOk(score.isGood, String(why))
    t.match(textOf(score), why)
  }
  const there = stored(['a'], 0)

  await bad(/lost 1 of 1$/m, (demo) => demo.score(stored([], 0)))
  await bad(/NOT GOOD: the counter is 1 above/, (demo) => demo.score(stored(['a'], 1)))
  await bad(/NOT GOOD: 2 times the error: READONLY You can't/, (demo) => {
    for (const client of ['one', 'two']) demo.exchange(client, member('b'), "-READONLY You can't write\r\n")
    return demo.score(there)
  })
  await bad(/commands failed 1 /, (demo) => {
    demo.exchange('two', undefined, '$2\r\n43\r\n')
    return demo.score(there)
  })
  await bad(/NOT GOOD: a wrong reply: one got ":0/, (demo) => {
    demo.exchange('one', member('a'), ':0\r\n')
    return demo.score(there)
  })
  await bad(/clients dropped 1 /, (demo) => {
    const requests = [request(member('b'))]
    demo.tally.dropped({ client: 'one', readsOnly: false, requests, sentAtMs: 0 })
    return demo.score(there)
  })
  await bad(/NOT GOOD: killed master: one had 2 writes in doubt, at most 1 may be/, (demo) => {
    demo.tally.beginSpell(killed)
    for (const name of ['b', 'c']) demo.exchange('one', member(name), inDoubt)
    return demo.score(there)
  })
  await bad(/NOT GOOD: planned failover: one had 1 writes in doubt, at most 0 may be/, (demo) => {
    demo.tally.beginSpell(planned)
    demo.exchange('one', member('b'), inDoubt)
    return demo.score(there)
  })
  await bad(/NOT GOOD: the proxy sent 100 requests to replicas, which counted 0 reads/, (demo) =>
    demo.score(there, { readsOnReplicas: 0 })
  )
})

t.test('the gap is between two acknowledged writes of any client, and open until the end', async (t) => {
  const demo = new Demo()
  const write = (client: string, name: string, reply: string, at: number): void => {
    demo.now = at
    demo.exchange(client, member(name), reply)
  }
  write('one', 'a', ':1\r\n', 100)
  const spell = demo.tally.beginSpell(killed)
  write('two', 'b', inDoubt, 300)
  write('two', 'c', ':1\r\n', 600)
  write('one', 'd', ':1\r\n', 700)
  t.match(spell, { longestGapMs: 500, resumedAtMs: 600 })
  demo.now = 1500
  demo.tally.end()
  t.equal(spell.longestGapMs, 800)
})

t.test('only what a client waits that never writes counts as a wait for reads', async (t) => {
  const demo = new Demo()
  demo.now = 50
  demo.exchange('reader', undefined, '$2\r\n42\r\n', 20)
  demo.exchange('writer', member('a'), ':1\r\n', 0)
  t.equal(demo.tally.spell.longestReadMs, 30)
  t.equal(demo.tally.reads, 1)
})
