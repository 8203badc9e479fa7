// Checks citizen codes at a counter: in this browser, with or without a network; a camera, a hand scanner, or paste.
// config: src/qc1/README.md. Shows only what the counter needs: whether it holds, the level, the rights of this scene.
import { Camera } from "../code/camera";
import { Desk, type Finding, type Place } from "../code/desk";
import { Shelf } from "../code/store";
import { type Words, words } from "../code/words";
import type { Island } from "../island";
import { button, el, notice, tag } from "../ledger/dom";
import { REASONS, type Text } from "../qc1/reasons";

interface Config { bundle: string; upload: string; verifiers: Place[]; worker?: string; login?: string }
const PLACE = "quancheng.code.place";
const SAME = 3000; // milliseconds in which the camera may see one code many times
const TEND = 30_000;

class ScanPage {
  private stage: HTMLElement;
  private config: Config;
  private say: Words;
  private english: boolean;
  private desk: Desk;
  private places: Place[];
  private camera: Camera;
  private seen = { text: "", at: 0 };
  private busy = false;
  private count = 0;
  private bar = el("div", { class: "scan__bar" });
  private notes = el("div", { class: "stack", "aria-live": "polite" });
  private verdict = el("div", { class: "scan__verdict", role: "status", "aria-live": "assertive" });
  private box = el("input", { id: "scan-box", class: "input", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": "scan-help" });
  private video = el("video", { class: "scan__video", muted: true, playsinline: true, hidden: true });
  private cameraButton = button("", "btn--second", () => void this.toggleCamera());

  constructor(stage: HTMLElement, config: Config, english: boolean, desk: Desk, places: Place[]) {
    this.stage = stage;
    this.config = config;
    this.english = english;
    this.say = words(english);
    this.desk = desk;
    this.places = places;
    this.camera = new Camera(this.video, (text) => this.fromCamera(text));
    this.video.setAttribute("aria-label", this.say.cameraView);
  }

  async start(): Promise<void> {
    const kept = localStorage.getItem(PLACE);
    this.desk.place = this.places.find((one) => one.code === kept) ?? (this.places.length === 1 ? this.places[0]! : null);
    this.stage.replaceChildren(this.notes, this.choice(), el("div", { class: "scan__grid" }, el("div", { class: "stack" }, this.form(), this.video), this.verdict), this.bar);
    window.addEventListener("online", () => void this.tend());
    window.addEventListener("offline", () => { this.desk.net = "offline"; this.draw(); });
    window.setInterval(() => void this.tend(), TEND);
    this.draw();
    this.box.focus();
    await this.tend();
  }

  /** Fetch lists and send what waits, when there is a network. */
  private async tend(): Promise<void> {
    await this.desk.refresh();
    if (this.desk.net !== "offline") await this.desk.send();
    this.draw();
  }

  // -- parts of the page -------------------------------------------------------------------------
  private choice(): HTMLElement {
    const select = el("select", { id: "scan-place" }, this.places.length === 1 ? null : el("option", { value: "" }, this.say.choosePlace),
      ...this.places.map((one) => el("option", { value: one.code, selected: one.code === this.desk.place?.code, lang: "zh" }, one.name)));
    select.addEventListener("change", () => {
      this.desk.place = this.places.find((one) => one.code === select.value) ?? null;
      localStorage.setItem(PLACE, select.value);
      this.draw();
      this.box.focus();
    });
    return el("div", { class: "field" }, el("label", { class: "field__label", for: "scan-place" }, this.say.place), select);
  }

  private form(): HTMLElement {
    const form = el("form", { class: "stack", novalidate: true },
      el("div", { class: "field" }, el("label", { class: "field__label", for: "scan-box" }, this.say.box),
        el("p", { class: "field__help", id: "scan-help" }, this.say.boxHelp), this.box),
      el("div", { class: "buttons" }, el("button", { class: "btn" }, this.say.check), this.cameraButton));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = typed(this.box.value);
      this.box.value = "";
      this.box.focus();
      if (text.trim()) void this.check(text);
    });
    return form;
  }

  private draw(): void {
    const { desk, say } = this;
    this.stage.dataset["net"] = desk.net;
    this.stage.dataset["waiting"] = String(desk.waiting);
    this.stage.dataset["blocked"] = desk.blocked ?? "";
    this.cameraButton.textContent = this.camera.on ? say.cameraOff : say.camera;
    this.note();
    const at = desk.bundle ? new Date(desk.bundle.packed.time * 1000).toLocaleTimeString(this.english ? "en-GB" : "zh-CN") : "";
    this.bar.replaceChildren(
      tag(`${desk.waiting} ${say.waiting}`, desk.waiting ? "warn" : ""), at ? el("span", { class: "small muted" }, `${say.listAt} ${at}`) : "",
      desk.waiting ? button(say.sendNow, "btn--quiet", () => void this.tend()) : "");
  }

