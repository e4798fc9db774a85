import { existsSync, readFileSync } from 'node:fs'

/**
 * Prints the counts of all parts of a run as one line, and ends with 1 where anything failed. Of each part it is given
 * NAME=STATUS, what it ended with, and where it has tests, NAME=STATUS,REPORT, Vitest's own in JSON.
 */
const sum = { passed: 0, failed: 0, skipped: 0 }
for (const part of process.argv.slice(2)) add(...part.split(/[=,]/))
say(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
process.exitCode = sum.failed > 0 ? 1 : 0

function add(name, status, file) {
  const report = file !== undefined && existsSync(file) && JSON.parse(readFileSync(file, 'utf8'))
  const failed = report ? addTests(report) : 0
  // What no test has: a check, an error that nobody caught, a program that was killed.
  const isMissing = file !== undefined && !report
  if (failed > 0 || (status === '0' && !isMissing)) return
  say(`${name} ended with ${status}${isMissing ? ' and left no report' : ''}`)
  sum.failed += 1
}

/** Answers how many failed. */
function addTests(report) {
  sum.passed += report.numPassedTests
  sum.skipped += report.numPendingTests + report.numTodoTests
  // A file that fails before its tests start counts as one: its tests are only "skipped".
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  for (const { name } of broken) say(`failed before its tests: ${name}`)
  const failed = report.numFailedTests + broken.length
  sum.failed += failed
  return failed
}

function say(line) {
  process.stdout.write(`${line}\n`)
}
