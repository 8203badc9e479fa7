// What the device keeps: its key, which cannot leave it, credentials, lists, scans that wait. IndexedDB, by name.
function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error ?? new Error("indexeddb"));
  });
}

/** Rows of one kind, with numbers given here in the order they came. */
export interface Row<T> { seq: number; value: T }

export class Shelf {
  private db: IDBDatabase;
  private constructor(db: IDBDatabase) { this.db = db; }

  /** Raises when this device cannot keep data (private window, full). */
  static async open(name: string): Promise<Shelf> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("things");
      request.result.createObjectStore("queue", { autoIncrement: true });
    };
    return new Shelf(await asked(request));
  }

  private async with<T>(store: string, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const transaction = this.db.transaction(store, mode, { durability: "strict" } as IDBTransactionOptions);
    const ended = new Promise<void>((done, failed) => {
      transaction.oncomplete = () => done();
      transaction.onabort = transaction.onerror = () => failed(transaction.error ?? new Error("indexeddb"));
    });
    const result = await asked(act(transaction.objectStore(store)));
    await ended; // kept only now
    return result;
  }

  get<T>(name: string): Promise<T | undefined> { return this.with<T | undefined>("things", "readonly", (store) => store.get(name)); }
  async put(name: string, value: unknown): Promise<void> { await this.with("things", "readwrite", (store) => store.put(value, name)); }
  async drop(name: string): Promise<void> { await this.with("things", "readwrite", (store) => store.delete(name)); }
  /** Every thing whose name begins so. */
  async dropAll(prefix: string): Promise<void> {
    await this.with("things", "readwrite", (store) => store.delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`)) as IDBRequest<undefined>);
  }

  async push(value: unknown): Promise<number> { return Number(await this.with("queue", "readwrite", (store) => store.add(value))); }
  async waiting(): Promise<number> { return this.with("queue", "readonly", (store) => store.count()); }
  async first<T>(most: number): Promise<Row<T>[]> {
    const values = await this.with<T[]>("queue", "readonly", (store) => store.getAll(null, most));
    const keys = await this.with("queue", "readonly", (store) => store.getAllKeys(null, most));
    return values.map((value, at) => ({ seq: Number(keys[at]), value }));
  }
  /** Everything up to ``seq`` leaves. */
  async dropThrough(seq: number): Promise<void> {
    await this.with("queue", "readwrite", (store) => store.delete(IDBKeyRange.upperBound(seq)) as IDBRequest<undefined>);
  }
}
