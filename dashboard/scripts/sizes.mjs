// Prints what a browser fetches, compressed, and fails where the first load is above its limit.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const LIMIT = 250_000;
const size = (file) => statSync(existsSync(`${file}.gz`) ? `${file}.gz` : file).size;
const kb = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;

const html = readFileSync("dist/index.html", "utf8");
const first = new Set([...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]));
let total = size("dist/index.html");
for (const file of first) total += size(join("dist", file));
const chunks = readdirSync("dist/assets").filter((file) => /\.(js|css)$/.test(file));
const rest = chunks
  .filter((file) => !first.has(`assets/${file}`))
  .map((file) => [file, size(join("dist/assets", file))]);

console.log("\nCompressed with gzip:");
for (const file of first) console.log(`${kb(size(join("dist", file)))}  ${file}`);
for (const [file, bytes] of rest.sort((a, b) => b[1] - a[1]))
  console.log(`${kb(bytes)}  ${file} (when needed)`);
const most = total + rest.reduce((sum, [, bytes]) => sum + bytes, 0);
console.log(`${kb(total)}  shell; ${kb(most).trim()} with every page`);
// Stricter than it has to be: a first load is the shell and one page, not all of them.
if (most > LIMIT) {
  console.error(`All pages together take ${kb(most).trim()}; the limit is ${kb(LIMIT).trim()}.`);
  process.exit(1);
}
