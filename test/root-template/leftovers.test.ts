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

test('what is left and cannot be deleted is told, and stands in the way of nothing else', async () => {
  const left = join(nas.roots, '.x.pifarm-new')
  fs.mkdirSync(join(left, 'proc'), { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'busy', join(left, 'proc')])
  try {
    const { warnings, said } = await mend()
    expect(warnings).toContainEqual(
      expect.stringMatching(/^cannot delete all of .*\.x\.pifarm-new, the next run tries again: /),
    )
    expect(said).toContain('  removed /var/swap')
  } finally {
    execFileSync('umount', [join(left, 'proc')])
  }
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
