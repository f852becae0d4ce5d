/** Figures as the table that people read. */
import { ratioOf, verdictOf, type Budget, type Figure, type Unit } from './figures.ts'

const HEAD = ['', 'measured', 'raw limit', '× limit', 'budget', 'verdict'] as const

/** One table for all suites; a suite's name stands above its figures. */
export function renderTable (figures: readonly Figure[]): string {
  const rows = figures.map(figure => [`  ${figure.what}`, ...cellsOf(figure)])
  const widths = HEAD.map((head, column) => Math.max(...[head, ...rows.map(row => row[column] ?? '')].map(cell => cell.length)))
  const lines = [align(HEAD, widths)]
  for (const [index, figure] of figures.entries()) {
    if (figure.suite !== figures[index - 1]?.suite) lines.push('', figure.suite)
    lines.push(align(rows[index] ?? [], widths))
  }
  return lines.join('\n')
}

function cellsOf (figure: Figure): string[] {
  const { value, unit, limit, budget } = figure
  const ratio = ratioOf(figure)
  return [
    withUnit(value, unit),
    limit === undefined ? '' : `${withUnit(limit.value, unit)} ${limit.of}`,
    ratio === undefined ? '' : ratio.toFixed(2),
    budget === undefined ? '' : budgetText(budget, unit),
    verdictText(figure)
  ]
}

function budgetText (budget: Budget, unit: Unit): string {
  switch (budget.type) {
    case 'atMost':
      return `≤ ${withUnit(budget.value, unit)}`
    case 'atLeast':
      return `≥ ${withUnit(budget.value, unit)}${budget.stretch === undefined ? '' : `, better ${number(budget.stretch, unit)}`}`
    case 'timesLimit':
      return `≤ ${budget.value} × limit`
    case 'shareOfLimit':
      return `≥ ${budget.value} × limit`
    case 'aboveLimit':
      return `≤ limit + ${withUnit(budget.value, unit)}`
  }
}

function verdictText (figure: Figure): string {
  const verdict = verdictOf(figure)
  if (verdict === undefined) return ''
  return verdict.isMet ? 'met' : `MISSED by ${(verdict.share * 100).toFixed(0)} %`
}

function withUnit (value: number, unit: Unit): string { return `${number(value, unit)} ${unit}` }

function number (value: number, unit: Unit): string {
  const isWhole = unit === 'messages' || unit.endsWith('s/s') || value >= 100 || Number.isInteger(value)
  return isWhole ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2)
}

function align (cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, column) => column >= 1 && column <= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()
}
