/** Open enums of the wire as names inside the program. */

/** Reads a number as its name; a number of a newer version reads as 'other', which every caller must decide about. */
export function namesOf<Name extends string> (numbers: Readonly<Record<Name, number>>): (number: number) => Name | 'other' {
  const names = new Map<number, Name>()
  for (const name in numbers) names.set(numbers[name], name)
  return number => names.get(number) ?? 'other'
}
