/** What an action is: `action = "train"` runs one of these with the section it stands in. */

import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";

export type Action = (section: Section, run: Run) => Promise<void>;
