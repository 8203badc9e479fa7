// Ledgers in the field: works from what is on the device, sends when there is a network.
// config: {code, api, home, worker, days}. The same script runs on the server's page and on the kept one.
import type { Island } from "../island";
import { button, el, notice, tag } from "../ledger/dom";
import { type Filled, clashForm, entriesOf, entryForm } from "../ledger/entry";
import { type Entry, type Package, type Row, type Text, Store, newKey } from "../ledger/store";
import { type Hello, Later, Refused, Server, SignedOut, flush } from "../ledger/sync";
import { type Words, words } from "../ledger/words";

interface Config { code: string; api: string; home: string; worker: string; login: string; days: number }
const LAST = "quancheng.ledgers.user";
const AGAIN = 30_000;
const IDENTIFYING = new Set(["resident_id", "uscc"]);

class Desk {
  private stage: HTMLElement;
  private config: Config;
  private say: Words;
  private english: boolean;
  private store: Store;
  private server: Server;
  private user = Number(localStorage.getItem(LAST) ?? 0);
  private state: "online" | "offline" | "out" = "offline";
  private said = "";
  private filter = "todo";
  private query = "";
  private busy = false;

  constructor(stage: HTMLElement, config: Config, english: boolean, store: Store) {
    this.stage = stage;
    this.config = config;
    this.english = english;
    this.say = words(english);
    this.store = store;
    this.server = new Server(config.api, english);
  }

  private get code(): string {
    if (this.config.code) return this.config.code;
    const path = window.location.pathname;
    return path.startsWith(this.config.home) ? decodeURIComponent(path.slice(this.config.home.length).replace(/\/$/, "")) : "";
  }

  async start(): Promise<void> {
    window.addEventListener("online", () => void this.meet());
    window.addEventListener("offline", () => { this.state = "offline"; void this.draw(); });
    window.addEventListener("hashchange", () => void this.draw());
    window.setInterval(() => { if (this.state !== "online") void this.meet(); }, AGAIN);
    await this.draw();
    await this.meet();
  }

