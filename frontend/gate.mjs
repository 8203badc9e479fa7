// Builds tools/gate/qc1-gate.mjs, the citizen code's library for gates, as one readable file.
// `node gate.mjs` writes it, `node gate.mjs PATH` writes it elsewhere (tests compare).
import { build } from "esbuild";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
await build({
  absWorkingDir: here,
  entryPoints: ["src/qc1/gate.ts"],
  outfile: resolve(process.argv[2] ?? resolve(here, "../tools/gate/qc1-gate.mjs")),
  bundle: true,
  format: "esm",
  platform: "neutral",
  external: ["node:*"],
  target: "es2022",
  charset: "utf8",
  banner: { js: "// Quancheng citizen code (QC1): library for gates. Built from frontend/src/qc1 by `npm run gate`; Apache-2.0." },
  logLevel: "warning",
});