  private note(): void {
    const { desk, say } = this;
    const found: HTMLElement[] = [];
    if (!this.places.length) found.push(notice(say.noPlace, "warn"));
    else if (desk.blocked === "no place") found.push(notice(say.choosePlace, "info"));
    if (desk.blocked === "no list") found.push(notice(say.noList, "warn"));
    if (desk.blocked === "old list") found.push(notice(say.oldList, "bad"));
    if (desk.net === "offline") found.push(notice(say.offlineDesk, "info"));
    if (desk.net === "out") {
      const back = `${this.config.login ?? "/accounts/login/"}?next=${encodeURIComponent(window.location.pathname)}`;
      found.push(notice(`${say.signedOutDesk} `, "warn", el("a", { href: back }, say.signIn)));
    }
    if (desk.aside.count) {
      const forget = button(say.asideDrop, "btn--quiet", () => void desk.forgetAside().then(() => this.draw()));
      found.push(notice(`${desk.aside.count} ${say.aside}：${desk.aside.said} `, "bad", forget));
    }
    const key = found.map((one) => one.textContent).join("|");
    if (this.notes.dataset["key"] === key) return;
    this.notes.dataset["key"] = key;
    this.notes.replaceChildren(...found);
  }

  // -- checking ----------------------------------------------------------------------------------
  private async fromCamera(text: string): Promise<void> {
    if (text === this.seen.text && performance.now() - this.seen.at < SAME) {
      this.seen.at = performance.now(); // still held before the camera
      return;
    }
    await this.check(text);
    this.seen = { text, at: performance.now() };
  }

  private async check(text: string): Promise<void> {
    if (this.busy || this.desk.blocked) return this.draw();
    this.busy = true;
    try {
      this.show(await this.desk.check(text));
    } catch {
      this.notes.replaceChildren(notice(this.say.fullDesk, "bad"));
    } finally {
      this.busy = false;
      this.draw();
    }
  }

  private show(finding: Finding): void {
    navigator.vibrate?.(finding.good ? 60 : [120, 80, 120]);
    this.verdict.className = `scan__verdict scan__verdict--${finding.good ? "ok" : "bad"}`;
    this.verdict.dataset["verdict"] = finding.good ? "ok" : finding.reason;
    this.verdict.dataset["count"] = String((this.count += 1));
    const parts: (HTMLElement | string)[] = [
      el("p", { class: "scan__mark", "aria-hidden": "true" }, finding.good ? "✓" : "✕"),
      el("p", { class: "scan__word" }, ...pair(finding.good ? { zh: "有效", en: "Valid" } : { zh: "无效", en: "Not valid" }, this.english)),
    ];
    if (finding.good) parts.push(this.told(finding));
    else parts.push(...both(REASONS[finding.reason], this.english));
    parts.push(el("p", { class: "small" }, new Date(this.desk.clock.now() * 1000).toLocaleTimeString(this.english ? "en-GB" : "zh-CN")));
    this.verdict.replaceChildren(...parts);
  }

  private told({ verdict, scene }: Extract<Finding, { good: true }>): HTMLElement {
    const rights = this.desk.bundle!.told(verdict.facts.entitlements, scene).map((one) => (this.english ? one.name.en : one.name.zh));
    const list = rights.length ? rights.join(this.english ? ", " : "、") : this.say.noRights;
    return el("div", { class: "scan__told" },
      el("p", {}, `${this.say.level} ${verdict.facts.level}`), el("p", {}, `${this.say.rights}${this.english ? ": " : "："}${list}`),
      verdict.printed ? el("p", {}, this.say.printed) : null);
  }

  private async toggleCamera(): Promise<void> {
    if (this.camera.on) this.camera.stop();
    else {
      try {
        await this.camera.start();
      } catch {
        this.camera.stop();
        this.notes.replaceChildren(notice(this.say.cameraNone, "warn"));
        delete this.notes.dataset["key"];
      }
    }
    this.video.hidden = !this.camera.on;
    this.cameraButton.textContent = this.camera.on ? this.say.cameraOff : this.say.camera;
  }
}

/** What a hand scanner meant to type: through a Chinese input method or with Caps Lock on, letters come out changed. */
export function typed(text: string): string {
  const plain = text.replace(/[\r\n\t]+/g, "").replace(/。/g, ".").replace(/、/g, "/").normalize("NFKC").replace(/¥/g, "$");
  return /^qc1:/.test(plain) ? plain.toUpperCase() : plain; // never trimmed: a space may be the last letter of a code
}

/** A word in both languages, the reader's first. */
function pair(text: Text, english: boolean): (HTMLElement | string)[] {
  const zh = el("span", { lang: "zh-Hans" }, text.zh), en = el("span", { lang: "en" }, text.en);
  return english ? [en, " ", zh] : [zh, " ", en];
}

/** A reason in both languages, the reader's first: the person at the counter may read the other. */
function both(text: Text, english: boolean): HTMLElement[] {
  const zh = el("p", { class: "scan__why", lang: "zh-Hans" }, text.zh), en = el("p", { class: "scan__why", lang: "en" }, text.en);
  return english ? [en, zh] : [zh, en];
}

export async function mount({ root, stage, config, english }: Island<Config>): Promise<void> {
  stage.classList.remove("island__stage");
  stage.classList.add("scan", "stack");
  const told = { ...config, ...(root.dataset as Partial<Record<"bundle" | "upload" | "login", string>>) };
  if ("serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register(config.worker ?? "/sw.js").catch(() => undefined);
  try {
    if (!crypto.subtle) throw new Error("no WebCrypto");
    const shelf = await Shelf.open("quancheng-code-desk");
    if (told.verifiers?.length) await shelf.put("places", told.verifiers);
    const places = told.verifiers?.length ? told.verifiers : (await shelf.get<Place[]>("places")) ?? [];
    await new ScanPage(stage, told, english, await Desk.open(shelf, told), places).start();
  } catch {
    stage.replaceChildren(notice(words(english).failedDesk, "bad"));
  }
}
