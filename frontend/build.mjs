// Builds styles and islands into the portal's static folder: hashed names and a manifest.
import { build } from "esbuild";
import { watch as watchFolder } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, "../src/quancheng/portal/static/portal/dist");
const watch = process.argv.includes("--watch");
/** Largest gzip size in bytes of what a page without a map or chart loads, and of each island. */
const BUDGETS = { "app.css": 16_000, "app.js": 40_000, "map.js": 330_000, "chart.js": 240_000, "live.js": 5_000, "form.js": 8_000, "bpmn.js": 260_000, "ledger.js": 12_000, "code.js": 26_000, "code-scan.js": 70_000 };

const shared = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  target: ["es2020", "safari14.1"],
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  legalComments: "linked",
  logLevel: "warning",
};
const scripts = {
  ...shared,
  entryPoints: ["src/app.ts", "src/islands/map.ts", "src/islands/chart.ts", "src/islands/countdown.ts", "src/islands/form.ts", "src/islands/bpmn.ts", "src/islands/ledger.ts", "src/islands/code.ts", "src/islands/code-scan.ts", "src/live.ts"],
  format: "esm",
  splitting: true,
  loader: { ".css": "text", ".woff2": "binary" },
};
const styles = { ...shared, entryPoints: ["css/app.css", "css/map.css"], loader: { ".svg": "dataurl" } };
const worker = {
  ...shared,
  entryPoints: [{ in: "node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs", out: "map-worker" }],
  format: "esm",
  target: "es2022", // ships as its makers built it
};

function entries(metafile) {
  return Object.entries(metafile.outputs)
    .filter(([, output]) => output.entryPoint)
    .map(([path]) => [basename(path).replace(/-[A-Z0-9]{8}(?=\.)/, ""), basename(path)]);
}

async function writeManifest(results) {
  const manifest = Object.fromEntries(results.flatMap((result) => entries(result.metafile)).sort());
  await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
  return manifest;
}

async function sweep(results) {
  const fresh = new Set(["manifest.json"]);
  for (const result of results) for (const path of Object.keys(result.metafile.outputs)) fresh.add(basename(path));
  for (const name of await readdir(out)) if (!fresh.has(name)) await rm(join(out, name), { recursive: true });
}

async function report(manifest) {
  let over = false;
  for (const [name, file] of Object.entries(manifest)) {
    const size = gzipSync(await readFile(join(out, file)), { level: 9 }).length;
    const budget = BUDGETS[name];
    const late = budget !== undefined && size > budget;
    over ||= late;
    console.log(`${name.padEnd(16)} ${String(size).padStart(8)} B gzip${budget ? ` of ${budget}` : ""}${late ? "  OVER BUDGET" : ""}`);
  }
  if (over) process.exitCode = 1;
}

async function rebuild() {
  const results = await Promise.all([build(scripts), build(styles), build(worker)]);
  const manifest = await writeManifest(results);
  await sweep(results);
  return manifest;
}

await mkdir(out, { recursive: true });
await report(await rebuild());
if (watch) {
  // Names hold hashes, so every change is a whole build (under a second).
  let timer;
  for (const folder of ["src", "css"]) {
    watchFolder(join(here, folder), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => rebuild().catch((error) => console.error(error.message)), 100);
    });
  }
}
