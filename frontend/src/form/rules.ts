// The rules of a form in the browser: the same FEEL as on the server. The server has the last word.
import type * as Feelin from "feelin";

export interface Words { zh: string; en: string }
export interface Rule { target: string; kind: string; feel: string; message: Words | null }
export interface Field {
  kind: string;
  label: Words;
  required: boolean;
  least: number;
  most: number;
  options: { value: string; text: Words }[];
}
export interface Config {
  store: string;
  saved: number;
  refused: boolean;
  rules: Rule[];
  fields: Record<string, Field>;
  answers: Record<string, unknown>;
  applicant: Record<string, unknown>;
  parameters: Record<string, unknown>;
  today: string | null;
}
type Answers = Record<string, unknown>;

/** What the rules say about one instance path (`child.0.name`). */
export interface Said { shown?: boolean; required?: boolean; value?: unknown; options?: string[] | null; wrong?: Words | null }

const DAY = /^\d{4}-\d\d-\d\d$/;
const empty = (value: unknown): boolean =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
const parent = (path: string): string => path.split(".").slice(0, -1).join(".");
const pattern = (path: string): string => path.replace(/\.\d+/g, "");

export class Rules {
  private feelin: typeof Feelin;
  private config: Config;

  constructor(feelin: typeof Feelin, config: Config) {
    this.feelin = feelin;
    this.config = config;
  }

  /** A control's text as a FEEL value of the field's kind. */
  value(field: Field, text: unknown): unknown {
    if (empty(text)) return null;
    if (field.kind === "number") {
      const number = Number(String(text).replace(/,/g, "").normalize("NFKC").trim());
      return Number.isFinite(number) ? number : null;
    }
    if (field.kind === "date") return DAY.test(String(text)) ? this.feelin.date(String(text)) : null;
    if (field.kind === "agree") return text === true ? true : null;
    return text;
  }

  /** All rules over all answers: repeated until nothing changes, as hidden fields count as empty. */
  run(answers: Answers): Map<string, Said> {
    const said = new Map<string, Said>();
    for (let round = 0; round < 12; round += 1) {
      const scope = this.scope(answers, said);
      if (!this.round(answers, scope, said)) break;
    }
    return said;
  }

  private round(answers: Answers, scope: Answers, said: Map<string, Said>): boolean {
    let changed = false;
    for (const rule of this.config.rules) {
      for (const [path, local] of this.places(rule.target, answers, scope)) {
        const found = this.evaluate(rule.feel, { ...scope, ...local });
        const before = said.get(path) ?? {};
        const after = { ...before, ...this.verdict(rule, found, before) };
        if (JSON.stringify(after) !== JSON.stringify(before)) {
          said.set(path, after);
          changed = true;
        }
      }
    }
    return changed;
  }

  private verdict(rule: Rule, found: unknown, before: Said): Said {
    if (rule.kind === "visible") return { shown: found === true };
    if (rule.kind === "required") return { required: found === true };
    if (rule.kind === "value") return { value: found ?? null };
    if (rule.kind === "valid") return { wrong: found === false ? rule.message : before.wrong === rule.message ? null : before.wrong };
    const values = Array.isArray(found) ? found : found === null || found === undefined ? [] : [found];
    return { options: values.map(String) };
  }

  private evaluate(text: string, scope: Answers): unknown {
    try {
      return this.feelin.evaluate(text, scope).value ?? null;
    } catch {
      return null;
    }
  }

  /** Where a rule applies: once, or for each item of a repeating group, with that item's names. */
  private places(target: string, answers: Answers, scope: Answers): [string, Answers][] {
    const steps = target.split(".");
    let found: [string, unknown, unknown, Answers][] = [["", answers, scope, {}]];
    for (const step of steps.slice(0, -1)) {
      found = found.flatMap(([path, raw, value, local]): [string, unknown, unknown, Answers][] => {
        const inner = (raw as Answers | null)?.[step];
        const known = (value as Answers | null)?.[step];
        const here = path ? `${path}.${step}` : step;
        if (!Array.isArray(inner)) return [[here, inner, known, { ...local, ...((known as Answers | null) ?? {}) }]];
        return inner.map((item, n): [string, unknown, unknown, Answers] => {
          const own = (Array.isArray(known) ? known[n] : null) as Answers | null;
          return [`${here}.${n}`, item, own, { ...local, ...(own ?? {}) }];
        });
      });
    }
    const last = steps[steps.length - 1] ?? "";
    return found.map(([path, , , local]) => [path ? `${path}.${last}` : last, local]);
  }

  /** FEEL values of all answers: hidden ones null, computed ones as computed. */
  private scope(answers: Answers, said: Map<string, Said>): Answers {
    const read = (raw: unknown, path: string, hidden: boolean): unknown => {
      const field = this.config.fields[pattern(path)];
      const own = said.get(path);
      const gone = hidden || own?.shown === false;
      if (Array.isArray(raw) && field?.kind === "repeat") {
        return gone ? null : raw.map((item, n) => read(item, `${path}.${n}`, false));
      }
      if (raw && typeof raw === "object" && !Array.isArray(raw)) {
        return gone ? null : this.inner(raw as Answers, path, read);
      }
      if (gone || !field) return null;
      return own && "value" in own ? own.value : this.value(field, raw);
    };
    const values = this.inner(answers, "", read);
    const outside = Object.fromEntries(
      Object.entries(this.config.answers).map(([key, raw]) => [key, read(raw, key, false)]),
    );
    const all = { ...outside, ...values };
    return {
      applicant: this.config.applicant,
      parameters: this.config.parameters,
      today: this.config.today ? this.feelin.date(this.config.today) : null,
      ...all,
      form: all,
    };
  }

  private inner(raw: Answers, path: string, read: (raw: unknown, path: string, hidden: boolean) => unknown): Answers {
    const names = Object.keys(this.config.fields).filter((name) => parent(name) === pattern(path));
    const made: Answers = {};
    for (const name of names) {
      const key = name.split(".").pop() ?? "";
      const here = path ? `${path}.${key}` : key;
      if (path || key in raw || !(key in this.config.answers)) made[key] = read(raw[key] ?? null, here, false);
    }
    return made;
  }
}