  /** Say hello, send what waits, fetch anew; without a network, go on with what is here. */
  private async meet(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const hello: Hello = await this.server.hello();
      this.user = hello.user;
      localStorage.setItem(LAST, String(hello.user));
      this.state = "online";
      await this.store.sweep(hello.user, hello.days || this.config.days);
      const sent = await flush(this.store, this.server, this.user);
      if (sent) this.said = `${sent} ${this.say.sent}`;
      const codes = this.code ? [this.code] : hello.books.map((one) => one.code);
      for (const code of codes) await this.store.keep(await this.server.fetch(this.user, code));
    } catch (failure) {
      if (failure instanceof SignedOut) this.state = "out";
      else if (failure instanceof Later) this.state = "offline";
      else if (!(failure instanceof Refused)) throw failure;
      else this.said = failure.message;
    } finally {
      this.busy = false;
      await this.draw(true);
    }
  }

  private pick(text: Text | undefined): string {
    return text ? (this.english ? text.en : text.zh) : "";
  }

  /** ``quiet``: do not take a form away from under somebody who is typing. */
  private async draw(quiet = false): Promise<void> {
    if (quiet && this.stage.querySelector("form")) {
      this.stage.querySelector("[data-state]")?.replaceWith(await this.head());
      return;
    }
    const parts: HTMLElement[] = [await this.head()];
    const found = this.code ? await this.store.package(this.user, this.code) : undefined;
    const hash = decodeURIComponent(window.location.hash.slice(1));
    if (!this.code) parts.push(await this.shelf());
    else if (!found) parts.push(notice(this.say.none, "info"));
    else if (hash.startsWith("row-")) parts.push(...(await this.one(found, hash.slice(4))));
    else parts.push(...(await this.list(found)));
    this.stage.replaceChildren(...parts);
    this.said = "";
  }

  private async head(): Promise<HTMLElement> {
    const waiting = (await this.store.queue(this.user)).filter((one) => !one.refused).length;
    const box = el("div", { class: "stack", "data-state": this.state, "data-waiting": String(waiting) });
    if (this.said) box.append(notice(this.said, "ok"));
    if (this.state === "out") {
      const back = encodeURIComponent(window.location.pathname);
      box.append(notice(`${this.say.signedOut} `, "warn", el("a", { href: `${this.config.login}?next=${back}` }, this.say.signIn)));
    } else if (this.state === "offline") box.append(notice(this.say.offline, "warn"));
    if (waiting) {
      box.append(el("p", {}, tag(`${waiting} ${this.say.waiting}`, "warn"), " ", button(this.say.sendNow, "btn--second", () => void this.meet())));
    }
    return box;
  }

  // -- ledgers kept here ------------------------------------------------------------------------
  private async shelf(): Promise<HTMLElement> {
    const kept = await this.store.packages(this.user);
    if (!kept.length) return el("p", { class: "muted" }, this.say.none);
    const items = kept.map((one) => {
      const left = one.rows.filter((row) => row.state === "todo").length;
      return el("li", { class: "list__item" }, el("div", { class: "list__text" },
        el("span", { class: "list__title" }, el("a", { href: `${this.config.home}${encodeURIComponent(one.code)}/` }, this.pick(one.book.name)), one.book.simulated ? tag(this.say.simulated) : null),
        el("span", { class: "list__meta" }, `${this.say.due} ${one.book.due_on} · ${left} / ${one.rows.length} ${this.say.left}`)));
    });
    return el("div", { class: "stack" }, el("ul", { class: "list" }, ...items),
      el("div", { class: "buttons" }, button(this.say.wipe, "btn--quiet", () => void this.wipe())));
  }

  private async wipe(): Promise<void> {
    const waiting = await this.store.queue(this.user);
    if (waiting.length && !window.confirm(this.say.wipeAsk)) return;
    for (const one of waiting) await this.store.drop(one);
    for (const one of await this.store.packages(this.user)) await this.store.forget(one);
    this.said = this.say.wiped;
    await this.draw();
  }

  // -- one ledger -------------------------------------------------------------------------------
  private shown(row: Row, queue: Entry[]): Record<string, string> {
    const mine = queue.filter((one) => one.kind !== "photo" && one.row === row.id);
    return Object.assign({}, row.cells, ...mine.map((one) => one.cells)) as Record<string, string>;
  }

  private async list(found: Package): Promise<HTMLElement[]> {
    const queue = await this.store.queue(this.user, found.code);
    const added = queue.filter((one) => one.kind === "add");
    const state = (row: Row): string => {
      if (found.conflicts.some((one) => one.row === row.id)) return "conflict";
      const mine = queue.filter((one) => one.row === row.id);
      if (mine.some((one) => one.refused)) return "refused";
      return mine.length ? "pending" : row.state;
    };
    const matches = (row: Row): boolean => {
      const now = state(row);
      const wanted = this.filter === "all" || (this.filter === "todo" ? now === "todo" || now === "conflict" || now === "refused" : now === "done" || now === "pending");
      return wanted && (!this.query || JSON.stringify([row.key, this.shown(row, queue)]).includes(this.query));
    };
    const rows = found.rows.filter(matches);
    const search = el("input", { id: "find", type: "search", value: this.query, autocomplete: "off" });
    search.addEventListener("change", () => { this.query = search.value.trim(); void this.draw(); });
    const filters = (["todo", "done", "all"] as const).map((name) => {
      const made = button(this.say[name], this.filter === name ? "" : "btn--second", () => { this.filter = name; void this.draw(); });
      made.setAttribute("aria-pressed", String(this.filter === name));
      return made;
    });
    const left = found.rows.filter((row) => state(row) === "todo").length;
    return [
      el("p", { class: "muted" }, `${this.say.of} ${found.rows.length} ${this.say.rows} · ${left} ${this.say.left}`),
      el("div", { class: "field" }, el("label", { class: "field__label", for: "find" }, this.say.search), search),
      el("div", { class: "buttons" }, ...filters, found.book.may_add ? button(this.say.add, "btn--second", () => { window.location.hash = "row-new"; }) : null),
      rows.length || added.length ? el("ul", { class: "list" }, ...added.map((one) => this.addedItem(found, one)), ...rows.slice(0, 200).map((row) => this.item(found, row, queue, state(row))))
        : el("p", { class: "muted" }, this.say.nothing),
    ];
  }

  private item(found: Package, row: Row, queue: Entry[], state: string): HTMLElement {
    const cells = this.shown(row, queue);
    // numbers of identity documents are not for a list others may look at over the shoulder
    const names = found.book.columns.filter((one) => !IDENTIFYING.has(one.kind)).slice(0, 4).map((one) => cells[one.name] ?? "").filter(Boolean);
    const kinds: Record<string, string> = { todo: "", done: "ok", pending: "warn", conflict: "bad", refused: "bad" };
    const labels: Record<string, string> = { todo: this.say.todo, done: this.say.done, pending: this.say.pending, conflict: this.say.conflict, refused: this.say.refused };
    const title = names[0];
    return el("li", { class: "list__item" }, el("div", { class: "list__text" },
      el("span", { class: "list__title" }, el("a", title ? { href: `#row-${row.id}`, lang: "zh-Hans" } : { href: `#row-${row.id}` }, title || `${this.say.row}${row.number}${this.say.rowEnd}`)),
      el("span", { class: "list__meta" }, this.pick(found.places[row.region]), " · ",
        el("span", { lang: "zh-Hans" }, names.filter((one) => one !== title).join(" · ")))),
      tag(labels[state] ?? state, kinds[state] ?? ""));
  }

  private addedItem(found: Package, entry: Entry): HTMLElement {
    const names = found.book.columns.filter((one) => !IDENTIFYING.has(one.kind)).slice(0, 3).map((one) => entry.cells[one.name] ?? "").filter(Boolean);
    return el("li", { class: "list__item" }, el("div", { class: "list__text" },
      el("span", { class: "list__title" }, el("a", names[0] ? { href: `#row-${entry.row}`, lang: "zh-Hans" } : { href: `#row-${entry.row}` }, names[0] ?? this.say.newRow)),
      el("span", { class: "list__meta" }, [this.say.newRow, entry.refused ?? ""].filter(Boolean).join(" · "), " ",
        el("span", { lang: "zh-Hans" }, names.slice(1).join(" · ")))),
      tag(entry.refused ? this.say.refused : this.say.pending, entry.refused ? "bad" : "warn"));
  }

  // -- one row ----------------------------------------------------------------------------------
  private async one(found: Package, place: string): Promise<HTMLElement[]> {
    const queue = await this.store.queue(this.user, found.code);
    const row = found.rows.find((one) => String(one.id) === place) ?? null;
    const added = queue.find((one) => one.kind === "add" && one.row === place);
    const conflict = row && found.conflicts.find((one) => one.row === row.id);
    const title = el("h2", { tabindex: "-1" }, row ? `${this.say.row}${row.number}${this.say.rowEnd}` : this.say.newRow);
    const back = (): void => { window.location.hash = ""; };
    if (conflict && row) {
      return [title, clashForm(conflict, this.say, (choices) => this.settle(found, row, conflict.submission, choices)), button(this.say.back, "btn--quiet", back)];
    }
    const refused = queue.filter((one) => one.refused && one.row === (row ? row.id : place));
    const form = entryForm({
      book: found.book, row, shown: row ? this.shown(row, queue) : added?.cells ?? {}, refused, words: this.say, back,
      photosLeft: found.book.photos - queue.filter((one) => one.kind === "photo" && one.row === (row ? row.id : place)).length,
      save: (filled, next) => this.save(found, row, added, filled, refused, next),
      discard: async (entries) => { for (const one of entries) await this.store.drop(one); back(); await this.draw(); },
      prefill: this.state === "online" ? (key) => this.server.prefill(found.code, key) : undefined,
    });
    return [title, form];
  }

  private async save(found: Package, row: Row | null, added: Entry | undefined, filled: Filled, refused: Entry[], next: boolean): Promise<void> {
    const place = row ? row.id : added ? added.row : newKey();
    const [first, ...photos] = entriesOf({ user: this.user, code: found.code, row: place, revision: row?.revision ?? 0, cells: {}, standing: "", note: "" }, filled, !row);
    if (!first) return;
    // what was refused goes again as one entry, with its corrections
    const again = [...refused.filter((one) => one.kind !== "photo"), ...(added && !refused.includes(added) ? [added] : [])];
    first.cells = Object.assign({}, ...again.map((one) => one.cells), filled.cells) as Record<string, string>;
    try {
      await this.store.push(first);
      for (const photo of photos) await this.store.push(photo);
      for (const one of again) await this.store.drop(one);
    } catch {
      this.stage.prepend(notice(this.say.full, "bad"));
      return;
    }
    this.said = this.say.kept;
    const following = next ? found.rows.find((one) => one.state === "todo" && one.id !== row?.id && one.number > (row?.number ?? 0)) : undefined;
    window.location.hash = following ? `row-${following.id}` : "";
    this.stage.replaceChildren();
    await this.draw();
    void this.meet();
  }

  private async settle(found: Package, row: Row, submission: number, choices: Record<string, string>): Promise<void> {
    try {
      const sent = await this.server.settle(submission, choices, row.revision, newKey());
      const rows = found.rows.map((one) => (one.id === row.id ? sent.row : one));
      await this.store.keep({ ...found, rows, conflicts: found.conflicts.filter((one) => one.submission !== submission) });
      this.said = this.say.saved;
    } catch (failure) {
      if (failure instanceof SignedOut) this.state = "out";
      this.said = failure instanceof Refused ? failure.message : this.say.settleOnline;
      if (failure instanceof Refused) await this.store.keep(await this.server.fetch(this.user, found.code));
    }
    window.location.hash = "";
    this.stage.replaceChildren();
    await this.draw();
  }
}

export async function mount({ stage, config, english }: Island<Config>): Promise<void> {
  stage.classList.remove("island__stage");
  stage.classList.add("stack");
  if ("serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register(config.worker).catch(() => undefined);
  let store: Store;
  try {
    store = await Store.open();
  } catch {
    stage.replaceChildren(notice(words(english).failed, "bad"));
    return;
  }
  await new Desk(stage, config, english, store).start();
}
