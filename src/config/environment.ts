// Settings from the environment: every variable that begins with HOLDFAST_ must be one of ours.
import { namedFile, textsOf, type Read } from './flags.ts'
import { refuse } from './kinds.ts'
import { configName, suggestion, variableOf, variables, type Given } from './names.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const configVariable = variableOf(configName)

/** Reads all `HOLDFAST_...` variables. Throws USAGE on one that is not known. */
export function readEnvironment(env: Environment): Read {
  const given: Given[] = []
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith('HOLDFAST_') || variable === configVariable) continue
    const name = variables.get(variable)
    if (name !== undefined) given.push({ ...name, texts: textsOf(name, text), where: variable })
    else if (!isOfKubernetes(variable, text)) {
      refuse(`unknown variable ${variable}${suggestion(variable, [configVariable, ...variables.keys()])}`)
    }
  }
  const path = env[configVariable]
  return { given, ...(path !== undefined && { configFile: namedFile(path, configVariable) }) }
}

/**
 * Kubernetes gives every pod of a namespace such variables for each Service in it, in the style of Docker's links: a
 * Service named holdfast or holdfast-admin must not keep the proxy from starting.
 */
function isOfKubernetes(variable: string, text: string): boolean {
  if (/_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_\d+_[A-Z]+_(PROTO|PORT|ADDR)$/.test(variable)) return true
  return /_PORT(_\d+_[A-Z]+)?$/.test(variable) && /^(tcp|udp|sctp):\/\//.test(text)
}
