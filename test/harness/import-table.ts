// Who may import whom: the rule that test/unit/architecture.test.ts holds the sources to, and that docs/architecture.md
// shows. A part is a folder of src, or a file directly in it.

/** What each part may import, itself apart. In brackets: for its types only. */
// prettier-ignore
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  clock: [],
  log: [],
  turn: [],
  histogram: [],
  'metrics-source': ['histogram'],
  'metrics-table': ['histogram', 'metrics-source'],
  counters: ['histogram', 'metrics-source'],
  metrics: ['histogram', 'metrics-source', 'metrics-table'],
  status: ['(metrics-source)'],
  resp: ['errors'],
  exchange: ['resp'],
  command: ['resp', 'exchange'],
  route: ['resp', 'command', 'exchange', '(topology)'],
  topology: ['clock', 'log', 'errors', 'metrics-source', 'histogram'],
  failover: ['resp', 'exchange', 'command', '(route)', 'topology', 'clock', 'log', 'metrics-source', 'histogram'],
  upstream: ['resp', 'exchange', 'clock', 'errors', 'log', 'turn', 'metrics-source', 'histogram'],
  downstream: ['resp', 'exchange', 'command', 'route', 'clock', 'errors', 'turn', 'metrics-source', 'histogram'],
  config: ['errors'],
  scripts: ['(resp)'],
  admin: ['metrics', 'log', 'errors', 'status', 'metrics-source', 'histogram'],
  demo: ['errors', 'clock', 'resp', '(config)', '(status)'],
  cli: [
    ...['config', 'proxy', 'numbers', 'status-of', 'log', 'errors', 'clock', 'turn', 'demo', 'admin', 'metrics', 'status'],
    ...['topology', 'resp', 'upstream']
  ],
  main: ['cli', 'errors']
}

/** proxy.ts and the files beside it join the parts: they may import all that are not above them. */
// prettier-ignore
export const joints: readonly string[] = [
  ...['proxy', 'causal-reads', 'clients-side', 'discovery', 'gate', 'numbers', 'reads', 'rules', 'server-knowledge'],
  'status-of'
]
export const aboveJoints: readonly string[] = ['cli', 'demo', 'main']

/** Each package lives behind one part, so that it can be replaced there. */
export const packages: Readonly<Record<string, RegExp>> = {
  ioredis: /^topology\/sentinel[a-z-]*\.ts$/,
  'redis-parser': /^resp\/decode\.ts$/,
  'prom-client': /^metrics[a-z-]*\.ts$/,
  fastify: /^admin\//,
  pino: /^log\.ts$/,
  yaml: /^config\//
}
