// Fails where src/api/gen is not what buf makes of ../proto: `npm run generate` mends it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made = mkdtempSync(join(tmpdir(), "task-dashboard-"));
const files = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
try {
  execFileSync("buf", ["generate", "--output", made], { stdio: "inherit" });
  const [fresh, kept] = [join(made, "src/api/gen"), "src/api/gen"];
  const same =
    files(fresh).join() === files(kept).join() &&
    files(fresh).every((file) => readFileSync(join(fresh, file)).equals(readFileSync(join(kept, file))));
  if (!same) {
    console.error("src/api/gen does not match ../proto: run `npm run generate` and commit what it makes");
    process.exit(1);
  }
} finally {
  rmSync(made, { recursive: true });
}
