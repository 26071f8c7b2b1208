/** Decides by measurement whether the threads share the work or the calling one does it alone. */

/** Milliseconds of a trial, long enough for the scheduler to take a core away if it is going to. */
const TRIAL = 25;
/** Milliseconds from one trial of the other way to the next, at first and at most. */
const FIRST_STAY = 50;
const LONGEST_STAY = 3200;
/** Runs without which no time counts, and those that wake threads and fill caches before they do. */
const LEAST_RUNS = 2;
const WARM_UP_RUNS = 1;
/** Trials take at most one part in so many of the time, however long a run is. */
const LEAST_STAY_IN_TRIALS = 8;
/** The other way must be faster by so much to be taken. */
const GAIN = 0.97;

/**
 * Now and then the other way is tried. What counts is the mean over all runs of a trial: where threads share the work but
 * not enough cores are free, most runs are fast, and a few wait for a thread that does not run. A trial that is lost makes
 * the way to the next one longer, for other programs come and go, but not all the time.
 */
export class Pace {
  #isAlone = false;
  #isTrial = false;
  /** milliseconds of a run in the way that is kept, unknown at first */
  #usual: number | undefined;
  #stay = FIRST_STAY;
  #begin: number | undefined;
  #runs = 0;
  #milliseconds = 0;

  /** Whether the next run is to be done alone. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Takes the time of a run that was done as `isAlone` said. */
  record(milliseconds: number, now: number): void {
    this.#begin ??= now - milliseconds;
    this.#runs++;
    if (this.#runs > WARM_UP_RUNS) this.#milliseconds += milliseconds;
    const isLong = now - this.#begin >= (this.#isTrial ? TRIAL : this.#stay);
    if (!isLong || this.#runs < WARM_UP_RUNS + LEAST_RUNS) return;
    const mean = this.#milliseconds / (this.#runs - WARM_UP_RUNS);
    if (this.#isTrial) this.#judge(mean, now - this.#begin);
    else this.#try(mean);
    this.#begin = undefined;
    this.#runs = 0;
    this.#milliseconds = 0;
  }

  #try(usual: number): void {
    this.#usual = usual;
    this.#isTrial = true;
    this.#isAlone = !this.#isAlone;
  }

  #judge(mean: number, duration: number): void {
    this.#isTrial = false;
    if (this.#usual !== undefined && mean < this.#usual * GAIN) {
      this.#stay = FIRST_STAY;
      return;
    }
    this.#isAlone = !this.#isAlone;
    const longest = Math.min(2 * this.#stay, LONGEST_STAY);
    this.#stay = Math.max(longest, LEAST_STAY_IN_TRIALS * duration);
  }
}
