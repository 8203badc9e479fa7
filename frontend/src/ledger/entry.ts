// The form of one row: what the city knows stands in it already; only changed cells are sent.
import { button, el, notice } from "./dom";
import { type Book, type Column, type Conflict, type Entry, type Row, newKey } from "./store";
import type { Words } from "./words";

export interface Filled { cells: Record<string, string>; standing: string; note: string; photos: Blob[] }
interface Options {
  book: Book; row: Row | null; shown: Record<string, string>; refused: Entry[]; words: Words; photosLeft: number;
  save(filled: Filled, next: boolean): Promise<void>; back(): void; discard(entries: Entry[]): Promise<void>;
  prefill?(key: string): Promise<Record<string, string>>;
}

function control(column: Column, id: string, value: string, words: Words): HTMLInputElement | HTMLSelectElement {
  const choices = column.choices ?? (column.kind === "boolean" ? ["是", "否"] : null);
  if (choices) {
    const shown = (word: string): string => (column.choices ? word : word === "是" ? words.yes : words.no);
    const made = el("select", { id, name: id }, el("option", { value: "" }, words.choose), ...choices.map((word) => el("option", { value: word }, shown(word))));
    if (value && !choices.includes(value)) made.append(el("option", { value }, value));
    made.value = value;
    return made;
  }
  const types: Record<string, Record<string, string>> = {
    date: { type: "date" }, integer: { inputmode: "numeric" }, decimal: { inputmode: "decimal" }, phone: { type: "tel", inputmode: "tel" },
    resident_id: { autocapitalize: "characters" }, uscc: { autocapitalize: "characters" },
  };
  return el("input", { id, name: id, maxlength: "1000", autocomplete: "off", value, ...(types[column.kind] ?? {}) });
}

function field(column: Column, at: number, row: Row | null, value: string, words: Words): HTMLElement {
  const id = `cell-${at}`;
  const input = control(column, id, value, words);
  const base = row?.base[column.name] ?? "";
  const hints = [column.help ?? "", column.filling === "base" && base ? `${words.base}${base}` : ""].filter(Boolean).join(" ");
  if (hints) input.setAttribute("aria-describedby", `${id}-hint`);
  return el("div", { class: "field", "data-cell": column.name },
    el("label", { class: "field__label", for: id }, column.name, column.required ? ` (${words.required})` : ""),
    hints ? el("p", { class: "field__hint", id: `${id}-hint` }, hints) : null, input);
}

