/** One pass of training over minibatches: an epoch, or a trial that ends early (training.md 6, 8.3, 11, 12). */

import type { Engine, Program } from "../engine/engine.js";
import { Interrupted } from "../engine/interruption.js";
import { streamOf } from "../engine/streams.js";
import { evaluationOrder } from "../network/order.js";
import type { Minibatch } from "../readers/reader.js";
import { AdaptedLabels } from "./adapted-labels.js";
import { CriterionTotals, notANumber, type TrainingCriteria } from "./criterion.js";
import { checkGradients } from "./gradient-check.js";
import type { CriterionItem } from "./log-format.js";
import { NodeTracing } from "./node-tracing.js";
import type { ParameterUpdates } from "./parameter-updates.js";
import { Programs } from "./programs.js";
import { isReportDue, MinibatchReports } from "./progress.js";
import { StopRequests } from "./stop-requests.js";
import { GradientSums, subMinibatchCount, subMinibatches } from "./sub-minibatches.js";
import type { TrainingRequest } from "./training.js";

/** What is chosen anew for every pass. */
export interface Pass {
  /** counted from 0 */
  readonly epoch: number;
  readonly minibatchSize: number;
  readonly learningRatePerSample: number;
  /** the pass ends after the minibatch that exceeds it */
  readonly maxSamples: number;
  /** in front of the lines of a trial; empty for an epoch */
  readonly prefix: string;
  /** samples trained before */
  readonly samplesSeen: number;
}

interface Minibatches {
  readonly count: number;
  readonly samples: number;
}

export class MinibatchLoop {
  readonly #request: TrainingRequest;
  readonly #criteria: TrainingCriteria;
  readonly #updates: ParameterUpdates;
  readonly #engine: Engine;
  readonly #programs: Programs;
  readonly #reports: MinibatchReports;
  readonly #tracing: NodeTracing;
  readonly #sums: GradientSums;
  readonly #stopRequests: StopRequests;
  readonly #adaptedLabels: AdaptedLabels | undefined;

