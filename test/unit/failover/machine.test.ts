import t from 'tap'
import {
  admits,
  leadsTo,
  onEnter,
  phases,
  step,
  type Effect,
  type FailoverEvent,
  type Phase
} from '../../../src/failover/machine.ts'

const events = Object.keys(leadsTo) as FailoverEvent[]

/** What the world is in, as the effects leave it. */
type State = {
  readonly phase: Phase
  readonly hasMaster: boolean
  readonly isBudgetRunning: boolean
  readonly isWithheld: boolean
  readonly doesConfirm: boolean
}

const atStart: State = {
  phase: 'seeking',
  hasMaster: false,
  isBudgetRunning: true,
  isWithheld: false,
  doesConfirm: false
}
const inService: State = {
  phase: 'serving',
  hasMaster: true,
  isBudgetRunning: false,
  isWithheld: false,
  doesConfirm: false
}

/** What somebody must be able to say: of a master that is bound, or by a timer that runs. */
function canHappen(event: FailoverEvent, state: State): boolean {
  if (event === 'budgetSpent') return state.isBudgetRunning
  if (event === 'confirmationMissed') return state.doesConfirm
  const ofTheMaster: readonly FailoverEvent[] = [
    'masterAlive',
    'masterDoubted',
    'masterConfirmed',
    'boundAhead'
  ]
  return state.hasMaster || !ofTheMaster.includes(event)
}

function after(state: State, event: FailoverEvent): State {
  const isBudgetRunning = state.isBudgetRunning && event !== 'budgetSpent'
  const next = step(state.phase, event)
  if (next === undefined) return { ...state, isBudgetRunning }
  const does = (effect: Effect): boolean => next.effects.includes(effect)
  return {
    phase: next.phase,
    hasMaster: state.hasMaster || event === 'bound' || event === 'boundAhead',
    isBudgetRunning: does('stopBudget') ? false : does('startBudget') || isBudgetRunning,
    isWithheld: does('release') ? false : does('withhold') || state.isWithheld,
    doesConfirm: does('awaitConfirmation')
  }
}

type Rule = (before: State, event: FailoverEvent, now: State) => boolean

const proofs: readonly FailoverEvent[] = ['bound', 'boundAhead', 'masterAlive', 'masterConfirmed']
const forwards = ({ phase }: State): boolean => admits[phase] === 'forward'

const rules = {
  holdsWithinBudget: (_before, _event, now) => admits[now.phase] !== 'hold' || now.isBudgetRunning,
  servesTheProved: (before, event, now) =>
    !forwards(now) || now.phase === before.phase || (now.hasMaster && proofs.includes(event)),
  confirmsTheProvisional: (_before, _event, now) => (now.phase === 'provisional') === now.doesConfirm,
  refusesBehindTheBudget: (before, event, now) =>
    now.phase !== 'shedding' || before.phase === 'shedding' || event === 'budgetSpent',
  servesWithReplies: (_before, _event, now) => !forwards(now) || (!now.isWithheld && !now.isBudgetRunning),
  // At the start there is no master whose replies could be withheld.
  holdsWithoutReplies: (_before, _event, now) =>
    admits[now.phase] !== 'hold' || now.isWithheld || (now.phase === 'seeking' && !now.hasMaster)
} satisfies Record<string, Rule>

const allRules = Object.entries(rules) as [keyof typeof rules, Rule][]
const reached = new Set<Phase>()
const broken = new Map<keyof typeof rules, string>()

// Every sequence of six events that can happen, from either start: the first one that breaks a rule is kept.
function walk(state: State, path: FailoverEvent[]): void {
  for (const event of events) {
    if (!canHappen(event, state)) continue
    const now = after(state, event)
    reached.add(now.phase)
    path.push(event)
    for (const [name, rule] of allRules)
      if (!rule(state, event, now) && !broken.has(name)) broken.set(name, path.join(' > '))
    if (path.length < 6) walk(now, path)
    path.pop()
  }
}

walk(atStart, [])
walk(inService, [])

