// A gate on a line of text: codes come in on standard input, one a line; answers go out on standard output, one JSON a line.
//   node run-gate.mjs --city https://city.example --scene metro --token-file token --folder /var/lib/gate
// Fetches the lists and uploads the scans by itself, every --every seconds (30), whenever there is a network.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { FileStore, QcGate } from "./qc1-gate.mjs";

const { values } = parseArgs({
  options: {
    city: { type: "string" }, scene: { type: "string" }, "token-file": { type: "string" },
    folder: { type: "string" }, every: { type: "string", default: "30" },
  },
});
for (const name of ["city", "scene", "token-file", "folder"]) {
  if (!values[name]) {
    console.error(`--${name} is missing`);
    process.exit(2);
  }
}
const gate = await QcGate.open({
  city: values.city,
  scene: values.scene,
  token: readFileSync(values["token-file"], "utf8").trim(),
  store: await FileStore.open(values.folder),
});
const say = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);

async function tend() {
  const online = await gate.refresh();
  const uploaded = online ? await gate.upload() : 0;
  say({ online, uploaded, waiting: gate.waiting, blocked: gate.blocked });
}
await tend();
const timer = setInterval(tend, Number(values.every) * 1000);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "tend") {
    await tend();
    continue;
  }
  const answer = await gate.check(line);
  say(answer.open ? { open: true, level: answer.level, rights: answer.rights, printed: answer.printed } : answer);
}
clearInterval(timer);
await tend();
