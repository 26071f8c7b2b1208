/** How the engine finds out whether its threads help, on clocks of its own. */

import { describe, expect, it } from "@jest/globals";
import { Pace } from "../../../src/engine/compiled/pace.js";

/** Milliseconds of a run, alone or together, given how many runs came before. */
type Cost = (isAlone: boolean, run: number) => number;

/** @returns the share of the time that went by alone, and the mean of a run */
function simulate(cost: Cost, duration: number) {
  const pace = new Pace();
  let [now, alone, runs] = [0, 0, 0];
  while (now < duration) {
    const { isAlone } = pace;
    const milliseconds = cost(isAlone, runs++);
    now += milliseconds;
    if (isAlone) alone += milliseconds;
    pace.record(milliseconds, now);
  }
  return { alone: alone / now, mean: now / runs };
}

describe("the pace", () => {
  it("lets threads share the work where that is faster", () => {
    const { alone } = simulate((isAlone) => (isAlone ? 0.3 : 0.18), 5000);
    expect(alone).toBeLessThan(0.05);
  });

  it("works alone where a few runs wait for a thread, although most are fast together", () => {
    const cost: Cost = (isAlone, run) => (isAlone ? 0.3 : run % 20 === 0 ? 4 : 0.18);
    const { alone, mean } = simulate(cost, 5000);
    expect(alone).toBeGreaterThan(0.9);
    expect(mean).toBeLessThan(0.3 / 0.9);
  });

  it("follows a core that becomes free", () => {
    const pace = new Pace();
    let now = 0;
    const run = (together: number) => {
      const milliseconds = pace.isAlone ? 0.3 : together;
      now += milliseconds;
      pace.record(milliseconds, now);
    };
    while (now < 1000) run(0.6);
    expect(pace.isAlone).toBe(true);
    while (now < 9000) run(0.18);
    expect(pace.isAlone).toBe(false);
  });

  it("judges long runs by a few of them", () => {
    const { alone } = simulate((isAlone) => (isAlone ? 900 : 500), 60_000);
    expect(alone).toBeLessThan(0.4);
  });
});