  constructor(
    request: TrainingRequest,
    criteria: TrainingCriteria,
    updates: ParameterUpdates,
    engine: Engine,
  ) {
    const { network, settings, run, reference } = request;
    this.#request = request;
    this.#criteria = criteria;
    this.#updates = updates;
    this.#engine = engine;
    this.#tracing = new NodeTracing(network, settings.traceNodeNames, run.log);
    const outputs = [...new Set([...criteria.reported, ...this.#tracing.nodes])];
    this.#programs = new Programs(engine, { network, outputs, criterion: criteria.criterion });
    this.#reports = new MinibatchReports(settings);
    this.#sums = new GradientSums(updates.parameters);
    this.#stopRequests = new StopRequests(run.interruption);
    this.#adaptedLabels = reference && new AdaptedLabels(engine, reference, network);
  }

  /**
   * Compiles what the first minibatches of an epoch will most likely need.
   * @throws CntkError "running" if the network cannot run, or there are no data for one of its inputs
   */
  prepare(epoch: number): void {
    const { settings, reader } = this.#request;
    const inputs = evaluationOrder(this.#criteria.reported).filter(
      ({ operation }) => operation.leaf === "input",
    );
    for (const input of inputs) streamOf(input, reader.streams);
    const size = Math.min(settings.minibatchSize(epoch), Math.max(1, reader.sweepSize));
    const columns = Math.ceil(size / subMinibatchCount(settings, size));
    this.#programs.for(columns);
    this.#adaptedLabels?.prepare(columns);
  }

  /** Programs are compiled anew: settings of nodes have changed. */
  forgetPrograms(): void {
    this.#programs.dispose();
  }

  /**
   * Trains. @returns the averages, criterion first
   * @throws CntkError "running" if the criterion of an epoch becomes NaN; a trial ends there. Interrupted if asked to stop
   */
  async run(pass: Pass): Promise<CriterionItem[]> {
    const { settings, run, reader } = this.#request;
    const { epoch, minibatchSize, maxSamples, prefix } = pass;
    const totals = new CriterionTotals(this.#criteria.reported, run.precision);
    const begin = performance.now();
    let shown = { count: 0, samples: 0, totals: totals.totals, time: begin };
    let samples = 0;
    this.#engine.beginPass();
    reader.startEpoch({ minibatchSize, epoch, epochSize: settings.epochSize });
    for (let count = 1; samples <= maxSamples; count++) {
      const data = reader.nextMinibatch();
      if (data === undefined) break;
      if (await this.#stopRequests.hasOne()) throw this.#interrupted(epoch, count - 1);
      this.#train(data, pass, totals, count);
      samples += data.samples;
      this.#showProgress(epoch, samples, begin);
      if (!isReportDue(count, settings)) continue;
      if (Number.isNaN(totals.items()[0]?.value)) {
        if (prefix !== "") break;
        throw notANumber();
      }
      this.#report(pass, { count, samples }, shown, totals);
      shown = { count, samples, totals: totals.totals, time: performance.now() };
    }
    return totals.items();
  }

  /** Forward, backward and update for one minibatch, in pieces if the settings say so. */
  #train(data: Minibatch, pass: Pass, totals: CriterionTotals, count: number): void {
    const { settings } = this.#request;
    const { epoch, minibatchSize, learningRatePerSample } = pass;
    const options = { isTraining: true, dropoutRate: settings.dropoutRate(epoch) };
    if (settings.gradientcheck) this.#checkGradients(data, options);
    const pieces = subMinibatches(data, subMinibatchCount(settings, minibatchSize));
    for (const part of pieces) {
      const piece = this.#adaptedLabels?.of(part) ?? part;
      const program = this.#programs.for(piece.samples);
      program.run(piece, options);
      totals.add(program, piece.samples);
      this.#tracing.write(program, count);
      if (pieces.length > 1) this.#sums.addRun();
    }
    if (pieces.length > 1) this.#sums.putBack();
    if (learningRatePerSample <= 0.01 * settings.minLearningRatePerSample) return;
    const momentumPerSample = settings.momentumPerSample(epoch);
    const { samples } = data;
    this.#updates.apply({ learningRatePerSample, momentumPerSample, samples });
  }

  #checkGradients(data: Minibatch, options: Parameters<Program["run"]>[1]): void {
    const { network, settings } = this.#request;
    const check = {
      network,
      criterion: this.#criteria.criterion,
      parameters: this.#updates.parameters,
      significantDigits: settings.sigFigs,
    };
    checkGradients(check, this.#programs.for(data.samples), data, options);
  }

  #report(
    { epoch, minibatchSize, learningRatePerSample, prefix, samplesSeen }: Pass,
    now: Minibatches,
    shown: Minibatches & { readonly time: number; readonly totals: CriterionTotals["totals"] },
    totals: CriterionTotals,
  ): void {
    const { settings, run } = this.#request;
    const samples = now.samples - shown.samples;
    const seconds = (performance.now() - shown.time) / 1000;
    const items = totals.items(shown.totals);
    const interval = {
      epoch,
      after: shown.count,
      upTo: now.count,
      samples,
      seconds,
      minibatchSize,
    };
    const line = this.#reports.line({ ...interval, items });
    if (settings.traceLevel > 0) run.stampedLog(prefix === "" ? line : `  ${prefix}${line}`);
    if (prefix !== "") return;
    run.report?.({
      kind: "minibatches",
      epoch: epoch + 1,
      samplesSeen: samplesSeen + now.samples,
      values: items,
      learningRatePerSample,
      samplesPerSecond: samples / seconds,
    });
  }

  #interrupted(epoch: number, minibatches: number): Interrupted {
    const { settings, files } = this.#request;
    return new Interrupted(
      `Stopped in epoch ${epoch + 1} of ${settings.maxEpochs}, after ${minibatches} minibatches. ` +
        `What was trained up to epoch ${epoch} is in '${files.pathAfter(epoch)}'.`,
    );
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

  dispose(): void {
    this.#programs.dispose();
    this.#adaptedLabels?.dispose();
  }
}
