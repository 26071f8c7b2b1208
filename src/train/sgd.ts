/** Training by stochastic gradient descent: the epoch loop (training.md 6 to 11); CNTK: SGD::TrainOrAdaptModel. */

import { CntkError } from "../../grammar/errors.js";
import type { Engine } from "../engine/engine.js";
import type { Run } from "../engine/run.js";
import type { ComputationNetwork } from "../network/network.js";
import type { Reader } from "../readers/reader.js";
import {
  criterionLines,
  CriterionTotals,
  trainingCriteria,
  type TrainingCriteria,
} from "./criterion.js";
import { describeModel, describeParameters, expectNoPreComputation } from "./describe.js";
import { evaluateNodes } from "./evaluation.js";
import type { LearnerState } from "./learners.js";
import { formatCriterion, printf, type CriterionItem } from "./log-format.js";
import { NodeSchedules, unregularizedParameters } from "./node-schedules.js";
import { ParameterUpdates, trainedParameters } from "./parameter-updates.js";
import { Programs } from "./programs.js";
import { isReportDue, MinibatchReports } from "./progress.js";
import { momentumAsTimeConstant, type SgdSettings } from "./settings.js";

/** Everything besides the model that continuing needs; what a checkpoint stores. */
export interface TrainingState {
  readonly totalSamplesSeen: number;
  readonly learningRatePerSample: number;
  /** average criterion that an automatic learning rate would compare with */
  readonly previousCriterion: number;
  readonly minibatchSize: number;
  /** one per trained parameter, in order of name */
  readonly learnerStates: readonly LearnerState[];
}

/** Where models and checkpoints go. `epochs` is the number of epochs they have been trained. */
export interface TrainingFiles {
  pathAfter(epochs: number): string;
  saveModel(network: ComputationNetwork, epochs: number): void;
  saveCheckpoint(
    state: TrainingState,
    parameters: ParameterUpdates["parameters"],
    epochs: number,
  ): void;
  /** undefined if there is none */
  loadCheckpoint(
    parameters: ParameterUpdates["parameters"],
    epochs: number,
  ): TrainingState | undefined;
  removeCheckpoint(epochs: number): void;
}

export interface TrainingRequest {
  readonly network: ComputationNetwork;
  readonly settings: SgdSettings;
  readonly reader: Reader;
  readonly cvReader: Reader | undefined;
  /** the first epoch to run, counted from 0 */
  readonly startEpoch: number;
  /** true if the network was built, false if it comes from a model file */
  readonly isNewNetwork: boolean;
  readonly files: TrainingFiles;
  readonly run: Run;
}

/**
 * Trains a validated network, writes a model after every epoch, and the log.
 * @throws CntkError "running" if the criterion becomes NaN or the network has none
 */
export async function trainNetwork(request: TrainingRequest): Promise<void> {
  const { network, settings, run, files, startEpoch } = request;
  const engine = await run.engine();
  run.stampedLog(describeModel(network));
  const criteria = trainingCriteria(network, settings);
  run.log("");
  for (const line of criterionLines(network, criteria)) run.stampedLog(line);
  const parameters = trainedParameters(criteria.criterion);
  const [headline = "", ...tensors] = describeParameters(criteria.criterion, parameters, settings);
  run.log("");
  run.stampedLog(headline);
  if (settings.traceLevel > 0) {
    run.log("");
    for (const line of tensors) run.stampedLog(line);
    run.log("");
  }
  expectNoPreComputation(network);
  if (settings.traceLevel > 0) {
    run.stampedLog(
      "No PreCompute nodes found, or all already computed. Skipping pre-computation step.",
    );
  }
  if (request.isNewNetwork) files.saveModel(network, startEpoch);
  const training = new Training(request, criteria, engine);
  try {
    training.resume();
    training.runEpochs();
  } finally {
    training.dispose();
    run.progress?.(undefined);
  }
}

/** What one training carries from epoch to epoch. */
class Training {
  readonly #request: TrainingRequest;
  readonly #criteria: TrainingCriteria;
  readonly #engine: Engine;
  readonly #programs: Programs;
  readonly #updates: ParameterUpdates;
  readonly #schedules: NodeSchedules;
  readonly #reports: MinibatchReports;
  #totalSamplesSeen = 0;

  constructor(request: TrainingRequest, criteria: TrainingCriteria, engine: Engine) {
    const { network, settings, run } = request;
    this.#request = request;
    this.#criteria = criteria;
    this.#engine = engine;
    const outputs = criteria.reported;
    this.#programs = new Programs(engine, { network, outputs, criterion: criteria.criterion });
    const parameters = trainedParameters(criteria.criterion);
    const unregularized = unregularizedParameters(network, settings);
    this.#updates = new ParameterUpdates(parameters, settings.update, unregularized);
    this.#schedules = new NodeSchedules(network, settings, run.log);
    this.#reports = new MinibatchReports(settings);
  }

