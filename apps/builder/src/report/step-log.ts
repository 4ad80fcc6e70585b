import { failureIn } from '../failure.ts';
import type { Step, StepName } from './report.ts';

/** A step ended in a failure that is in the log already; the steps after it make no sense. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** What came of the steps of one channel, or of the run as a whole. */
export class StepLog {
  readonly steps: Step[] = [];
  readonly problems: string[] = [];
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Takes a step.
   * @param phrase says in a few words what came of it.
   * @throws StepFailed when it failed; the signal's reason when the run was interrupted.
   */
  async step<Value>(step: StepName, work: () => Promise<Value>, phrase: (value: Value) => string): Promise<Value> {
    const begun = performance.now();
    const seconds = () => (performance.now() - begun) / 1000;
    try {
      const value = await work();
      this.steps.push({ step, seconds: seconds(), outcome: 'done', detail: phrase(value) });
      return value;
    } catch (error) {
      this.#signal.throwIfAborted();
      const failure = failureIn(error);
      const remedy = failure.remedy === undefined ? {} : { remedy: failure.remedy };
      this.steps.push({ step, seconds: seconds(), outcome: 'failed', reason: failure.message, ...remedy });
      this.problems.push(`${step}: ${failure.sentence}`);
      throw new StepFailed(step, { cause: error });
    }
  }

  skip(step: StepName, reason: string): void {
    this.steps.push({ step, seconds: 0, outcome: 'skipped', reason });
  }

  /** Does something that the rest does not depend on: that it failed is a problem, no more. Gives the phrase, or `failed`. */
  async attempt<Value>(work: () => Promise<Value>, phrase: (value: Value) => string): Promise<string> {
    try {
      return phrase(await work());
    } catch (error) {
      this.#signal.throwIfAborted();
      this.problems.push(failureIn(error).sentence);
      return 'failed';
    }
  }
}
