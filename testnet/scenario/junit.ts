/** Results as CI systems read them (JUnit XML, as Jenkins and GitLab take it). */
import type { Outcome } from './run.ts'

export function junitOf (name: string, outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escaped(name)}" tests="${outcomes.length}" failures="${failed}">`,
    ...outcomes.flatMap(({ seed, failures, durationMs }) => [
      `  <testcase classname="${escaped(name)}" name="seed ${seed}" time="${(durationMs / 1000).toFixed(3)}">`,
      ...failures.map(({ expectation, seen }) => `    <failure message="${escaped(expectation)}">${escaped(seen)}</failure>`),
      '  </testcase>'
    ]),
    '</testsuite>',
    ''
  ].join('\n')
}

function escaped (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