export function entryForm(options: Options): HTMLElement {
  const { book, row, shown, words } = options;
  const fields = book.columns.map((column, at) => field(column, at, row, shown[column.name] ?? "", words));
  const absent = el("input", { type: "checkbox", id: "absent" });
  absent.checked = row?.standing === "absent";
  const note = el("input", { id: "note", maxlength: "300", value: row?.note ?? "" });
  const photos = el("input", { type: "file", id: "photos", accept: "image/jpeg,image/png", capture: "environment", multiple: true });
  const form = el("form", { class: "form", novalidate: true },
    ...options.refused.map((one) => notice(`${words.refused}：${one.refused ?? ""} `, "bad")),
    options.refused.length ? button(words.discard, "btn--quiet", () => { if (window.confirm(words.discardAsk)) void options.discard(options.refused); }) : null,
    ...fields,
    row && row.standing !== "added" ? el("label", { class: "choice" }, absent, words.absent) : null,
    el("div", { class: "field" }, el("label", { class: "field__label", for: "note" }, words.note), note),
    options.photosLeft > 0 ? el("div", { class: "field" }, el("label", { class: "field__label", for: "photos" }, words.photos), photos) : null,
    el("div", { class: "buttons" }, el("button", { class: "btn", type: "submit" }, words.save),
      row ? button(words.next, "btn--second", () => void send(true)) : null, button(words.back, "btn--quiet", options.back)));

  const valueOf = (column: Column): string => (form.querySelector<HTMLInputElement>(`#cell-${book.columns.indexOf(column)}`)?.value ?? "").trim();
  const fault = (place: HTMLElement | undefined, text: string): void => {
    if (!place) return;
    place.classList.add("field--error");
    place.querySelector(".field__error")?.remove();
    place.querySelector("input, select")?.before(el("p", { class: "field__error" }, text));
  };
  const clean = (): void => form.querySelectorAll(".field--error").forEach((one) => {
    one.classList.remove("field--error");
    one.querySelector(".field__error")?.remove();
  });

  async function send(next: boolean): Promise<void> {
    clean();
    if (!absent.checked) {
      book.columns.forEach((column, at) => { if (column.required && !valueOf(column)) fault(fields[at], words.required); });
      if (!row && book.key_column && !keyValue()) fault(fields[keyAt()], words.required);
    } else if (!note.value.trim()) fault(note.parentElement ?? undefined, words.needNote);
    const first = form.querySelector<HTMLElement>(".field--error input, .field--error select");
    if (first) { first.focus(); return; }
    const cells: Record<string, string> = {};
    for (const column of book.columns) {
      const value = valueOf(column);
      if (value !== (shown[column.name] ?? "")) cells[column.name] = value;
    }
    const chosen = [...(photos.files ?? [])].slice(0, options.photosLeft);
    await options.save({ cells, standing: absent.checked ? "absent" : row && row.standing !== "added" ? "base" : "", note: note.value.trim(), photos: chosen }, next);
  }
  const keyAt = (): number => book.columns.findIndex((one) => one.name === book.key_column);
  const keyValue = (): string => form.querySelector<HTMLInputElement>(`#cell-${keyAt()}`)?.value.trim() ?? "";
  form.addEventListener("submit", (event) => { event.preventDefault(); void send(false); });
  if (!row && options.prefill && keyAt() >= 0) {
    form.querySelector(`#cell-${keyAt()}`)?.addEventListener("change", () => {
      void options.prefill?.(keyValue()).then((known) => {
        book.columns.forEach((column, at) => {
          const input = form.querySelector<HTMLInputElement>(`#cell-${at}`);
          if (input && !input.value && known[column.name]) input.value = known[column.name] ?? "";
        });
      }).catch(() => undefined);
    });
  }
  return form;
}

/** Both versions side by side; every cell is decided by a person. */
export function clashForm(conflict: Conflict, words: Words, settle: (choices: Record<string, string>) => Promise<void>): HTMLElement {
  const rows = conflict.clashes.map((clash, at) => {
    const choice = (value: "mine" | "theirs", label: string, text: string): HTMLElement =>
      el("label", { class: "choice" }, el("input", { type: "radio", name: `clash-${at}`, value }), `${label}：`, el("strong", {}, text || "—"));
    return el("fieldset", { class: "field" }, el("legend", {}, clash.column, " ", el("span", { class: "muted small" }, `${words.before}：${clash.before || "—"}`)),
      el("div", { class: "grid grid--2" }, choice("mine", words.mine, clash.mine), choice("theirs", words.theirs, clash.theirs)));
  });
  const form = el("form", { class: "form card" }, el("p", {}, words.bothChanged), ...rows,
    el("div", { class: "buttons" }, el("button", { class: "btn", type: "submit" }, words.settle)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const choices: Record<string, string> = {};
    conflict.clashes.forEach((clash, at) => {
      const chosen = form.querySelector<HTMLInputElement>(`input[name=clash-${at}]:checked`);
      if (chosen) choices[clash.column] = chosen.value;
    });
    if (Object.keys(choices).length === conflict.clashes.length) void settle(choices);
    else form.querySelector<HTMLInputElement>("input[type=radio]:not(:checked)")?.focus();
  });
  return form;
}

export function entriesOf(base: Omit<Entry, "key" | "at" | "kind">, filled: Filled, added: boolean): Entry[] {
  const now = Date.now();
  const first: Entry = { ...base, key: newKey(), kind: added ? "add" : "row", cells: filled.cells, standing: filled.standing, note: filled.note, at: now };
  return [first, ...filled.photos.map((blob): Entry => ({ ...base, key: newKey(), kind: "photo", cells: {}, standing: "", note: "", blob, at: now }))];
}
