// Reads [{feel, context}] on standard input and writes what feelin makes of each, as plain JSON.
// Dates come as {"$date": "2026-11-22"}; the path of feelin's module is the first argument.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const feelin = await import(pathToFileURL(process.argv[2]).href);
const revive = (value) => {
  if (Array.isArray(value)) return value.map(revive);
  if (value && typeof value === "object") {
    if ("$date" in value) return feelin.date(value.$date);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, revive(part)]));
  }
  return value;
};
const plain = (value) => {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object" && typeof value.toJSON === "function") return value.toJSON();
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
  return value;
};
const asked = JSON.parse(readFileSync(0, "utf8"));
const answers = asked.map(({ feel, context }) => {
  try {
    return { value: plain(feelin.evaluate(feel, revive(context)).value) };
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
});
process.stdout.write(JSON.stringify(answers));
