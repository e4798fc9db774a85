import { existsSync, readFileSync } from 'node:fs'

/** Prints the counts of Vitest's JSON reports, whose paths it is given, as one line. */
const sum = { passed: 0, failed: 0, skipped: 0 }
for (const file of process.argv.slice(2)) add(file)
say(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)

function add(file) {
  if (!existsSync(file)) {
    say(`ended without a report: ${file}`)
    sum.failed += 1
    return
  }
  const report = JSON.parse(readFileSync(file, 'utf8'))
  sum.passed += report.numPassedTests
  sum.failed += report.numFailedTests
  sum.skipped += report.numPendingTests + report.numTodoTests
  // A file that fails before its tests start counts as one: its tests are only "skipped".
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  for (const { name } of broken) say(`failed before its tests: ${name}`)
  sum.failed += broken.length
}

function say(line) {
  process.stdout.write(`${line}\n`)
}
