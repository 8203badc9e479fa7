// Copies the icons the platform uses out of @tabler/icons into the portal, as small files.
// node icons.mjs [name …] adds names; without names it refreshes those already there.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "node_modules/@tabler/icons");
const target = resolve(here, "../src/quancheng/portal/icons");
await mkdir(target, { recursive: true });
const present = (await readdir(target)).filter((name) => name.endsWith(".svg")).map((name) => name.slice(0, -4));
const wanted = new Set([...present, ...process.argv.slice(2)]);
let missing = 0;
for (const name of [...wanted].sort()) {
  const file = join(source, "icons/outline", `${name}.svg`);
  if (!existsSync(file)) {
    console.error(`no such Tabler icon: ${name}`);
    missing += 1;
    continue;
  }
  const svg = await readFile(file, "utf8");
  const inner = svg.replace(/<!--[\s\S]*?-->/g, "").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
  const paths = inner.split("\n").map((line) => line.trim()).filter(Boolean).join("");
  await writeFile(join(target, `${name}.svg`), paths + "\n");
}
await copyFile(join(source, "LICENSE"), join(target, "LICENSE"));
console.log(`${wanted.size - missing} icons`);
process.exitCode = missing ? 1 : 0;
