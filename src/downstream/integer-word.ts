// Integers in requests, as strictly as Redis reads them (string2ll in util.c): no sign but a minus, no leading zeros,
// 64 bits.

/** undefined if the word is no such integer. Beyond 2^53 the value is the nearest number. */
export function integerOf(word: Buffer | undefined): number | undefined {
  const digits = word?.toString('latin1') ?? ''
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(digits)) return undefined
  const value = BigInt(digits)
  return value === BigInt.asIntN(64, value) ? Number(value) : undefined
}
