/** Reads speeds and losses from the log of a training run. */

export interface LoggedEpoch {
  readonly samples: number;
  readonly seconds: number;
  /** mean of a sample, over the epoch */
  readonly loss: number;
}

export interface TrainingLog {
  readonly epochs: readonly LoggedEpoch[];
  /** mean losses of the shown stretches of minibatches, in order, over all epochs */
  readonly intervals: readonly number[];
  /** of the first epoch */
  readonly learningRatePerSample: number;
  /** what is left of the last gradients after a whole minibatch */
  readonly momentum: number;
  /** what the program says about how it computes; empty if it says nothing */
  readonly engine: string;
}

const EPOCH =
  /^Finished Epoch\[ *\d+ of \d+\]: \[Training\] \S+ = (\S+) \* (\d+);.* learningRatePerSample = (\S+); epochTime=(\S+)s$/gm;
const INTERVAL = /^ Epoch\[ *\d+ of \d+\]-Minibatch\[[^\]]*\]: \S+ = (\S+) \* \d+;/gm;

/** The criterion comes first in every line. */
export function readTrainingLog(log: string): TrainingLog {
  const finished = [...log.matchAll(EPOCH)];
  const epochs = finished.map(([, loss, samples, , seconds]) => ({
    samples: Number(samples),
    seconds: Number(seconds),
    loss: Number(loss),
  }));
  return {
    epochs,
    intervals: [...log.matchAll(INTERVAL)].map(([, loss]) => Number(loss)),
    learningRatePerSample: Number(finished[0]?.[3]),
    momentum: Number(/effective momentum = (\S+)/.exec(log)?.[1]),
    engine: /^Computing with .*$/m.exec(log)?.[0] ?? "",
  };
}
