// Sessions that own a connection to Redis, or wait for something there, in each way of losing the master.
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from '../../harness/raw-client.ts'
import { endScene, startScene, type Scene } from '../scene.ts'

type Fault = { readonly name: string; readonly run: (scene: Scene) => Promise<unknown> }

const faults: readonly Fault[] = [
  {
    name: 'a planned failover',
    run: ({ rig }) => rig.sentinels[0]!.command('SENTINEL', 'FAILOVER', rig.masterName)
  },
  {
    name: 'a killed master',
    run: async (scene) => {
      scene.loss()
      await (await scene.rig.currentMaster()).kill()
    }
  },
  {
    name: 'a frozen master',
    run: async (scene) => {
      scene.loss()
      ;(await scene.rig.currentMaster()).freeze()
    }
  }
]

/** What a session does before the fault and expects after it. */
type Session = {
  readonly before: (client: RawClient) => Promise<unknown>
  readonly after: (client: RawClient, other: RawClient, t: Test) => Promise<unknown>
}

const sessions: Readonly<Record<string, Session>> = {
  idle: {
    before: (client) => client.command('CLIENT', 'SETNAME', 'idle'),
    after: async (client, _other, t) => {
      t.equal(String(await client.command('CLIENT', 'GETNAME')), '$4\r\nidle\r\n')
      t.equal(String(await client.command('ECHO', 'x')), '$1\r\nx\r\n')
    }
  },
  'in database 3': {
    before: async (client) => {
      await client.command('SELECT', '3')
      await client.command('SET', 'where', 'three')
    },
    after: async (client, other, t) => {
      t.equal(String(await client.command('GET', 'where')), '$5\r\nthree\r\n')
      t.equal(String(await other.command('GET', 'where')), '$-1\r\n')
    }
  },
  'in mid-MULTI': {
    before: async (client) => {
      await client.command('MULTI')
      await client.command('INCR', 'tx')
    },
    after: async (client, _other, t) => {
      t.equal(String(await client.command('INCR', 'tx')), '+QUEUED\r\n')
      t.equal(String(await client.command('EXEC')), '*2\r\n:1\r\n:2\r\n')
    }
  },
  watching: {
    before: (client) => client.command('WATCH', 'watched'),
    after: async (client, _other, t) => {
      await client.command('MULTI')
      await client.command('SET', 'watched', 'mine')
      t.equal(String(await client.command('EXEC')), '*-1\r\n', 'as if a watched key had changed')
      t.equal(String(await client.command('SET', 'watched', 'again')), '+OK\r\n')
    }
  },
  blocked: {
    before: async (client) => {
      client.send('BLPOP queue 60\r\n')
      await sleep(100)
    },
    after: async (client, other, t) => {
      t.equal(String(await other.command('RPUSH', 'queue', 'item')), ':1\r\n')
      t.equal(String(await client.reply()), '*2\r\n$5\r\nqueue\r\n$4\r\nitem\r\n')
    }
  },
  subscribed: {
    before: (client) => client.command('SUBSCRIBE', 'news'),
    after: async (client, other, t) => {
      t.equal(String(await other.command('PUBLISH', 'news', 'hello')), ':1\r\n')
      t.equal(String(await client.reply()), '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n')
    }
  },
  'subscribed to a pattern': {
    before: (client) => client.command('PSUBSCRIBE', 'n?ws.*'),
    after: async (client, other, t) => {
      t.equal(String(await other.command('PUBLISH', 'news.1', 'x')), ':1\r\n')
      t.match(String(await client.reply()), /^\*4\r\n\$8\r\npmessage\r\n/)
    }
  }
}

for (const { name, run } of faults) {
  t.test(`in ${name} every kind of session goes on, and none is closed [F1]`, async (t) => {
    const scene = await startScene(t)
    const { rig, proxy } = scene
    const old = await rig.currentMaster()
    const clients = new Map<string, RawClient>()
    for (const [kind, { before }] of Object.entries(sessions)) {
      const client = await RawClient.connect(proxy.port)
      t.teardown(() => client.close())
      clients.set(kind, client)
      await before(client)
    }
    const other = await RawClient.connect(proxy.port)
    t.teardown(() => other.close())

    await run(scene)
    await scene.writing()
    await rig.masterAfter(old)
    await sleep(1500)
    const healedMs = performance.now()
    for (const [kind, { after }] of Object.entries(sessions)) {
      await t.test(`a session that was ${kind}`, async (t) => {
        const client = clients.get(kind)!
        t.ok(client.isOpen, 'it is open')
        if (client.isOpen) await after(client, other, t)
      })
    }
    const mayLose = name === 'a killed master' ? 'uncarried' : 'nothing'
    await endScene(t, scene, { healedMs, mayLose, windowMs: 5000 })
  })
}
