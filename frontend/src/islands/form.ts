// Forms of matters: rules while one types, repeating groups, signatures, a copy on the device.
// Everything here is comfort: without it the server shows, computes, checks and keeps the same.
import { LocalDraft } from "../form/draft";
import { startRepeats } from "../form/repeat";
import { type Config, type Field, Rules, type Said } from "../form/rules";
import { startPads } from "../form/sign";

const english = document.documentElement.lang === "en";
type Tree = { [key: string]: Tree | unknown };

function configOf(form: HTMLFormElement): Config {
  const holder = document.getElementById(form.dataset["form"] ?? "");
  return JSON.parse(holder?.textContent ?? "{}") as Config;
}

/** What the controls hold, nested as the form is. */
function collect(form: HTMLFormElement, fields: Record<string, Field>): Record<string, unknown> {
  const tree: Tree = {};
  for (const control of form.elements) {
    if (!(control instanceof HTMLInputElement || control instanceof HTMLSelectElement || control instanceof HTMLTextAreaElement)) continue;
    const field = fields[control.name.replace(/\.\d+/g, "")];
    if (!field || control.type === "file") continue;
    const steps = control.name.split(".");
    let node = tree;
    for (const step of steps.slice(0, -1)) node = (node[step] ??= {}) as Tree;
    const last = steps[steps.length - 1] ?? "";
    if (control instanceof HTMLInputElement && control.type === "checkbox") {
      if (field.kind !== "multi-choice") node[last] = control.checked ? true : null;
      else if (control.checked) node[last] = [...((node[last] as string[] | undefined) ?? []), control.value];
    } else if (control instanceof HTMLInputElement && control.type === "radio") {
      if (control.checked) node[last] = control.value;
    } else {
      node[last] = control.value.trim() || null;
    }
  }
  const inner = (held: Tree, path: string): Record<string, unknown> =>
    Object.fromEntries(Object.entries(held).map(([key, part]) => [key, settle(part, path ? `${path}.${key}` : key)]));
  const settle = (value: unknown, path: string): unknown => {
    if (!value || typeof value !== "object" || Array.isArray(value)) return value;
    const held = value as Tree;
    if (fields[path]?.kind !== "repeat") return inner(held, path);
    const numbers = Object.keys(held).filter((key) => /^\d+$/.test(key)).sort((a, b) => Number(a) - Number(b));
    return numbers.map((key) => inner(held[key] as Tree, path));
  };
  return inner(tree, "");
}

function show(form: HTMLFormElement, fields: Record<string, Field>, said: Map<string, Said>): void {
  for (const [path, verdict] of said) {
    const place = form.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`);
    if (!place) continue;
    if (verdict.shown !== undefined) place.hidden = !verdict.shown;
    if (verdict.required !== undefined) optional(place, fields[path.replace(/\.\d+/g, "")], verdict.required);
    if ("value" in verdict) {
      const output = place.querySelector<HTMLOutputElement>("[data-computed]");
      if (output) output.value = verdict.value === null ? "—" : String(verdict.value);
    }
    if (verdict.options) limit(place, verdict.options);
    if ("wrong" in verdict) complain(place, verdict.wrong ? (english ? verdict.wrong.en : verdict.wrong.zh) : "");
  }
}

function optional(place: HTMLElement, field: Field | undefined, required: boolean): void {
  const label = place.querySelector(".field__label");
  if (!label || field?.required) return;
  let note = label.querySelector(".field__optional");
  if (required) note?.remove();
  else if (!note) {
    note = document.createElement("span");
    note.className = "field__optional";
    note.textContent = english ? " (optional)" : "（选填）";
    label.append(" ", note);
  }
}

function limit(place: HTMLElement, allowed: string[]): void {
  for (const option of place.querySelectorAll<HTMLOptionElement>("option")) {
    option.hidden = option.disabled = option.value !== "" && !allowed.includes(option.value);
    if (option.hidden) option.selected = false;
  }
  for (const input of place.querySelectorAll<HTMLInputElement>("input[type=radio], input[type=checkbox]")) {
    const gone = !allowed.includes(input.value);
    const row = input.closest<HTMLElement>(".choice");
    if (row) row.hidden = gone;
    input.disabled = gone;
    if (gone) input.checked = false;
  }
}

/** A rule's message while one types; it never stops anything, the server does. */
function complain(place: HTMLElement, text: string): void {
  let note = place.querySelector<HTMLElement>("[data-rule-error]");
  if (!text) {
    note?.remove();
    return;
  }
  if (!note) {
    note = document.createElement("p");
    note.className = "field__error";
    note.dataset["ruleError"] = "";
    note.setAttribute("role", "status");
    place.append(note);
  }
  if (note.textContent !== text) note.textContent = text;
}

async function start(form: HTMLFormElement): Promise<void> {
  const config = configOf(form);
  let apply = (): void => undefined;
  startRepeats(form, () => {
    form.dispatchEvent(new Event("input", { bubbles: true }));
    apply();
  });
  startPads(form);
  new LocalDraft(form, config).start(() => apply());
  if (!config.rules?.length) return;
  const rules = new Rules(await import("feelin"), config);
  apply = () => show(form, config.fields, rules.run(collect(form, config.fields)));
  form.addEventListener("input", () => apply());
  form.addEventListener("change", () => apply());
  apply();
  form.dataset["rules"] = "ready";
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-form]")) {
  start(form).catch((error: unknown) => console.warn("form script failed", error));
}
