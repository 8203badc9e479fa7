// What a field worker has on the device: ledgers fetched, and what was entered and is not yet with the server.
// Both belong to one account; another account that signs in here neither sees nor sends them.

export interface Column {
  name: string; kind: string; filling: "base" | "asked"; choices?: string[]; required?: boolean; help?: string;
}
export interface Row {
  id: number; number: number; key: string; region: string; base: Record<string, string>; cells: Record<string, string>;
  state: string; standing: string; note: string; revision: number; client_id: string;
}
export interface Clash { column: string; before: string; mine: string; theirs: string }
export interface Conflict { submission: number; row: number; clashes: Clash[]; by: string }
export interface Book {
  id: number; code: string; name: Text; due_on: string; columns: Column[]; key_column: string; may_add: boolean; photos: number;
  simulated: boolean;
}
export interface Text { zh: string; en: string }
export interface Package {
  id: string; user: number; code: string; book: Book; rows: Row[]; places: Record<string, Text>; conflicts: Conflict[]; at: number;
}
export interface Entry {
  seq?: number; key: string; user: number; code: string; kind: "row" | "add" | "photo"; row: number | string;
  revision: number; cells: Record<string, string>; standing: string; note: string; blob?: Blob; refused?: string; at: number;
}

const NAME = "quancheng-ledgers";

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error ?? new Error("indexeddb"));
  });
}

export function newKey(): string {
  return crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

export class Store {
  private db: IDBDatabase;
  private constructor(db: IDBDatabase) { this.db = db; }

  static async open(): Promise<Store> {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("packages", { keyPath: "id" });
      request.result.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
    };
    return new Store(await asked(request));
  }

  /** One transaction; done when it is on the disk, so that "kept" is never said too early. */
  private async with<T>(name: string, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const transaction = this.db.transaction(name, mode);
    const ended = new Promise<void>((done, failed) => {
      transaction.oncomplete = () => done();
      transaction.onabort = transaction.onerror = () => failed(transaction.error ?? new Error("indexeddb"));
    });
    const result = await asked(work(transaction.objectStore(name)));
    await ended;
    return result;
  }

  async packages(user: number): Promise<Package[]> {
    const all = await this.with<Package[]>("packages", "readonly", (store) => store.getAll());
    return all.filter((one) => one.user === user);
  }
  async package(user: number, code: string): Promise<Package | undefined> {
    return this.with<Package | undefined>("packages", "readonly", (store) => store.get(`${user}:${code}`));
  }
  async keep(found: Package): Promise<void> {
    await this.with("packages", "readwrite", (store) => store.put(found));
  }

  async queue(user: number, code = ""): Promise<Entry[]> {
    const all = await this.with<Entry[]>("queue", "readonly", (store) => store.getAll());
    return all.filter((one) => one.user === user && (!code || one.code === code));
  }
  async push(entry: Entry): Promise<void> {
    await this.with("queue", "readwrite", (store) => store.add(entry));
  }
  async change(entry: Entry): Promise<void> {
    await this.with("queue", "readwrite", (store) => store.put(entry));
  }
  async drop(entry: Entry): Promise<void> {
    if (entry.seq !== undefined) await this.with("queue", "readwrite", (store) => store.delete(entry.seq as number));
  }

  /** Ledgers too old, or of accounts that are gone and have nothing waiting, leave the device. */
  async sweep(user: number, days: number): Promise<void> {
    const all = await this.with<Package[]>("packages", "readonly", (store) => store.getAll());
    const waiting = await this.with<Entry[]>("queue", "readonly", (store) => store.getAll());
    for (const one of all) {
      const busy = waiting.some((entry) => entry.user === one.user && entry.code === one.code);
      if (!busy && (one.user !== user || Date.now() - one.at > days * 86_400_000)) await this.forget(one);
    }
  }
  async forget(found: Package): Promise<void> {
    await this.with("packages", "readwrite", (store) => store.delete(found.id));
  }
}
