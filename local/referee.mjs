// Judges requests, one JSON object a line: {policies, principal, action, resource, context} -> {verdict, statements}.
// The judge is @cloud-copilot/iam-simulate, which knows IAM's evaluation and every action's resource types, and is
// independent of this project.
import { createInterface } from 'node:readline'
import { isWildcardOnlyAction, runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

// A call may leave out the resource that its action could have named (ListMFADevices without a user). AWS judges it against
// "*", which only the pattern "*" and patterns of negation match. For the simulator, "*" is "any resource that some
// policy mentions"; a resource that only "*" matches gives the result of AWS.
const NO_RESOURCE = 'no:such:arn:anywhere:at:all'

async function namesNoResource({ action, resource }) {
  const [service, operation] = action.split(':')
  return resource === '*' && !(await isWildcardOnlyAction(service, operation))
}

function simulation({ policies, principal, action, resource, context }) {
  return {
    identityPolicies: policies.map((policy, position) => ({ name: `policy-${position}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    request: {
      principal,
      action,
      resource: { resource, accountId: principal.split(':')[4] },
      contextVariables: context
    }
  }
}

const verdictOf = (result) => (result === 'Allowed' ? 'allow' : 'deny')

function judgeUnchecked(request) {
  return { verdict: verdictOf(runUnsafeSimulation(simulation(request), {})), statements: [] }
}

async function judge(request) {
  if (await namesNoResource(request)) return judgeUnchecked({ ...request, resource: NO_RESOURCE })
  const outcome = await runSimulation(simulation(request), { simulationMode: 'Strict' })
  if (outcome.resultType === 'error') {
    // The ARN of a passkey or security key (u2f/...) is not a resource type of any IAM action.
    if (outcome.errors.message === 'no.resource.types') return judgeUnchecked(request)
    throw new Error(JSON.stringify(outcome.errors))
  }
  const { analysis } = outcome.resultType === 'single' ? outcome.result : (outcome.results[0] ?? {})
  const { denyStatements = [], allowStatements = [] } = analysis?.identityAnalysis ?? {}
  const deciding = denyStatements.length > 0 ? denyStatements : allowStatements
  return {
    verdict: verdictOf(outcome.overallResult),
    statements: deciding.map((statement) => statement.explain.identifier)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await judge(JSON.parse(line)).catch((error) => ({ error: error.message }))
  process.stdout.write(JSON.stringify(answer) + '\n')
}
