/** The lines around the actions: banner, build info, configuration, boxes (actions.md 1.3 and 1.4). */

import os from "node:os";
import type { Section } from "../config/section.js";
import { dateAndTime } from "./log-output.js";
import { programVersion } from "./version.js";

/** `tscntk 0.1.0 (Node.js 20.19.0) on HOST at 2017/01/18 15:46:17`, and the command line. */
export function banner(args: readonly string[], time: Date): string[] {
  const version = `tscntk ${programVersion()} (Node.js ${process.versions.node})`;
  return [
    `${version} on ${os.hostname()} at ${dateAndTime(time)}`,
    "",
    ["tscntk", ...args].join("  "),
  ];
}

const DASHES = "-".repeat(67);

export function buildInfo(): string[] {
  return [
    DASHES,
    "Build info: \n",
    `\t\tVersion: ${programVersion()}`,
    "\t\tBuild target: CPU-only",
    `\t\tNode.js: ${process.versions.node}`,
    `\t\tPlatform: ${process.platform} ${process.arch}`,
    DASHES,
  ];
}

export const USAGE = [
  "-------------------------------------------------------------------",
  "Usage: tscntk configFile=yourConfigFile [key=value ...]",
  "For detailed information please consult the documentation of CNTK,",
  'or run "tscntk --help".',
  "-------------------------------------------------------------------",
];

/** Every entry of the config, variables replaced, in order of the keys. */
export function configurationEcho(root: Section, configFile: string): string[] {
  const keys = [...root.keys()].sort((one, other) =>
    one.toLowerCase() < other.toLowerCase() ? -1 : 1,
  );
  return [
    "",
    "Configuration After Processing and Variable Resolution:",
    "",
    ...keys.map((key) => {
      const value = root.text(key)?.text ?? "";
      const end = /^[[{(]/.test(value) ? "\n" : "";
      return `configparameters: ${configFile}:${key}=${value}${end}`;
    }),
  ];
}

const BOX_WIDTH = 78;

/** The title of an action. */
export function box(command: string, action: string): string[] {
  const full = "#".repeat(BOX_WIDTH);
  const row = (text: string) => `# ${text.padEnd(BOX_WIDTH - 4)} #`;
  return [full, row(""), row(`${command} command (${action} action)`), row(""), full];
}
