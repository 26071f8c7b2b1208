/** Decides by measurement whether the threads share the work or the calling one does it alone. */

/** Milliseconds after which the slower way is tried again: other programs come and go. */
const TRIAL_INTERVAL = 300;
/** Runs of a trial; the first ones wake the threads and do not count. */
const TRIAL_RUNS = 6;
const WARM_UP_RUNS = 2;
/** Weight of the newest time in the mean. */
const NEWEST = 0.2;

export class Pace {
  /** mean milliseconds of a run, together and alone; unknown at first */
  readonly #means: [number | undefined, number | undefined] = [undefined, undefined];
  #isAlone = false;
  #trialRuns = 0;
  #nextTrial = 0;

  /** Whether the next run is to be done alone. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Takes the time of a run that was done as `isAlone` said. */
  record(milliseconds: number, now: number): void {
    const isTrial = this.#trialRuns > 0;
    if (isTrial) this.#trialRuns--;
    if (!isTrial || this.#trialRuns < TRIAL_RUNS - WARM_UP_RUNS) this.#average(milliseconds);
    if (isTrial && this.#trialRuns === 0) this.#choose(now);
    else if (!isTrial && now >= this.#nextTrial) this.#tryOther();
  }

  #average(milliseconds: number): void {
    const way = this.#isAlone ? 1 : 0;
    const mean = this.#means[way];
    this.#means[way] = mean === undefined ? milliseconds : mean + NEWEST * (milliseconds - mean);
  }

  #tryOther(): void {
    this.#isAlone = !this.#isAlone;
    this.#trialRuns = TRIAL_RUNS;
    // what was measured long ago no longer counts
    this.#means[this.#isAlone ? 1 : 0] = undefined;
  }

  #choose(now: number): void {
    const [together = 0, alone = 0] = this.#means;
    this.#isAlone = alone < together;
    this.#nextTrial = now + TRIAL_INTERVAL;
  }
}
