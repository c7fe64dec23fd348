// Bull and BullMQ: scripts, blocking reads, streams and subscriptions at once, also while the master moves.
import Bull from 'bull'
import { Queue, QueueEvents, Worker } from 'bullmq'
import t from 'tap'
import { useProxied } from './proxied.ts'

const jobs = 300

t.test('job queues', async (t) => {
  const proxied = await useProxied(t)
  const { rig, host, port } = proxied
  const connection = { host, port, maxRetriesPerRequest: null }

  await t.test('Bull completes every job once', async (t) => {
    const queue = new Bull('bull', { redis: { host, port } })
    t.teardown(() => queue.close())
    const done: number[] = []
    const all = new Promise<void>((resolve) => {
      void queue.process(5, async ({ data }: { data: { n: number } }) => {
        done.push(data.n)
        if (done.length === jobs) resolve()
      })
    })
    await Promise.all(numbers(jobs).map((n) => queue.add({ n })))
    await all
    t.strictSame(done.sort(ascending), numbers(jobs))
    const later = await queue.add({ n: -1 }, { delay: 50 })
    await later.finished()
  })

  await t.test(
    'BullMQ completes every job exactly once through a planned failover [F1] [F3] [F5]',
    async (t) => {
      const queue = new Queue('bullmq', { connection })
      const events = new QueueEvents('bullmq', { connection })
      await events.waitUntilReady()
      const attempts = new Map<number, number>()
      const worker = new Worker<{ n: number }>(
        'bullmq',
        async ({ data }) => {
          attempts.set(data.n, (attempts.get(data.n) ?? 0) + 1)
          return data.n
        },
        { connection, concurrency: 10 }
      )
      t.teardown(() => Promise.all([worker.close(), events.close(), queue.close()]))
      const errors: string[] = []
      const note = (error: Error): void => {
        errors.push(error.message)
      }
      worker.on('error', note)
      events.on('error', note)
      queue.on('error', note)

      const before = await rig.currentMaster()
      const finished: Promise<unknown>[] = []
      const failover = { isOver: false }
      const adding = (async (): Promise<number> => {
        let n = 0
        for (; !failover.isOver || n < jobs; n += 1) {
          const job = await queue.add('work', { n })
          finished.push(job.waitUntilFinished(events))
        }
        return n
      })()
      await rig.sentinels[0]?.command('SENTINEL', 'FAILOVER', rig.masterName)
      await rig.masterAfter(before)
      failover.isOver = true
      const added = await adding
      t.strictSame((await Promise.all(finished)).map(Number).sort(ascending), numbers(added))
      t.strictSame([...attempts.keys()].sort(ascending), numbers(added))
      t.strictSame(
        [...attempts].filter(([, times]) => times !== 1),
        []
      )
      t.strictSame(errors, [])
      const counts = await queue.getJobCounts('completed', 'failed', 'active', 'waiting')
      t.strictSame(counts, { completed: added, failed: 0, active: 0, waiting: 0 })
    }
  )
})

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
}

function ascending(one: number, other: number): number {
  return one - other
}
