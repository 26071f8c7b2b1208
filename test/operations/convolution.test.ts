/** Convolution against its formula and against CNTK 2.7, in the portable form. */

import { Convolution } from "../../src/operations/convolution.js";
import { checkCases, findBackends } from "./harness.js";
import { convolutionCases, convolutionPeerCases } from "./window-cases.js";

const backends = await findBackends();

// Central differences take their time; where each backend could differ shows in CNTK's rows.
checkCases({ Convolution }, convolutionCases, ["wasm"]);
checkCases({ Convolution }, convolutionPeerCases, backends);
