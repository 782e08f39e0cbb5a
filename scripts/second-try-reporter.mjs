// A vitest reporter: writes down the tests that needed another try, so that a flake is seen although the suite is green.
// The list goes to the file that $SECOND_TRIES names, one test a line.
import { writeFileSync } from 'node:fs';

export default class SecondTryReporter {
  #tests = [];
  onTestCaseResult(test) {
    const d = test.diagnostic();
    if (test.result().state === 'passed' && (d?.retryCount ?? 0) > 0) this.#tests.push(`${test.module.relativeModuleId ?? test.module.moduleId}: ${test.fullName} (${test.result().errors?.[0]?.message?.split('\n')[0] ?? 'no reason kept'})`);
  }
  onTestRunEnd() { if (process.env.SECOND_TRIES) writeFileSync(process.env.SECOND_TRIES, this.#tests.map(t => `${t}\n`).join('')); }
}
