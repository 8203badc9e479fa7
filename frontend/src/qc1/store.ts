// What a gate keeps: lists for when it is cut off, scans that wait for upload. In memory, or in files (Node).

/** One check as it is uploaded: ``at`` Unix seconds, ``verdict`` "ok" or a reason. */
export interface Scan { token: string; at: number; scene: string; verdict: string }
/** Scans under one idempotency key, until they are answered. */
export interface Packet { key: string; scans: Scan[] }

export interface Store {
  /** Kept when this returns: only then a gate may open. Raises when it could not be. */
  append(scan: Scan): void;
  /** Scans not yet answered for, oldest first. */
  waiting(): readonly Scan[];
  /** Recent scans, answered for or not: a gate that restarts remembers what it took. */
  recent(): readonly Scan[];
  /** The oldest ``count`` were answered for. */
  sent(count: number): void;
  keep(name: string, value: unknown): void;
  kept<T>(name: string): T | undefined;
}

/** Seconds a scan is remembered after it was answered for; longer than any gate takes an old step. */
const MEMORY = 600;

export class MemoryStore implements Store {
  protected scans: Scan[] = [];
  protected done = 0;
  private things = new Map<string, unknown>();

  append(scan: Scan): void { this.scans.push(scan); }
  waiting(): readonly Scan[] { return this.scans.slice(this.done); }
  recent(): readonly Scan[] { return this.scans; }
  sent(count: number): void {
    this.done += count;
    const last = this.scans[this.scans.length - 1]?.at ?? 0;
    const old = this.scans.slice(0, this.done).filter((scan) => scan.at < last - MEMORY).length;
    this.forget(old);
  }
  protected forget(count: number): void {
    this.scans = this.scans.slice(count);
    this.done -= count;
  }
  keep(name: string, value: unknown): void { this.things.set(name, value); }
  kept<T>(name: string): T | undefined { return this.things.get(name) as T | undefined; }
}

type Files = typeof import("node:fs");

/** A folder: ``scans.jsonl`` grows by a line a scan and is made anew when much of it is done. A torn last line (power cut) is dropped. */
export class FileStore extends MemoryStore {
  private files: Files;
  private folder: string;
  private journal = -1;
  private constructor(files: Files, folder: string) {
    super();
    this.files = files;
    this.folder = folder;
  }

  static async open(folder: string): Promise<FileStore> {
    const store = new FileStore(await import("node:fs"), folder);
    store.files.mkdirSync(folder, { recursive: true });
    store.read();
    return store;
  }

  private path(name: string): string { return `${this.folder}/${name}`; }

  private read(): void {
    const path = this.path("scans.jsonl");
    const lines = this.files.existsSync(path) ? this.files.readFileSync(path, "utf8").split("\n") : [];
    for (const line of lines) {
      const entry = parsed(line);
      if (entry && "sent" in entry) this.done += entry.sent;
      else if (entry) this.scans.push(entry);
    }
    this.done = Math.min(this.done, this.scans.length);
    this.rewrite();
  }

  /** What is left, under another name first: a power cut leaves the one or the other. */
  private rewrite(): void {
    if (this.journal >= 0) this.files.closeSync(this.journal);
    const lines = [...this.scans, ...(this.done ? [{ sent: this.done }] : [])].map((one) => `${JSON.stringify(one)}\n`).join("");
    this.replace("scans.jsonl", lines);
    this.journal = this.files.openSync(this.path("scans.jsonl"), "a");
  }

  private replace(name: string, text: string): void {
    const file = this.files.openSync(this.path(`${name}.new`), "w");
    this.files.writeSync(file, text);
    this.files.fsyncSync(file);
    this.files.closeSync(file);
    this.files.renameSync(this.path(`${name}.new`), this.path(name));
  }

  private line(entry: Scan | { sent: number }): void {
    this.files.writeSync(this.journal, `${JSON.stringify(entry)}\n`);
    this.files.fsyncSync(this.journal);
  }

  override append(scan: Scan): void {
    this.line(scan);
    super.append(scan);
  }

  override sent(count: number): void {
    this.line({ sent: count });
    super.sent(count);
  }

  protected override forget(count: number): void {
    super.forget(count);
    if (count) this.rewrite();
  }

  override keep(name: string, value: unknown): void {
    this.replace(`${name}.json`, JSON.stringify(value ?? null));
  }

  override kept<T>(name: string): T | undefined {
    const path = this.path(`${name}.json`);
    if (!this.files.existsSync(path)) return undefined;
    return (JSON.parse(this.files.readFileSync(path, "utf8")) as T | null) ?? undefined;
  }
}

function parsed(line: string): Scan | { sent: number } | null {
  try {
    return line ? JSON.parse(line) as Scan | { sent: number } : null;
  } catch {
    return null; // the line a power cut tore
  }
}
