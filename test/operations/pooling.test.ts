/** Pooling and unpooling against their formulas and against CNTK 2.7, in the portable form. */

import { AveragePooling, MaxPooling, MaxUnpooling, Pooling } from "../../src/operations/pooling.js";
import { checkCases, findBackends } from "./harness.js";
import { poolingCases, poolingPeerCases, regionCases } from "./window-cases.js";

const backends = await findBackends();

checkCases(
  { Pooling, MaxPooling, AveragePooling, MaxUnpooling, ROIPooling },
  [...poolingCases, ...poolingPeerCases, ...regionCases],
  backends,
);
