/** The value below which `share` (0 to 1) of the values lie, by the nearest rank; 0 for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** To so many significant digits: more would only be noise. */
export function rounded(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
