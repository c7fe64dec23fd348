#!/usr/bin/env node
// The program: its arguments go to the command line, its exit code comes back. Knows nothing else.
import { readFileSync } from 'node:fs'
import { run } from './cli/run.ts'

// `holdfast --help | head` closes our output early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`)
})
