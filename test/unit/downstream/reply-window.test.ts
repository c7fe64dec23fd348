import fc from 'fast-check'
import t from 'tap'
import { ReplyWindow } from '../../../src/downstream/reply-window.ts'

const MB = 1024 * 1024
const SOFT = 4 * MB

/** How many requests may be unanswered at a time. */
function width(window: ReplyWindow, backlogBytes = 0): number {
  let unanswered = 0
  while (unanswered < 100_000 && window.admits(unanswered, backlogBytes)) unanswered++
  return unanswered
}

function afterReplies(bytes: number, count: number): ReplyWindow {
  const window = new ReplyWindow(SOFT)
  for (let reply = 0; reply < count; reply++) window.learn(bytes, 1)
  return window
}

t.test('before anything is known of its replies a session has a few requests under way', async (t) => {
  t.equal(width(new ReplyWindow(SOFT)), 16)
})

t.test('small replies let a deep pipeline through, and not without end', async (t) => {
  t.equal(width(afterReplies(5, 100)), 1024)
})

t.test('large replies let so many requests be under way as fit under the soft limit [R3]', async (t) => {
  t.ok(width(afterReplies(MB, 50)) <= 5)
  t.ok(width(afterReplies(MB, 50)) >= 4)
  t.equal(width(afterReplies(100_000, 50)), 42)
})

t.test('one request is always let through to a client that reads, however large its replies', async (t) => {
  t.equal(width(afterReplies(100 * MB, 50)), 1)
})

t.test('a client that has not read its replies gets no more of them asked for [R3]', async (t) => {
  for (const window of [new ReplyWindow(SOFT), afterReplies(5, 100), afterReplies(MB, 50)])
    t.equal(width(window, SOFT + 1), 0)
  t.ok(width(afterReplies(5, 100), SOFT - 100) < 30)
})

t.test('whatever the replies were, what is under way is expected to fit [R3]', async (t) => {
  const sizes = fc.array(fc.integer({ min: 1, max: 3 * MB }), { minLength: 20, maxLength: 60 })
  const fits = fc.property(sizes, fc.nat(SOFT), (replies, backlogBytes) => {
    const window = new ReplyWindow(SOFT)
    for (const bytes of replies) window.learn(bytes, 1)
    const most = width(window, backlogBytes)
    return most <= 1 || most * Math.min(...replies) + backlogBytes <= SOFT
  })
  t.doesNotThrow(() => fc.assert(fits, { numRuns: 200 }))
})

t.test('a reply that comes in pieces counts once, with all of them', async (t) => {
  const pieces = new ReplyWindow(SOFT)
  for (let reply = 0; reply < 50; reply++) {
    for (let piece = 0; piece < 9; piece++) pieces.learn(100_000, 0)
    pieces.learn(100_000, 1)
  }
  t.equal(width(pieces), width(afterReplies(1_000_000, 50)))
})

t.test('replies that come in one read are averaged', async (t) => {
  const window = new ReplyWindow(SOFT)
  for (let read = 0; read < 50; read++) window.learn(MB, 100)
  t.equal(width(window), width(afterReplies(MB / 100, 5000)))
})

t.test(
  'a session whose replies have been large of late uses the bulk lane, and leaves it again',
  async (t) => {
    const window = new ReplyWindow(SOFT)
    t.notOk(window.isBulky)
    window.learn(64 * 1024, 1)
    t.notOk(window.isBulky)
    window.learn(64 * 1024 + 1, 1)
    t.ok(window.isBulky)
    for (let reply = 0; reply < 15; reply++) window.learn(5, 1)
    t.ok(window.isBulky)
    window.learn(5, 1)
    t.notOk(window.isBulky)
  }
)
