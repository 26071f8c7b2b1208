/** Copies the standard library (*.bs in this folder) to dist/src/library; part of `npm run build`. */
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";

const source = import.meta.dirname;
const output = path.join(source, "..", "..", "dist", "src", "library");
const names = readdirSync(source).filter((name) => name.endsWith(".bs"));
mkdirSync(output, { recursive: true });
for (const name of names) copyFileSync(path.join(source, name), path.join(output, name));
console.log(`library: copied ${names.length} files`);
