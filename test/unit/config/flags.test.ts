import t, { type Test } from 'tap'
import { readFlags } from '../../../src/config/flags.ts'

/** Key, texts and place of everything that the flags give. */
function read(...argv: readonly string[]): unknown {
  return readFlags(argv).given.map(({ setting, texts, where }) => [setting.key, texts, where])
}

function refused(t: Test, argv: readonly string[], message: string): void {
  t.throws(() => readFlags(argv), { code: 'USAGE', message }, message)
}

t.test('a value stands behind its flag, or behind an equals sign', async (t) => {
  t.strictSame(read('--master', 'm', '--hold.window=5s'), [
    ['master', ['m'], '--master'],
    ['hold.window', ['5s'], '--hold.window']
  ])
  t.strictSame(
    read('--redis.password=a=b'),
    [['redis.password', ['a=b'], '--redis.password']],
    'only the first one divides'
  )
  t.strictSame(read('--master='), [['master', [''], '--master']])
})

t.test('kebab-case is the same name', async (t) => {
  t.strictSame(read('--hold.max-requests', '5', '--nat-map', 'a:1=b:2'), [
    ['hold.maxRequests', ['5'], '--hold.max-requests'],
    ['natMap', ['a:1=b:2'], '--nat-map']
  ])
})

t.test('a group can stand for its addresses', async (t) => {
  t.strictSame(read('--sentinel', 'a:1,b:2', '--admin', 'c:3'), [
    ['sentinel.addresses', ['a:1', 'b:2'], '--sentinel'],
    ['admin.listen', ['c:3'], '--admin']
  ])
})

t.test('a true-or-false flag needs no value, and takes one only if it is one', async (t) => {
  const key = 'failover.refuseEmptyMaster'
  const flag = `--${key}`
  t.strictSame(read(flag), [[key, ['true'], flag]])
  t.strictSame(read(flag, 'no', '--master', 'm'), [
    [key, ['no'], flag],
    ['master', ['m'], '--master']
  ])
  t.strictSame(read(`${flag}=maybe`), [[key, ['maybe'], flag]])
  refused(
    t,
    [flag, 'maybe'],
    "unexpected argument 'maybe': the command goes first, and settings are --name VALUE"
  )
})

t.test('a flag without its value is told, also when another flag follows', async (t) => {
  refused(t, ['--master'], '--master needs a value, as in --master=VALUE')
  refused(t, ['--master', '--log.level', 'info'], '--master needs a value, as in --master=VALUE')
  refused(t, ['--master', '-x'], '--master needs a value, as in --master=VALUE')
  refused(t, ['--config'], '--config needs a value, as in --config=VALUE')
})

t.test('the settings file is named once', async (t) => {
  t.strictSame(readFlags(['--config', 'a.yaml']), {
    given: [],
    configFile: { path: 'a.yaml', where: '--config' }
  })
  refused(t, ['--config=a', '--config=b'], '--config is given twice')
  refused(t, ['--config='], '--config is empty: name a file')
})

t.test('an unknown flag is answered with the nearest known one', async (t) => {
  refused(t, ['--lissten', 'a:1'], "unknown flag '--lissten': did you mean --listen?")
  refused(t, ['--hold.windwo=5s'], "unknown flag '--hold.windwo': did you mean --hold.window?")
  refused(t, ['--hold.max-request=5'], "unknown flag '--hold.max-request': did you mean --hold.maxRequests?")
  refused(t, ['--maxRequests=5'], "unknown flag '--maxRequests': did you mean --hold.maxRequests?")
  refused(t, ['--cnfig=a'], "unknown flag '--cnfig': did you mean --config?")
  refused(t, ['--timeout=5s'], "unknown flag '--timeout': did you mean --sentinel.timeout or --lane.timeout?")
  refused(t, ['--something-else-entirely'], "unknown flag '--something-else-entirely'")
})

t.test('what is no flag is told as such', async (t) => {
  refused(t, ['-p', '6379'], "unknown flag '-p': the names of settings have two dashes")
  for (const text of ['status', '--', '-', '']) {
    refused(t, [text], `unexpected argument '${text}': the command goes first, and settings are --name VALUE`)
  }
})
