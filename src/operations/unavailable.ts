/**
 * Operations that model files may hold and that are not computed here: networks with them load, validate, list and save.
 * CNTK: TrainingNodes.h, ReshapingNodes.h, CompositeComputationNodes.h.
 */

import { expectSameShapes } from "./expect.js";
import { operation } from "./operation.js";
import { setting } from "./settings.js";

/** Rearranges rows and columns of the minibatch; CNTK's own library cannot make one. CNTK: LegacyReshapeNode. */
export const LegacyReshape = operation({
  inputs: ["x"],
  // the file has numRows and then a shape in the legacy form: the model file knows
  settings: {
    numRows: setting.u64(),
    imageWidth: setting.u64({ default: 0, recordOnly: true, absent: 0 }),
    imageHeight: setting.u64({ default: 0, recordOnly: true, absent: 0 }),
    imageChannels: setting.u64({ default: 0, recordOnly: true, absent: 0 }),
  },
  unavailable:
    "it rearranges the rows and columns of a whole minibatch, and CNTK's own library cannot make one; NewReshape changes the sizes of a sample",
  shape: ({ settings }) => [settings.numRows],
});

/** Linear-chain conditional random field. Shapes: labels, scores [V x *], transitions [V x V] -> [1]. CNTK: CRFNode. */
export const CRF = operation({
  inputs: ["labels", "scores", "transitions"],
  reducesMinibatch: true,
  unavailable: "conditional random fields are not part of this program",
  shape(context) {
    expectSameShapes(context, 0, 1);
    return [1];
  },
});

/** Sequence training over lattices. Shapes: labels, scores, logLikelihood [C x *] -> [1]. CNTK: SequenceWithSoftmaxNode. */
export const SequenceWithSoftmax = operation({
  inputs: ["labels", "scores", "logLikelihood"],
  reducesMinibatch: true,
  unavailable: "it needs the lattices of a speech recogniser, which are not part of this program",
  shape(context) {
    expectSameShapes(context, 0, 1);
    return [1];
  },
});

/** The best path through the scores of a CRF. Shapes: labels, scores [V x *], transitions [V x V] -> [V x *]. CNTK: SequenceDecoderNode. */
export const SequenceDecoderNode = operation({
  inputs: ["labels", "scores", "transitions"],
  unavailable: "conditional random fields are not part of this program",
  shape(context) {
    expectSameShapes(context, 0, 1);
    return context.shapes.scores;
  },
});

/**
 * Log-likelihood of x under a mixture of Gaussians of one variance each.
 * Shapes: unnormalizedPrior [m x *], means [m*d x *], logStdDevs [m x *], x [d x *] -> [1 x *]. CNTK: GMMLogLikelihoodNode.
 */
export const GMMLogLikelihood = operation({
  inputs: ["unnormalizedPrior", "means", "logStdDevs", "x"],
  unavailable: "CNTK itself was built without it",
  shape: () => [1],
});
