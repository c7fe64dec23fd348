// A request that the proxy answers later, and one that waits for its turn besides.
import t from 'tap'
import { Parking } from '../../../src/downstream/parking.ts'
import { ReplyQueue, placeFor } from '../../../src/downstream/reply-queue.ts'

function open() {
  const left: string[] = []
  const queue = new ReplyQueue({ leave: (bytes) => left.push(bytes.toString()) })
  const places = { queue, relay: () => undefined, leftOver: () => undefined }
  const before = placeFor(places, 'again', 0)
  const done: string[] = []
  const parking = new Parking(places, { proceed: () => done.push('done') })
  return { queue, before, parking, left, done }
}

t.test('a parked request runs at once, and its reply keeps its place [R1]', async (t) => {
  const { queue, before, parking, left, done } = open()
  queue.open(before)
  parking.park((answer) => {
    answer(Buffer.from('parked'))
  })
  t.notOk(parking.isParked)
  t.strictSame([left, done], [[], ['done']])
  queue.complete(before, Buffer.from('before'))
  t.strictSame(left, ['before', 'parked'])
})

t.test('one in turn runs only when everything before it is answered [R4]', async (t) => {
  const { queue, before, parking, left } = open()
  queue.open(before)
  let answer: ((reply: Buffer) => void) | undefined
  parking.parkInTurn((done) => (answer = done))
  parking.takeTurn()
  t.equal(answer, undefined)
  queue.complete(before, Buffer.from('before'))
  parking.takeTurn()
  parking.takeTurn()
  t.ok(parking.isParked, 'nothing else is taken')
  answer!(Buffer.from('parked'))
  t.strictSame(left, ['before', 'parked'])
  t.notOk(parking.isParked)
})

t.test('one in turn before which nothing is open runs at once', async (t) => {
  const { parking, left } = open()
  parking.parkInTurn((answer) => {
    answer(Buffer.from('parked'))
  })
  t.strictSame(left, ['parked'])
})
