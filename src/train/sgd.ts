/** Training by stochastic gradient descent: the epoch loop (training.md 6 to 11, 13); CNTK: SGD::TrainOrAdaptModel. */

import { CntkError } from "../../grammar/errors.js";
import type { Engine } from "../engine/engine.js";
import { Interrupted } from "../engine/interruption.js";
import type { Reader } from "../readers/reader.js";
import { printf } from "../script/printf.js";
import {
  criterionLines,
  trainingCriteria,
  type TrainingCriteria,
  trainedParameters,
} from "./criterion.js";
import { describeModel, describeParameters } from "./describe.js";
import { EpochChoices, type Choice } from "./epoch-choices.js";
import { evaluateNodes } from "./evaluation.js";
import { LearningRateControl } from "./learning-rate-control.js";
import { formatCriterion, type CriterionItem } from "./log-format.js";
import { MinibatchLoop } from "./minibatch-loop.js";
import { NodeSchedules, unregularizedParameters } from "./node-schedules.js";
import { ParameterUpdates } from "./parameter-updates.js";
import { precompute } from "./pre-computation.js";
import { momentumAsTimeConstant } from "./settings.js";
import { describeSubMinibatches } from "./sub-minibatches.js";
import { outdatedCheckpoints, type TrainingRequest, type TrainingState } from "./training.js";

/**
 * Trains a validated network, writes a model after every epoch, and the log.
 * @throws CntkError "running" if the criterion becomes NaN or the network has none; Interrupted if it was asked to stop
 */
export async function trainNetwork(request: TrainingRequest): Promise<void> {
  const { network, reference, settings, run, files, startEpoch } = request;
  const engine = await run.engine(network);
  if (reference !== undefined) await engine.prepare(reference.network);
  run.stampedLog(describeModel(network));
  const criteria = trainingCriteria(network, settings);
  run.log("");
  for (const line of criterionLines(criteria)) run.stampedLog(line);
  const parameters = trainedParameters(criteria.criterion);
  const [headline = "", ...tensors] = describeParameters(criteria.criterion, parameters, settings);
  run.log("");
  run.stampedLog(headline);
  if (settings.traceLevel > 0) {
    run.log("");
    for (const line of tensors) run.stampedLog(line);
    run.log("");
  }
  const hasPrecomputed = precompute({
    ...run,
    network,
    engine,
    reader: request.reader,
    minibatchSize: settings.minibatchSize(0),
    epochSize: settings.useAllDataForPreComputedNode ? 0 : settings.epochSize,
    traceLevel: settings.traceLevel,
  });
  const training = new Training(request, criteria, engine);
  const obeyAtOnce = await run.interruption?.watch();
  try {
    // a network that cannot run is refused before anything is written
    training.prepare();
    if (request.isNewNetwork || hasPrecomputed) files.saveModel(network, startEpoch);
    training.resume();
    await training.runEpochs();
    if (await run.interruption?.wasRequested()) {
      throw new Interrupted(`Stopped after the training, before what comes next.`);
    }
  } finally {
    obeyAtOnce?.();
    training.dispose();
    run.progress?.(undefined);
  }
}

/** What one training carries from epoch to epoch. */
class Training {
  readonly #request: TrainingRequest;
  readonly #criteria: TrainingCriteria;
  readonly #engine: Engine;
  readonly #loop: MinibatchLoop;
  readonly #updates: ParameterUpdates;
  readonly #schedules: NodeSchedules;
  readonly #rateControl: LearningRateControl;
  readonly #choices: EpochChoices;
  #totalSamplesSeen = 0;
  /** of the epoch before, as it was adjusted; NaN before the first */
  #learningRatePerSample = NaN;

