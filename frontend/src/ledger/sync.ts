// Sends what waits, in order, each with its own key: the server takes a key once, so a lost answer does no harm.
import type { Conflict, Entry, Package, Row, Store, Text } from "./store";

export interface Hello { user: number; name: string; token: string; days: number; books: { code: string; name: Text; due_on: string; left: number; total: number }[] }
interface Sent { outcome: "applied" | "merged" | "conflict"; row: Row; submission: number; clashes: Conflict["clashes"] }
interface Problem { detail?: string; todo?: string; fields?: Record<string, Text> }

/** No network, or a server that does not answer: try again later. */
export class Later extends Error {}
/** Signed out: nothing is sent before somebody signs in again. */
export class SignedOut extends Error {}
/** The server will not take this: a person must look at it. */
export class Refused extends Error {}

const PATIENCE = 20_000;

export class Server {
  private api: string;
  private token = "";
  private english: boolean;
  constructor(api: string, english: boolean) { this.api = api; this.english = english; }

  private async ask(path: string, init: RequestInit = {}): Promise<unknown> {
    const stop = new AbortController();
    const timer = window.setTimeout(() => stop.abort(), PATIENCE);
    let answer: Response;
    try {
      answer = await fetch(this.api + path, { credentials: "same-origin", cache: "no-store", ...init, signal: stop.signal,
        headers: { Accept: "application/json", "X-CSRFToken": this.token, ...(init.headers as Record<string, string> | undefined) } });
    } catch {
      throw new Later();
    } finally {
      window.clearTimeout(timer);
    }
    if (answer.status === 401) throw new SignedOut();
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) throw new Later();
    const body: unknown = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(this.explain(body as Problem));
    return body;
  }

  private explain(problem: Problem): string {
    const fields = Object.entries(problem.fields ?? {}).map(([name, text]) => `${name}：${this.english ? text.en : text.zh}`);
    return [...(fields.length ? fields : [problem.detail ?? ""]), problem.todo ?? ""].filter(Boolean).join(" ");
  }

  async hello(): Promise<Hello> {
    const found = await this.ask("collect/") as Hello;
    this.token = found.token;
    return found;
  }

  async fetch(user: number, code: string): Promise<Package> {
    let after = 0;
    let whole: Package | null = null;
    for (;;) {
      const part = await this.ask(`collect/${encodeURIComponent(code)}/?after=${after}`) as Omit<Package, "id" | "code" | "at"> & { more: boolean };
      const before = whole as Package | null;
      const rows: Row[] = [...(before?.rows ?? []), ...part.rows];
      whole = { id: `${user}:${code}`, user, code, book: part.book, rows, at: Date.now(),
        places: { ...before?.places, ...part.places }, conflicts: [...(before?.conflicts ?? []), ...part.conflicts] };
      if (!part.more) return whole;
      after = rows[rows.length - 1]?.number ?? after;
    }
  }

  async prefill(code: string, key: string): Promise<Record<string, string>> {
    const found = await this.ask(`books/${encodeURIComponent(code)}/prefill/?key=${encodeURIComponent(key)}`) as { cells: Record<string, string> };
    return found.cells;
  }

  async settle(submission: number, choices: Record<string, string>, revision: number, key: string): Promise<Sent> {
    return await this.post(`conflicts/${submission}/`, { choices, revision }, key) as Sent;
  }

  async send(entry: Entry): Promise<Sent | null> {
    if (entry.kind === "photo") {
      const body = new FormData();
      body.set("file", entry.blob ?? new Blob(), "photo.jpg");
      body.set("client_id", entry.key);
      await this.ask(`rows/${entry.row}/photos/`, { method: "POST", body, headers: { "Idempotency-Key": entry.key } });
      return null;
    }
    if (entry.kind === "add") {
      const body = { client_id: String(entry.row), cells: entry.cells, note: entry.note };
      return await this.post(`books/${encodeURIComponent(entry.code)}/rows/`, body, entry.key) as Sent;
    }
    const body = { base_revision: entry.revision, cells: entry.cells, standing: entry.standing, note: entry.note, done: true };
    return await this.post(`rows/${entry.row}/`, body, entry.key) as Sent;
  }

  private post(path: string, body: unknown, key: string): Promise<unknown> {
    return this.ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "Idempotency-Key": key } });
  }
}

/** Send everything that waits; what the server refuses stays, with its reason, and holds up only its own row. */
export async function flush(store: Store, server: Server, user: number): Promise<number> {
  let sent = 0;
  const held = new Set<string>();
  for (const { seq } of await store.queue(user)) {
    const entry = (await store.queue(user)).find((one) => one.seq === seq);
    if (!entry) continue;
    const place = `${entry.code}:${entry.row}`;
    if (entry.refused || held.has(place) || (entry.kind === "photo" && typeof entry.row === "string")) {
      held.add(place);
      continue;
    }
    try {
      const answer = await server.send(entry);
      if (answer) await taken(store, user, entry, answer);
      await store.drop(entry);
      sent += 1;
    } catch (failure) {
      if (!(failure instanceof Refused)) throw failure;
      await store.change({ ...entry, refused: failure.message });
      held.add(place);
    }
  }
  return sent;
}

/** The row as the server has it now; later entries of the same row begin from there. */
async function taken(store: Store, user: number, entry: Entry, answer: Sent): Promise<void> {
  const found = await store.package(user, entry.code);
  if (found) {
    const rows = found.rows.filter((row) => row.id !== answer.row.id);
    const conflicts = answer.outcome === "conflict"
      ? [...found.conflicts, { submission: answer.submission, row: answer.row.id, clashes: answer.clashes, by: "" }] : found.conflicts;
    await store.keep({ ...found, rows: [...rows, answer.row].sort((a, b) => a.number - b.number), conflicts });
  }
  if (answer.outcome === "conflict") return;
  for (const later of await store.queue(user, entry.code)) {
    if (later.seq === entry.seq || later.row !== entry.row) continue;
    await store.change({ ...later, row: answer.row.id, revision: answer.row.revision });
  }
}
