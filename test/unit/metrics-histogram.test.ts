// Buckets and quantiles of the data path's histogram.
import t from 'tap'
import { LatencyHistogram, quantileOf, REQUEST_SECONDS } from '../../src/histogram.ts'

t.test('a duration equal to a bound counts in that bound, a longer one in the next', async (t) => {
  for (const [bucket, seconds] of REQUEST_SECONDS.entries()) {
    const histogram = new LatencyHistogram()
    histogram.observeMs(seconds * 1000)
    histogram.observeMs(seconds * 1000 + 1e-9)
    t.equal(histogram.cumulative()[bucket], 1, `${seconds} s is at most ${seconds} s`)
    t.equal(histogram.cumulative()[bucket + 1], 2, 'a little more is in the next bucket')
  }
})

t.test('one call counts a run of requests, and the sum is in seconds', async (t) => {
  const histogram = new LatencyHistogram()
  histogram.observeMs(2, 100)
  histogram.observeMs(9000)
  t.equal(histogram.count, 101)
  t.equal(histogram.sum, 9.2)
  t.equal(histogram.cumulative().at(-1), 101)
  t.equal(histogram.cumulative().at(-2), 100, 'what is longer than every bound is only in the last count')
})

t.test('more than 2^32 durations do not wrap', async (t) => {
  const histogram = new LatencyHistogram([1])
  histogram.observeMs(1, 2 ** 32)
  histogram.observeMs(1)
  t.equal(histogram.count, 2 ** 32 + 1)
})

t.test('what is not a duration counts as 0 and does not spoil the sum', async (t) => {
  const histogram = new LatencyHistogram()
  histogram.observeMs(-5)
  histogram.observeMs(NaN)
  t.equal(histogram.count, 2)
  t.equal(histogram.cumulative()[0], 2)
  t.equal(histogram.sum, 0)
})

t.test('a quantile is interpolated within its bucket', async (t) => {
  const histogram = new LatencyHistogram([1, 2, 4])
  histogram.observeMs(500, 50)
  histogram.observeMs(3000, 50)
  t.equal(histogram.quantile(0.25), 0.5)
  t.equal(histogram.quantile(0.5), 1)
  t.equal(histogram.quantile(0.75), 3, 'empty buckets in between are passed over')
  t.equal(histogram.quantile(1), 4)
})

t.test(
  'the quantile of nothing is NaN, and of what lies above every bound is the highest bound',
  async (t) => {
    const histogram = new LatencyHistogram([1, 2])
    t.ok(Number.isNaN(histogram.quantile(0.5)))
    histogram.observeMs(10_000)
    t.equal(histogram.quantile(0.5), 2)
    t.equal(histogram.quantile(0), 2)
    t.ok(Number.isNaN(quantileOf([], [], 0.5)))
    t.ok(Number.isNaN(quantileOf([], [3], 0.5)), 'without bounds nothing can be said')
  }
)
