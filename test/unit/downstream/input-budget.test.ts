import t from 'tap'
import { FREE_BYTES, InputBudget, type BudgetUser } from '../../../src/downstream/input-budget.ts'

const KB = 1024

class User implements BudgetUser {
  reservedBytes = 0
  grants = 0
  onGranted = (): void => {
    this.grants++
  }
}

t.test('what every client may have is free, and is not counted [R3]', async (t) => {
  const budget = new InputBudget(100 * KB)
  const users = Array.from({ length: 1000 }, () => new User())
  t.ok(users.every((user) => budget.ask(user, FREE_BYTES)))
  t.equal(budget.usedBytes, 0)
  t.notOk(budget.hasWaiting)
})

t.test('who needs more than is there waits, and gets it when others have freed enough [R3]', async (t) => {
  const budget = new InputBudget(200 * KB)
  const [a, b] = [new User(), new User()]
  t.ok(budget.ask(a, 150 * KB))
  t.notOk(budget.ask(b, 100 * KB))
  t.equal(budget.usedBytes, 150 * KB)
  t.ok(budget.hasWaiting)
  t.ok(budget.ask(a, 101 * KB))
  t.equal(b.grants, 0)
  t.ok(budget.ask(a, 100 * KB))
  t.equal(b.grants, 1)
  t.equal(b.reservedBytes, 100 * KB)
  t.equal(budget.usedBytes, 200 * KB)
})

t.test('nobody who comes later overtakes those who wait', async (t) => {
  const budget = new InputBudget(200 * KB)
  const [a, large, small] = [new User(), new User(), new User()]
  budget.ask(a, 100 * KB)
  t.notOk(budget.ask(large, 200 * KB))
  t.notOk(budget.ask(small, 70 * KB), 'it would fit, but the large one was first')
  budget.ask(a, 0)
  t.equal(large.grants, 1)
  t.equal(small.grants, 0)
  budget.leave(large)
  t.equal(small.grants, 1)
})

t.test('a request larger than the whole budget passes when it is alone', async (t) => {
  const budget = new InputBudget(100 * KB)
  const [large, other] = [new User(), new User()]
  t.ok(budget.ask(large, 1000 * KB))
  t.notOk(budget.ask(other, 70 * KB))
  budget.leave(large)
  t.equal(other.grants, 1)
})

t.test('a client that leaves gives back what it had, and no longer waits [R3]', async (t) => {
  const budget = new InputBudget(100 * KB)
  const [a, b, c] = [new User(), new User(), new User()]
  budget.ask(a, 100 * KB)
  budget.ask(b, 100 * KB)
  budget.ask(c, 100 * KB)
  budget.leave(b)
  budget.leave(a)
  t.equal(b.grants, 0)
  t.equal(c.grants, 1)
  budget.leave(c)
  t.equal(budget.usedBytes, 0)
  t.notOk(budget.hasWaiting)
})
