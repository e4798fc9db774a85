import { expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { dir, file } from '../support/fake-nas.ts'

/** One set of promises, kept by the real host and by the fake, so that the fake cannot lie. */
export function keepsTheHostContract(make: () => Promise<{ nas: Host; top: string }>): void {
  const calm = new AbortController().signal

  it('reads what it put: text, mode, links, directories', async () => {
    const { nas, top } = await make()
    await nas.put(`${top}/d`, dir(0o750))
    await nas.put(`${top}/d/f`, file('a\nb', 0o640))
    await nas.put(`${top}/d/l`, { kind: 'link', target: '../x' })

    expect(await nas.read(`${top}/d`)).toEqual(dir(0o750))
    expect(await nas.read(`${top}/d/f`)).toEqual(file('a\nb', 0o640))
    expect(await nas.read(`${top}/d/l`)).toEqual({ kind: 'link', target: '../x' })
    expect([...((await nas.list(`${top}/d`)) ?? [])].sort()).toEqual([
      ['f', 'file'],
      ['l', 'link'],
    ])
  })

  it('reads below a tree what is there, and nothing by way of a link', async () => {
    const { nas, top } = await make()
    await nas.put(`${top}/pi`, dir())
    await nas.put(`${top}/pi/etc`, dir(0o750))
    await nas.put(`${top}/pi/etc/hosts`, file('mine', 0o640))
    await nas.put(`${top}/pi/etc/link`, { kind: 'link', target: 'hosts' })
    await nas.put(`${top}/pi/way`, { kind: 'link', target: 'etc' })
    const below = async (path: string) => await nas.readBelow(`${top}/pi`, `${top}/pi/${path}`)
    expect(await below('etc')).toEqual(dir(0o750))
    expect(await below('etc/hosts')).toEqual(file('mine', 0o640))
    expect(await below('etc/link')).toEqual({ kind: 'link', target: 'hosts' })
    for (const path of ['way/hosts', 'none', 'etc/none', 'none/hosts', 'etc/hosts/x'])
      expect(await below(path), path).toBeUndefined()
    expect(await nas.readBelow(`${top}/gone`, `${top}/gone/etc`)).toBeUndefined()
  })

  it('answers undefined for what is not there', async () => {
    const { nas, top } = await make()
    expect(await nas.read(`${top}/none`)).toBeUndefined()
    expect(await nas.read(`${top}/none/below`)).toBeUndefined()
    expect(await nas.list(`${top}/none`)).toBeUndefined()
  })

  it('finds what is in the directories right below one, whatever it is called', async () => {
    const { nas, top } = await make()
    const link = { kind: 'link', target: '../\ntemplates/x y' } as const
    for (const path of ['d', 'd/deep', 'empty']) await nas.put(`${top}/${path}`, dir(0o750))
    for (const path of ['l', 'd/two\nlines', 'd/deep/too']) await nas.put(`${top}/${path}`, link)
    await nas.put(`${top}/f`, file('above'))
    await nas.put(`${top}/d/f`, file('no link'))
    const inside = new Map<string, object>([
      ['deep', { kind: 'dir' }],
      ['two\nlines', link],
      ['f', { kind: 'file' }],
    ])
    const found = new Map([
      ['d', { entry: dir(0o750), inside }],
      ['empty', { entry: dir(0o750), inside: new Map() }],
    ])
    expect(await nas.dirsIn(top)).toEqual(found)
    expect(await nas.dirsIn(`${top}/none`)).toEqual(new Map())
  })

  it('reads the first lines of all files of some names', async () => {
    const { nas, top } = await make()
    for (const path of ['b', 'b/c']) await nas.put(`${top}/${path}`, dir())
    await nas.put(`${top}/b/x.pub`, file('one key\nand more\n'))
    await nas.put(`${top}/b/c/x.pub`, file('caf\u00e9, no end'))
    await nas.put(`${top}/b/empty.pub`, file(''))
    await nas.put(`${top}/b/x.key`, file('private\n'))
    await nas.put(`${top}/b/c/empty.pub`, { kind: 'link', target: '../x.key' })
    const found = new Map([
      [`${top}/b/x.pub`, 'one key'],
      [`${top}/b/c/x.pub`, 'caf\u00e9, no end'],
    ])
    expect(await nas.firstLines(top, ['x.pub', 'empty.pub'])).toEqual(found)
    expect(await nas.firstLines(`${top}/none`, ['x.pub'])).toEqual(new Map())
  })

  it('replaces and removes, leaving nothing beside', async () => {
    const { nas, top } = await make()
    await nas.put(`${top}/f`, file('one'))
    await nas.put(`${top}/f`, file('two', 0o600))
    expect(await nas.read(`${top}/f`)).toEqual(file('two', 0o600))
    await nas.put(`${top}/f`, undefined)
    await nas.put(`${top}/f`, undefined)
    expect([...((await nas.list(top)) ?? new Map()).keys()]).toEqual([])
  })

  it('keeps bytes that are not UTF-8', async () => {
    const { nas, top } = await make()
    const latin1 = { ...file('caf\u00e9\r\n'), encoding: 'latin1' as const }
    await nas.put(`${top}/f`, latin1)
    expect(await nas.read(`${top}/f`)).toEqual(latin1)
  })

  it('removes a directory only when it is empty, and makes none without its parent', async () => {
    const { nas, top } = await make()
    await nas.put(`${top}/d`, dir())
    await nas.put(`${top}/d/f`, file('x'))
    await expect(nas.put(`${top}/d`, undefined)).rejects.toThrow()
    await expect(nas.put(`${top}/none/f`, file('x'))).rejects.toThrow()
    expect(await nas.read(`${top}/d/f`)).toEqual(file('x'))
  })

  it('clones a tree and plants the seeds before it is seen', async () => {
    const { nas, top } = await make()
    await nas.put(`${top}/from`, dir())
    await nas.put(`${top}/from/etc`, dir())
    await nas.put(`${top}/from/etc/hostname`, file('template'))
    await nas.put(`${top}/from/etc/key`, file('secret'))

    const seeds = [
      { path: 'etc/hostname', entry: file('HLSPi1') },
      { path: 'etc/key', entry: undefined },
    ]
    await nas.cloneTree({ from: `${top}/from`, to: `${top}/to`, seeds }, () => {}, calm)

    expect(await nas.read(`${top}/to/etc/hostname`)).toEqual(file('HLSPi1'))
    expect(await nas.read(`${top}/to/etc/key`)).toBeUndefined()
    expect(await nas.read(`${top}/from/etc/hostname`)).toEqual(file('template'))
    expect([...((await nas.list(top)) ?? new Map()).keys()].sort()).toEqual(['from', 'to'])
  })

  it('never clones or moves over something', async () => {
    const { nas, top } = await make()
    await nas.put(`${top}/from`, dir())
    await nas.put(`${top}/to`, dir())
    const clone = { from: `${top}/from`, to: `${top}/to`, seeds: [] }
    await expect(nas.cloneTree(clone, () => {}, calm)).rejects.toThrow()
    await expect(nas.moveTree(`${top}/from`, `${top}/to`)).rejects.toThrow()
    expect(await nas.list(`${top}/to`)).toEqual(new Map())
  })

  it('moves and removes trees; nothing there is no error to remove', async () => {
    const { nas, top } = await make()
    await nas.put(`${top}/a`, dir())
    await nas.put(`${top}/a/f`, file('x'))
    await nas.moveTree(`${top}/a`, `${top}/b`)
    expect(await nas.read(`${top}/a`)).toBeUndefined()
    expect(await nas.read(`${top}/b/f`)).toEqual(file('x'))
    await nas.removeTree(`${top}/b`)
    await nas.removeTree(`${top}/b`)
    expect(await nas.read(`${top}/b`)).toBeUndefined()
  })

  it('gives the lock to one, tells the other who has it, and gives it on', async () => {
    const { nas, top } = await make()
    const lock = await nas.lock(`${top}/lock`, 'pifarm one')
    expect(await nas.lock(`${top}/lock`, 'pifarm two')).toEqual({ heldBy: 'pifarm one' })
    if ('release' in lock) await lock.release()
    const next = await nas.lock(`${top}/lock`, 'pifarm two')
    expect(next).toHaveProperty('release')
    if ('release' in next) await next.release()
  })

  it('holds a directory once at a time, and leaves it as it is', async () => {
    const { nas, top } = await make()
    const first = await nas.hold(top)
    expect(first).toBeDefined()
    expect(await nas.hold(top)).toBeUndefined()
    await first?.release()
    const second = await nas.hold(top)
    expect(second).toBeDefined()
    await second?.release()
    expect([...((await nas.list(top)) ?? [])]).toEqual([])
  })
}
