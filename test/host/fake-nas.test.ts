import { describe } from 'vitest'
import { dir, fakeNas } from '../support/fake-nas.ts'
import { keepsTheHostContract } from './contract.ts'

describe('the fake NAS', () => {
  keepsTheHostContract(async () => ({ nas: fakeNas({ '/top': dir() }), top: '/top' }))
})
