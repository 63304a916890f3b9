// node build/examples/service/main.js [flights]: runs the scenario and ends with 1 if a claim does not hold.
import { runScenario } from './scenario.ts'

const flights = Number(process.argv[2] ?? 20_000)
if (!Number.isInteger(flights) || flights < 10_000 || flights > 1_000_000) {
  process.stderr.write('service: the number of flights must be a whole number from 10000 to 1000000\n')
  process.exit(2)
}
const claims = await runScenario(flights, (line) => process.stdout.write(`${line}\n`))
for (const { text, holds } of claims) process.stdout.write(`${holds ? 'holds' : 'DOES NOT HOLD'}: ${text}\n`)
if (claims.some(({ holds }) => !holds)) process.exitCode = 1
