import { plain } from '../../src/ui/paint.ts'
import { lineBars } from '../../src/ui/show-bars.ts'
import type { StepDisplay } from '../../src/ui/ui.ts'

/** Answers are given in order; a question beyond them is a failure of the test. */
export type Answer = string | boolean

/** A Ui that remembers what was said and answers as it was told. */
export function recordingUi(...answers: Answer[]) {
  const answered: string[] = []
  const said: string[] = []
  const warnings: string[] = []
  const questions: string[] = []
  const steps: string[] = []

  function next(question: string): Answer {
    questions.push(question)
    const answer = answers.shift()
    if (answer === undefined) throw new Error(`nobody answers the question: ${question}`)
    return answer
  }

  function display(titles: readonly string[]): StepDisplay {
    return {
      start: (index) => void steps.push(`start ${titles[index]}`),
      at: (index, { done, total, of = 'bytes', part }) => {
        const title = part === undefined ? titles[index] : `${titles[index]}: ${part}`
        steps.push(`at ${title} ${done}/${total} ${of}`)
      },
      done: (index) => void steps.push(`done ${titles[index]}`),
      fail: (index, why) => void steps.push(`fail ${titles[index]}: ${why}`),
      end: async () => void steps.push('end'),
    }
  }

  return {
    answered,
    said,
    warnings,
    questions,
    steps: display,
    bars: (titles: readonly string[]) => lineBars(titles, (line) => void said.push(line.trimEnd())),
    stepLog: steps,
    canAsk: answers.length > 0,
    paint: plain,
    columns: undefined,
    answer: (text: string) => void answered.push(text),
    say: (line: string) => void said.push(line),
    warn: (line: string) => void warnings.push(line),
    confirm: async (question: string) => next(question) === true,
    async input(
      question: string,
      _suggestion: string | undefined,
      wrong: (text: string) => string | undefined,
    ) {
      const text = String(next(question))
      const problem = wrong(text)
      if (problem !== undefined) throw new Error(`${question} ${text}: ${problem}`)
      return text
    },
    secret: async (question: string) => String(next(question)),
    async choose<T extends string>(
      question: string,
      choices: readonly { value: T; label: string }[],
    ): Promise<T> {
      const answer = next(question)
      const choice = choices.find(({ value }) => value === answer)
      if (!choice) throw new Error(`${question} has no choice ${answer}`)
      return choice.value
    },
  }
}
