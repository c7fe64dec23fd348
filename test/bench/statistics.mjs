// Medians and spread of a handful of rounds. Knows nothing of what was measured.

/** undefined for an empty list; values that are not numbers are left out. */
export function median(values) {
  const sorted = numbers(values)
  if (sorted.length === 0) return undefined
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** { median, least, most }, all undefined for an empty list. */
export function spread(values) {
  const sorted = numbers(values)
  return { median: median(sorted), least: sorted[0], most: sorted.at(-1) }
}

/** Round by round, so that what disturbed one round disturbs both sides of its ratio. */
export function ratios(values, bases) {
  return values.map((value, round) => value / bases[round])
}

function numbers(values) {
  return values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b)
}
