import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree } from '../support/source-tree.ts'
import { plainWishes } from '../support/template-tree.ts'

let nas: ScratchNas

beforeEach(() => {
  nas = scratchNas()
  fs.renameSync(laySourceTree(join(nas.dir, 'source'), 'bookworm').root, join(nas.roots, 'card'))
})
afterEach(() => nas.remove())

function mend() {
  return nas.pifarm(['template', 'lint', 'card', '--fix', ...plainWishes])
}

test('what a killed build has left is deleted by the next command that changes anything, and told', async () => {
  fs.mkdirSync(join(nas.roots, '.x.pifarm-new/etc'), { recursive: true })
  fs.mkdirSync(join(nas.roots, '.x.pifarm-new.scratch'))
  fs.mkdirSync(join(nas.state, 'templates'), { recursive: true })
  for (const kind of ['json', 'log']) fs.writeFileSync(join(nas.state, `templates/x.${kind}`), '')
  const { warnings } = await mend()
  expect(warnings).toContain('deleted what was left of x, whose build or removal was cut off')
  expect(fs.readdirSync(nas.roots)).toEqual(['card'])
  expect(fs.readdirSync(join(nas.state, 'templates'))).not.toContain('x.json')
})

/** What was left of a template of that name cannot be deleted while `work` goes on. */
async function whileBusy(name: string, work: (left: string) => Promise<void>): Promise<void> {
  const left = join(nas.roots, `.${name}.pifarm-new`)
  const proc = join(left, 'proc')
  fs.mkdirSync(proc, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'busy', proc])
  try {
    await work(left)
  } finally {
    execFileSync('umount', [proc])
  }
}

test('what is left and cannot be deleted is told, whatever else of it can, and stands in the way of nothing else', async () => {
  fs.mkdirSync(join(nas.roots, '.x.pifarm-new.scratch'))
  await whileBusy('x', async (left) => {
    const { warnings, said } = await mend()
    expect(warnings.filter((line) => line.includes('left of x'))).toEqual([])
    expect(warnings).toContainEqual(
      expect.stringContaining(`cannot delete all of ${left}, the next run tries again: `),
    )
    expect(said).toContain('  removed /var/swap')
  })
})

test.each([
  ['build', ['template', 'build', 'card2', '--from-root', 'card']],
  ['remove', ['template', 'remove', 'card']],
])('template %s is refused where what was left in its way cannot be deleted', async (_, words) => {
  await whileBusy(words[2] ?? '', async (left) => {
    const { error, hint, code } = await nas.pifarm(words, { answers: [true] })
    expect([error, hint, code]).toEqual([
      `${left} is in the way: what a build or removal that was cut off has left there cannot be deleted`,
      `see why, and delete it: rm -r --one-file-system ${left}`,
      2,
    ])
    expect(fs.existsSync(join(nas.roots, 'card/etc'))).toBe(true)
  })
})

test('a template with something mounted in it is not removed', async () => {
  const proc = join(nas.roots, 'card/proc')
  fs.mkdirSync(proc, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'busy', proc])
  try {
    const { error, hint, code } = await nas.pifarm(['template', 'remove', 'card'], {
      answers: [true],
    })
    expect([error, hint, code]).toEqual([
      `${proc} is mounted inside a template`,
      `unmount it first: umount ${proc}`,
      2,
    ])
  } finally {
    execFileSync('umount', [proc])
  }
})
