// The rows of the table and what each has to reach. `goal` is the throughput as a multiple of HAProxy's in the same
// round; `redisCpuGoal` is Redis' CPU time per request as a share of what it needs without a proxy.
const row = (name, title, how) => ({ name, title, pipeline: 1, ...how })

export const workloads = [
  row('get50', 'GET 32 B, 50 clients', {
    test: 'get',
    size: 32,
    clients: 50,
    goal: 1.6,
    redisCpuGoal: 0.35
  }),
  row('set50', 'SET 32 B, 50 clients', { test: 'set', size: 32, clients: 50, goal: 1.35 }),
  row('getP16', 'GET 32 B, 50 clients, 16 deep', {
    test: 'get',
    size: 32,
    clients: 50,
    pipeline: 16,
    goal: 1.3
  }),
  row('get500', 'GET 32 B, 500 clients', {
    test: 'get',
    size: 32,
    clients: 500,
    goal: 1.6,
    redisCpuGoal: 0.2
  }),
  row('get10k', 'GET 10 kB, 50 clients', { test: 'get', size: 10_000, clients: 50, goal: 1.3 }),
  row('set10k', 'SET 10 kB, 50 clients', { test: 'set', size: 10_000, clients: 50, goal: 1 }),
  row('get1m', 'GET 1 MB, 10 clients', { test: 'get', size: 1_000_000, clients: 10, goal: 1.1 }),
  row('set1m', 'SET 1 MB, 10 clients', { test: 'set', size: 1_000_000, clients: 10, goal: 1 })
]

/** The key of redis-benchmark's own GET and SET tests. */
export const key = 'key:__rand_int__'
