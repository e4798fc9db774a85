import type { Board } from './box/box.ts'

/** By their MACs, Pi 3s: the last six digits of the serial are the MAC's. */
export const first: Board = { name: 'HLSPi1', mac: 'b8:27:eb:33:34:7a', serial: '3333347a' }
export const second: Board = { name: 'HLSPi2', mac: 'b8:27:eb:5a:11:22', serial: 'ab5a1122' }
