import { describe, expect, it } from "@jest/globals";
import { MersenneTwister } from "../../src/random/mersenne-twister.js";

describe("MersenneTwister", () => {
  it.each([
    [0, [2947667278772165694n, 18301848765998365067n, 729919693006235833n]],
    [1, [2469588189546311528n, 2516265689700432462n, 8323445853463659930n]],
    [2, [16668552215174154828n, 15684088468973760345n, 14458935525009338917n]],
    [3, [10307413207671831467n, 3611203882987592167n, 10888029678232491475n]],
  ])("seed %d begins as determinism.md 2.1 says", (seed, expected) => {
    const generator = new MersenneTwister(seed);
    expect(expected.map(() => generator.next())).toEqual(expected);
  });

  it("gives 9981545732273789042 as 10000th number of seed 5489", () => {
    const generator = new MersenneTwister(5489);
    for (let i = 1; i < 10000; i++) generator.draw();
    expect(generator.next()).toBe(9981545732273789042n);
  });

  it.each([10, 60000, 67108864, 67108865, 2 ** 40])("below %d is the remainder", (count) => {
    const [one, other] = [new MersenneTwister(7), new MersenneTwister(7)];
    for (let i = 0; i < 1000; i++) {
      expect(one.below(count)).toBe(Number(other.next() % BigInt(count)));
    }
  });
});
