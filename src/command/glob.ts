// Glob-style patterns as Redis matches them (util.c, stringmatchlen): PSUBSCRIBE patterns against channels. What is odd
// in it is kept: an open bracket at the end, bytes above 127 that sort below the others, `*` against nothing. Pure.

const STAR = 42
const DASH = 45
const QUESTION = 63
const OPEN = 91
const BACKSLASH = 92
const CLOSE = 93
const CARET = 94

/** Whether the whole text matches. Takes time in proportion to pattern times text at worst, and no stack. */
export function matchesGlob(pattern: Buffer, text: Buffer): boolean {
  if (text.length === 0) return pattern.length === 0
  let at = 0
  let textAt = 0
  // Behind the last star met, and where in the text it began to match: only the last one has to be tried again.
  let starAt = -1
  let starTextAt = 0
  while (textAt < text.length) {
    if (pattern[at] === STAR) {
      starAt = ++at
      starTextAt = textAt
      continue
    }
    const next = at < pattern.length ? afterOne(pattern, at, text[textAt] as number) : -1
    if (next >= 0) {
      at = next
      textAt++
    } else if (starAt >= 0) {
      at = starAt
      textAt = ++starTextAt
    } else {
      return false
    }
  }
  while (pattern[at] === STAR) at++
  return at >= pattern.length
}

/** Where the pattern goes on when its element at `at` matches the byte; -1 when it does not. */
function afterOne(pattern: Buffer, at: number, byte: number): number {
  const element = pattern[at] as number
  if (element === QUESTION) return at + 1
  if (element === OPEN) return afterClass(pattern, at + 1, byte)
  const literalAt = element === BACKSLASH && at + 1 < pattern.length ? at + 1 : at
  return pattern[literalAt] === byte ? literalAt + 1 : -1
}

function afterClass(pattern: Buffer, from: number, byte: number): number {
  const isNegated = pattern[from] === CARET
  let at = isNegated ? from + 1 : from
  let isMatch = false
  while (at < pattern.length && pattern[at] !== CLOSE) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      if (pattern[at + 1] === byte) isMatch = true
      at += 2
    } else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      if (isWithin(byte, pattern[at] as number, pattern[at + 2] as number)) isMatch = true
      at += 3
    } else {
      if (pattern[at] === byte) isMatch = true
      at++
    }
  }
  return isMatch === isNegated ? -1 : at + 1
}

// The bytes are signed characters to Redis, and the ends of a range may be swapped.
function isWithin(byte: number, one: number, other: number): boolean {
  const value = signed(byte)
  const [least, most] = [signed(one), signed(other)].sort((a, b) => a - b) as [number, number]
  return value >= least && value <= most
}

function signed(byte: number): number {
  return byte < 128 ? byte : byte - 256
}
