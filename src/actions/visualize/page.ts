/** The HTML page of `tscntk visualize`: one file that holds its pictures, readable in light and dark. */

import { printShape, type Shape } from "../../operations/shape.js";
import { encodePng, type ImagePictures, type Picture } from "./pictures.js";

/** A node as the page names it. */
export interface ShownNode {
  readonly name: string;
  readonly shape: Shape;
}

/** What the page says above the images. */
export interface PageHeader {
  readonly model: string;
  readonly data: string;
  readonly input: ShownNode;
  readonly encoding: ShownNode;
  readonly output: ShownNode;
  /** mean of the images' errors */
  readonly rmse: number;
}

export interface PageImage extends ImagePictures {
  /** position in the data file, counted from 0 */
  readonly index: number;
  /** root of the mean squared difference of output and input */
  readonly rmse: number;
}

/** The text of the page. */
export function renderPage(header: PageHeader, images: readonly PageImage[]): string {
  const count = images.length === 1 ? "1 image" : `${images.length} images`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(header.model)}: images and their reconstructions</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Images and their reconstructions</h1>
<p class="summary">${count}, mean rmse <b>${header.rmse.toFixed(4)}</b></p>
<dl>
${definition("model", escapeHtml(header.model))}
${definition("data", escapeHtml(header.data))}
${definition("input", describeNode(header.input))}
${definition("encoding", describeNode(header.encoding))}
${definition("output", describeNode(header.output))}
</dl>
</header>
<ol>
${images.map((image) => renderImage(image)).join("\n")}
</ol>
</body>
</html>
`;
}

function renderImage(image: PageImage): string {
  const { encoding } = image;
  return [
    `<li><h2>image ${image.index} <span>rmse ${image.rmse.toFixed(4)}</span></h2><div class="row">`,
    figure("input", image.input),
    ...(encoding === undefined ? [] : [figure("encoding", encoding)]),
    figure("output", image.output),
    "</div></li>",
  ].join("");
}

function figure(caption: string, picture: Picture): string {
  const source = `data:image/png;base64,${encodePng(picture).toString("base64")}`;
  const size = `width="${picture.width}" height="${picture.height}"`;
  return `<figure><img ${size} alt="${caption}" src="${source}"><figcaption>${caption}</figcaption></figure>`;
}

function definition(term: string, html: string): string {
  return `<dt>${term}</dt><dd>${html}</dd>`;
}

function describeNode({ name, shape }: ShownNode): string {
  return `<code>${escapeHtml(name)}</code> [${printShape(shape).replaceAll("x", "&times;")}]`;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? character);
}

const STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --quiet: #5b6470; --page: #f7f7f5; --card: #fff; --line: #dcdfe3; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e8ea; --quiet: #9aa4af; --page: #15181b; --card: #1e2226; --line: #343a41; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 3rem; font: 16px/1.5 system-ui, sans-serif;
  color: var(--text); background: var(--page); }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
.summary { margin: .25rem 0 1rem; color: var(--quiet); }
.summary b { color: var(--text); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 0 2rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: 1rem;
  margin: 0; padding: 0; list-style: none; }
li { padding: .75rem 1rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
h2 { display: flex; justify-content: space-between; margin: 0 0 .5rem; font-size: 1rem; }
h2 span { font-weight: normal; color: var(--quiet); font-variant-numeric: tabular-nums; }
.row { display: flex; gap: .75rem; }
figure { flex: 1; min-width: 0; margin: 0; }
img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; background: #000;
  border-radius: .25rem; image-rendering: pixelated; }
figcaption { margin-top: .25rem; font-size: .85rem; text-align: center; color: var(--quiet); }
`;