  /** Takes over the state of the last finished epoch. */
  resume(): void {
    const { startEpoch, files, run } = this.#request;
    if (startEpoch === 0) return;
    const state = files.loadCheckpoint(this.#updates.parameters, startEpoch);
    if (state === undefined) {
      run.log(
        "Warning: Checkpoint file is missing. Parameter-learning state (such as momentum) will be reset.",
      );
      return;
    }
    this.#totalSamplesSeen = state.totalSamplesSeen;
    this.#updates.resumeWith(state.learnerStates);
  }

  runEpochs(): void {
    const { settings, startEpoch, run } = this.#request;
    for (let epoch = startEpoch; epoch < settings.maxEpochs; epoch++) {
      const rate = settings.learningRatePerSample(epoch);
      if (rate < settings.minLearningRatePerSample) {
        run.stampedLog(
          printf(
            "Learn Rate Per Sample for Epoch[%d] = %.8g is less than minLearningRatePerSample %.8g. Training complete.",
            epoch + 1,
            rate,
            settings.minLearningRatePerSample,
          ),
        );
        return;
      }
      this.#runEpoch(epoch);
    }
  }

  #runEpoch(epoch: number): void {
    const { settings, run, cvReader } = this.#request;
    const begin = performance.now();
    if (this.#schedules.enter(epoch)) this.#programs.dispose();
    this.#engine.seedRandomNodes((_, index, count) => epoch * count + index);
    if (settings.traceLevel > 0) this.#logStart(epoch);
    const items = this.#runMinibatches(epoch);
    this.#totalSamplesSeen += items[0]?.count ?? 0;
    expectNumber(items);
    const seconds = (performance.now() - begin) / 1000;
    const criteria = items.map((item) => `${formatCriterion(item)}; `).join("");
    const place = printf("Finished Epoch[%2d of %d]: ", epoch + 1, settings.maxEpochs);
    run.stampedLog(
      `${place}[Training] ${criteria}totalSamplesSeen = ${this.#totalSamplesSeen}; ` +
        printf(
          "learningRatePerSample = %.8g; epochTime=%.6gs",
          settings.learningRatePerSample(epoch),
          seconds,
        ),
    );
    if (cvReader !== undefined) {
      const validated = this.#validate(cvReader, epoch).map(formatCriterion).join("; ");
      run.stampedLog(`${place}[Validate] ${validated}`);
    }
    this.#save(epoch, items);
  }

  #logStart(epoch: number): void {
    const { settings, run } = this.#request;
    const momentum = settings.momentumPerSample(epoch);
    run.log("");
    run.stampedLog(
      printf(
        "Starting Epoch %d: learning rate per sample = %f  effective momentum = %f  momentum as time constant = %.1f samples",
        epoch + 1,
        settings.learningRatePerSample(epoch),
        momentum ** settings.minibatchSize(epoch),
        momentumAsTimeConstant(momentum),
      ),
    );
    run.log("");
    run.stampedLog("Starting minibatch loop.");
  }

  /** One epoch over the data. @returns its averages, criterion first */
  #runMinibatches(epoch: number): CriterionItem[] {
    const { settings, run, reader } = this.#request;
    const minibatchSize = settings.minibatchSize(epoch);
    const step = {
      learningRatePerSample: settings.learningRatePerSample(epoch),
      momentumPerSample: settings.momentumPerSample(epoch),
    };
    const options = { isTraining: true, dropoutRate: settings.dropoutRate(epoch) };
    const totals = new CriterionTotals(this.#criteria.reported, run.precision);
    const begin = performance.now();
    let shown = { minibatches: 0, samples: 0, totals: totals.totals, time: begin };
    let samples = 0;
    reader.startEpoch({ minibatchSize, epoch, epochSize: settings.epochSize });
    for (let minibatches = 1; ; minibatches++) {
      const data = reader.nextMinibatch();
      if (data === undefined) return totals.items();
      const program = this.#programs.for(data.samples);
      program.run(data, options);
      totals.add(program, data.samples);
      this.#updates.apply({ ...step, samples: data.samples });
      samples += data.samples;
      this.#showProgress(epoch, samples, begin);
      if (!isReportDue(minibatches, settings)) continue;
      expectNumber(totals.items());
      const now = performance.now();
      const line = this.#reports.line({
        epoch,
        after: shown.minibatches,
        upTo: minibatches,
        samples: samples - shown.samples,
        seconds: (now - shown.time) / 1000,
        minibatchSize,
        items: totals.items(shown.totals),
      });
      if (settings.traceLevel > 0) run.stampedLog(line);
      shown = { minibatches, samples, totals: totals.totals, time: performance.now() };
    }
  }

  #showProgress(epoch: number, samples: number, begin: number): void {
    const { settings, run, reader } = this.#request;
    if (run.progress === undefined) return;
    run.progress({
      epoch: epoch + 1,
      epochs: settings.maxEpochs,
      samples,
      total: settings.epochSize > 0 ? settings.epochSize : reader.sweepSize,
      samplesPerSecond: (1000 * samples) / (performance.now() - begin),
    });
  }

  #validate(reader: Reader, epoch: number): CriterionItem[] {
    const { network, settings, run } = this.#request;
    return evaluateNodes({
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
  }

  #save(epoch: number, items: readonly CriterionItem[]): void {
    const { network, settings, files, run } = this.#request;
    const epochs = epoch + 1;
    const state: TrainingState = {
      totalSamplesSeen: this.#totalSamplesSeen,
      learningRatePerSample: settings.learningRatePerSample(epoch),
      previousCriterion: items[0]?.value ?? 0,
      minibatchSize: settings.minibatchSize(epoch),
      learnerStates: this.#updates.states,
    };
    if (settings.traceLevel > 0) {
      run.stampedLog(`SGD: Saving checkpoint model '${files.pathAfter(epochs)}'`);
    }
    // checkpoint first: a model without one would lose its momentum if the run stops between the two
    files.saveCheckpoint(state, this.#updates.parameters, epochs);
    files.saveModel(network, epochs);
    if (!settings.keepCheckPointFiles && epoch > 0) files.removeCheckpoint(epoch);
  }

  dispose(): void {
    this.#programs.dispose();
  }
}

function expectNumber(items: readonly CriterionItem[]): void {
  if (!Number.isNaN(items[0]?.value)) return;
  throw new CntkError("running", "The training criterion is not a number (NAN).", {
    hint: "a smaller learning rate, or clippingThresholdPerSample, may help; check the data for NaN, too",
  });
}