t.test('wherever six events lead, who holds requests has a budget that runs [F4]', async (t) => {
  t.equal(broken.get('holdsWithinBudget'), undefined)
  t.strictSame([...reached].sort(), [...phases].sort(), 'every phase was reached')
})

t.test(
  'wherever six events lead, only a master that proved itself or was confirmed is served [F6]',
  async (t) => {
    t.equal(broken.get('servesTheProved'), undefined)
  }
)

t.test('a candidate that is ahead of the Sentinels always has to be confirmed [F6]', async (t) => {
  t.equal(broken.get('confirmsTheProvisional'), undefined)
  t.equal(step('provisional', 'confirmationMissed')?.phase, 'seeking')
})

t.test('requests are refused only when the budget is spent [F4]', async (t) => {
  t.equal(broken.get('refusesBehindTheBudget'), undefined)
})

t.test('replies are withheld while requests are held, and released when they go on [F5]', async (t) => {
  t.equal(broken.get('servesWithReplies'), undefined)
  t.equal(broken.get('holdsWithoutReplies'), undefined)
})

t.test(
  'what is held is sent whenever requests go on, and answered whenever they are refused [F2] [F4]',
  async (t) => {
    for (const phase of phases) {
      t.equal(onEnter[phase].includes('replay'), admits[phase] === 'forward', phase)
      t.equal(onEnter[phase].includes('shed'), admits[phase] === 'refuse', phase)
    }
  }
)

t.test('what is released is released before the held requests are sent [R4] [F5]', async (t) => {
  for (const phase of phases) {
    const effects = onEnter[phase]
    if (effects.includes('replay'))
      t.ok(effects.indexOf('release') >= 0 && effects.indexOf('release') < effects.indexOf('replay'), phase)
    if (effects.includes('withhold') && effects.includes('followElection'))
      t.ok(effects.indexOf('withhold') < effects.indexOf('followElection'), phase)
  }
})

t.test('from every phase there is a way back into service', async (t) => {
  for (const from of phases) {
    const seen = new Set<Phase>([from])
    for (const phase of seen) {
      for (const event of events) {
        const next = step(phase, event)?.phase
        if (next !== undefined) seen.add(next)
      }
    }
    t.ok(seen.has('serving'), from)
  }
})

t.test('a master that the Sentinels name is proved, whatever the phase [F6]', async (t) => {
  for (const phase of phases) {
    if (admits[phase] !== 'refuse') t.equal(step(phase, 'masterNamed')?.phase, 'binding', phase)
  }
})

t.test('when the budget is spent nothing is held again until a master is bound [F4]', async (t) => {
  for (const event of events) {
    const next = step('shedding', event)
    if (next !== undefined) t.equal(admits[next.phase], 'forward', event)
  }
  t.equal(step('shedding', 'bound')?.phase, 'serving')
})

t.test('whoever refuses requests goes on asking the Sentinels and the master [F1]', async (t) => {
  t.ok(onEnter.shedding.includes('ask'))
  t.ok(onEnter.shedding.includes('probe'))
  t.equal(step('shedding', 'masterAlive')?.phase, 'serving')
})

t.test('writes stop at the first sign of an election, and go on when there was none [F5]', async (t) => {
  for (const event of ['electionSeen', 'switchoverAsked'] as const) {
    t.equal(step('serving', event)?.phase, 'handover')
    t.equal(admits[step('serving', event)?.phase ?? 'serving'], 'hold')
  }
  t.equal(step('handover', 'boundAhead')?.phase, 'provisional')
  t.equal(step('handover', 'electionOver')?.phase, 'suspect')
  t.equal(step('suspect', 'masterAlive')?.phase, 'serving')
})

t.test('late news of a master changes nothing where no master is bound any more', async (t) => {
  for (const event of ['masterDoubted', 'masterAlive', 'masterConfirmed', 'boundAhead'] as const) {
    t.equal(step('seeking', event), undefined, event)
    t.equal(step('binding', event), undefined, event)
  }
})
