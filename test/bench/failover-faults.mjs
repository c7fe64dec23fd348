// What is done to a master, by name. Each starts at once; the promise is for what follows later.
import { setTimeout as sleep } from 'node:timers/promises'

const frozenMs = 8000
const awayMs = 6000

export const faults = {
  planned: (rig) => rig.sentinels[0].command('SENTINEL', 'FAILOVER', rig.masterName),
  killed: (_rig, master) => master.kill(),
  frozen: async (_rig, master) => {
    master.freeze()
    await sleep(frozenMs)
    master.thaw()
  },
  restarted: async (_rig, master) => {
    await master.kill()
    await sleep(awayMs)
    await master.start()
  }
}