  constructor(request: TrainingRequest, criteria: TrainingCriteria, engine: Engine) {
    const { network, settings, run, startEpoch } = request;
    const { autoAdjust, explicitLearningRates } = settings;
    this.#request = request;
    this.#criteria = criteria;
    this.#engine = engine;
    const parameters = trainedParameters(criteria.criterion);
    const unregularized = unregularizedParameters(network, settings);
    this.#updates = new ParameterUpdates(
      parameters,
      settings.update,
      unregularized,
      engine.vectors,
    );
    this.#loop = new MinibatchLoop(request, criteria, this.#updates, engine);
    this.#schedules = new NodeSchedules(network, settings, run.log);
    this.#rateControl = new LearningRateControl(
      autoAdjust,
      explicitLearningRates,
      startEpoch,
      run.stampedLog,
    );
    this.#choices = new EpochChoices(request, this.#loop, this.#updates);
  }

  /** @throws CntkError "running" if the network cannot be trained here, or not with these data */
  prepare(): void {
    this.#loop.prepare(this.#request.startEpoch);
  }

  /** Takes over the state of the last finished epoch. */
  resume(): void {
    const { startEpoch, files, run } = this.#request;
    const state =
      startEpoch === 0 ? undefined : files.loadCheckpoint(this.#updates.parameters, startEpoch);
    if (startEpoch > 0 && state === undefined) {
      run.log(
        "Warning: Checkpoint file is missing. Parameter-learning state (such as momentum) will be reset.",
      );
      this.#rateControl.resumeWith(0);
    }
    if (state === undefined) {
      this.#expectRate(startEpoch);
      return;
    }
    this.#restore(state);
    this.#rateControl.resumeWith(state.previousCriterion);
    this.#choices.resumeWith(startEpoch, state.learningRatePerSample);
  }

  #expectRate(startEpoch: number): void {
    const { autoAdjust, explicitLearningRates } = this.#request.settings;
    if (autoAdjust.autoAdjustLR !== "adjustAfterEpoch" || explicitLearningRates > startEpoch)
      return;
    throw new CntkError(
      "running",
      'When using "AdjustAfterEpoch", there must either exist a checkpoint file, or an explicit learning rate must be specified in config for the starting epoch.',
      {
        hint: `epoch ${startEpoch + 1} is the first to run; the config gives ${explicitLearningRates} learning rates`,
      },
    );
  }

  #restore(state: TrainingState): void {
    this.#totalSamplesSeen = state.totalSamplesSeen;
    this.#learningRatePerSample = state.learningRatePerSample;
    this.#updates.resumeWith(state.learnerStates);
    this.#choices.goBackTo(state.minibatchSize);
  }

  async runEpochs(): Promise<void> {
    const { settings, startEpoch } = this.#request;
    for (let epoch: number | undefined = startEpoch; epoch !== undefined;) {
      if (epoch >= settings.maxEpochs) return;
      epoch = await this.#runEpoch(epoch);
    }
  }

  /** @returns the next epoch: an earlier one after a rollback, undefined if training is complete */
  async #runEpoch(epoch: number): Promise<number | undefined> {
    const { settings, cvReader } = this.#request;
    const begin = performance.now();
    if (this.#schedules.enter(epoch)) this.#loop.forgetPrograms();
    this.#engine.seedRandomNodes((_, index, count) => epoch * count + index);
    this.#updates.startEpoch(epoch);
    const choice = await this.#choices.choose({
      epoch,
      previousRate: this.#learningRatePerSample,
      previousCriterion: this.#rateControl.previousCriterion,
      samplesSeen: this.#totalSamplesSeen,
    });
    if (choice.learningRatePerSample < settings.minLearningRatePerSample) {
      this.#endEarly(epoch, choice);
      return undefined;
    }
    if (settings.traceLevel > 0) this.#logStart(epoch, choice);
    const samplesSeen = this.#totalSamplesSeen;
    const items = await this.#loop.run({
      epoch,
      ...choice,
      maxSamples: Infinity,
      prefix: "",
      samplesSeen,
    });
    this.#totalSamplesSeen += items[0]?.count ?? 0;
    this.#reportEpoch(epoch, choice, items, (performance.now() - begin) / 1000);
    const validated = cvReader && this.#validate(cvReader, epoch);
    return this.#conclude(epoch, choice, this.#controlling(items, validated));
  }

  /** The rate has become too small to go on; what was adjusted until then is the final model. */
  #endEarly(epoch: number, { learningRatePerSample }: Choice): void {
    const { network, settings, files, run } = this.#request;
    run.stampedLog(
      printf(
        "Learn Rate Per Sample for Epoch[%d] = %.8g is less than minLearningRatePerSample %.8g. Training complete.",
        epoch + 1,
        learningRatePerSample,
        settings.minLearningRatePerSample,
      ),
    );
    const isAdjusted = settings.autoAdjust.autoAdjustLR !== "none";
    if (isAdjusted) files.saveModel(network, settings.maxEpochs);
  }

  #logStart(epoch: number, { learningRatePerSample, minibatchSize }: Choice): void {
    const { settings, run } = this.#request;
    const momentum = settings.momentumPerSample(epoch);
    run.log("");
    run.stampedLog(
      printf(
        "Starting Epoch %d: learning rate per sample = %f  effective momentum = %f  momentum as time constant = %.1f samples",
        epoch + 1,
        learningRatePerSample,
        momentum ** minibatchSize,
        momentumAsTimeConstant(momentum),
      ),
    );
    run.log("");
    run.stampedLog(`Starting minibatch loop${describeSubMinibatches(settings, minibatchSize)}.`);
  }

  #reportEpoch(
    epoch: number,
    { learningRatePerSample }: Choice,
    items: readonly CriterionItem[],
    seconds: number,
  ): void {
    const { run } = this.#request;
    const criteria = items.map((item) => `${formatCriterion(item)}; `).join("");
    run.stampedLog(
      `${this.#place(epoch)}[Training] ${criteria}totalSamplesSeen = ${this.#totalSamplesSeen}; ` +
        printf("learningRatePerSample = %.8g; epochTime=%.6gs", learningRatePerSample, seconds),
    );
    run.report?.({
      kind: "epoch",
      epoch: epoch + 1,
      samplesSeen: this.#totalSamplesSeen,
      values: items,
      learningRatePerSample,
      samplesPerSecond: (items[0]?.count ?? 0) / seconds,
    });
  }

  #place(epoch: number): string {
    return printf("Finished Epoch[%2d of %d]: ", epoch + 1, this.#request.settings.maxEpochs);
  }

  #validate(reader: Reader, epoch: number): CriterionItem[] {
    const { network, settings, run } = this.#request;
    const items = evaluateNodes({
      engine: this.#engine,
      network,
      nodes: this.#criteria.reported,
      reader,
      minibatchSize: settings.minibatchSize(epoch),
      epochSize: 0,
      numMBsToShowResult: 0,
      firstMBsToShowResult: 0,
      showsIntermediate: false,
      stampedLog: run.stampedLog,
    });
    run.stampedLog(`${this.#place(epoch)}[Validate] ${items.map(formatCriterion).join("; ")}`);
    run.report?.({
      kind: "validation",
      epoch: epoch + 1,
      samplesSeen: this.#totalSamplesSeen,
      values: items,
    });
    return items;
  }

  /** The criterion that controls the learning rate. */
  #controlling(
    trained: readonly CriterionItem[],
    validated: readonly CriterionItem[] | undefined,
  ): number {
    const { useCVSetControlLRIfCVExists, useEvalCriterionControlLR } =
      this.#request.settings.autoAdjust;
    const items = useCVSetControlLRIfCVExists ? (validated ?? trained) : trained;
    const evaluation = useEvalCriterionControlLR ? items[1] : undefined;
    return (evaluation ?? items[0])?.value ?? NaN;
  }

  /** Adjusts the rate and saves, or goes back to an earlier epoch. @returns the next epoch, undefined at the end */
  #conclude(epoch: number, choice: Choice, criterion: number): number | undefined {
    const { network, settings, files, run } = this.#request;
    const { learningRateAdjusted, isRolledBack, isFinished } = this.#judge(
      epoch,
      choice,
      criterion,
    );
    if (isFinished) {
      files.saveModel(network, settings.maxEpochs);
      run.stampedLog("Finished training and saved final model\n\n");
      return undefined;
    }
    this.#learningRatePerSample = learningRateAdjusted;
    const next = isRolledBack ? this.#saveRollback(epoch, choice) : this.#saveEpoch(epoch, choice);
    if (learningRateAdjusted < 1e-12) {
      run.stampedLog(
        printf(
          "learnRate per sample is reduced to %.8g which is below 1e-12. stop training.",
          learningRateAdjusted,
        ),
      );
    }
    return next;
  }

  #judge(epoch: number, { learningRatePerSample }: Choice, criterion: number) {
    const { learningRatePerSample: learningRateAdjusted, ...verdict } = this.#rateControl.judge({
      epoch,
      criterion,
      learningRatePerSample,
      rollBackTo: (epochs) => this.#rollBackTo(epochs),
    });
    return { ...verdict, learningRateAdjusted };
  }

  #rollBackTo(epochs: number): TrainingState {
    const { network, files, run } = this.#request;
    const file = files.pathAfter(epochs);
    run.stampedLog(
      `Loading (rolling back to) previous model with best training-criterion value: ${file}.`,
    );
    files.restoreModel(network, epochs);
    const state = files.loadCheckpoint(this.#updates.parameters, epochs);
    if (state === undefined) {
      throw new CntkError("running", `cannot go back to '${file}': its checkpoint is missing`, {
        hint: "loadBestModel = false goes on from the present model instead",
      });
    }
    this.#restore(state);
    return state;
  }

  #saveEpoch(epoch: number, choice: Choice): number {
    const { network, settings, files, run } = this.#request;
    const epochs = epoch + 1;
    if (settings.traceLevel > 0) {
      run.stampedLog(`SGD: Saving checkpoint model '${files.pathAfter(epochs)}'`);
    }
    // checkpoint first: a model without one would lose its momentum if the run stops between the two
    this.#saveCheckpoint(epochs, choice);
    files.saveModel(network, epochs);
    for (const old of outdatedCheckpoints(settings, epochs)) files.removeCheckpoint(old);
    return epoch + 1;
  }

  #saveCheckpoint(epochs: number, { minibatchSize }: Choice): void {
    const state: TrainingState = {
      totalSamplesSeen: this.#totalSamplesSeen,
      learningRatePerSample: this.#learningRatePerSample,
      previousCriterion: this.#rateControl.previousCriterion,
      minibatchSize,
      learnerStates: this.#updates.states,
    };
    this.#request.files.saveCheckpoint(state, this.#updates.parameters, epochs);
  }

  /** Removes what came after the model that was loaded. */
  #saveRollback(epoch: number, choice: Choice): number {
    const { settings, files, run } = this.#request;
    const interval = settings.autoAdjust.learnRateAdjustInterval;
    const target = epoch + 1 - interval;
    for (let epochs = epoch; epochs > target; epochs--) {
      run.stampedLog(
        `SGD: removing model and checkpoint files for epoch ${epochs} after rollback to epoch ${target}`,
      );
      files.removeModel(epochs);
      files.removeCheckpoint(epochs);
    }
    run.stampedLog(`SGD: revoke back to and update checkpoint file for epoch ${target}`);
    this.#saveCheckpoint(target, choice);
    return target;
  }

  dispose(): void {
    this.#loop.dispose();
  }
}
