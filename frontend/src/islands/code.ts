// The citizen code on a phone: drawn here, by a key that cannot leave this browser, with or without a network.
// config: src/qc1/README.md. The same script runs on the city's page and on the one kept on the device.
import { Ring, drawQr } from "../code/qr";
import { type Held, Wallet, deviceLabel } from "../code/wallet";
import { type Words, words } from "../code/words";
import type { Island } from "../island";
import { button, el, notice } from "../ledger/dom";

interface Config {
  enrol: string; batch: string; bundle: string; scenes: { code: string; name: string }[]; skew_seconds?: number;
  worker?: string; login?: string; phones?: string; settings?: string; card?: string;
}
const RENEWED = 10; // seconds; three within a step of the format
const LAST = "quancheng.code.scene";
const RETRY = 60_000; // milliseconds between tries without a network
const LATER = 600_000; // … while somebody has to sign in first

class CodePage {
  private stage: HTMLElement;
  private config: Config;
  private say: Words;
  private english: boolean;
  private wallet: Wallet;
  private scene: string;
  private drawn = "";
  private busy = false;
  private next = 0;
  private lock: WakeLockSentinel | null = null;
  private live = el("div", { class: "code__said stack", "aria-live": "polite" });
  private card = el("div", { class: "code__card" });
  private foot = el("p", { class: "code__foot small muted" });
  private full = el("dialog", { class: "code-full" });
  private ring = new Ring();
  private fullRing = new Ring();
  private count = el("span", { class: "code__left" });
  private fullCount = el("span", { class: "code__left" });

  constructor(stage: HTMLElement, config: Config, english: boolean, wallet: Wallet) {
    this.stage = stage;
    this.config = config;
    this.english = english;
    this.say = words(english);
    this.wallet = wallet;
    this.scene = localStorage.getItem(LAST) ?? config.scenes[0]?.code ?? "";
  }

  async start(): Promise<void> {
    this.full.addEventListener("close", () => this.leaveFull());
    window.addEventListener("online", () => void this.meet(true));
    window.addEventListener("offline", () => { this.wallet.net = "offline"; void this.draw(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { void this.tick(); void this.meet(); } });
    window.setInterval(() => void this.tick(), 1000);
    window.setInterval(() => void this.meet(), RETRY);
    await this.draw();
    await this.meet();
  }

  /** Renew when it is time to, when there is a network. */
  private async meet(asked = false): Promise<void> {
    const { standing } = this.wallet;
    if (this.busy || document.hidden || (standing !== "bound" && standing !== "other")) return;
    if (!asked && (this.wallet.net === "online" ? !this.wallet.due : Date.now() < this.next)) return;
    this.next = Date.now() + (this.wallet.net === "out" || standing === "other" ? LATER : RETRY);
    this.busy = true;
    await this.wallet.renew();
    this.busy = false;
    this.drawn = "";
    await this.draw();
  }

  private async bind(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    await this.wallet.bind(deviceLabel(navigator.userAgent));
    this.busy = false;
    await this.draw();
    this.stage.querySelector<HTMLElement>(".code__show, .code__bind")?.focus();
  }

  // -- what is on the page -----------------------------------------------------------------------
  private async draw(): Promise<void> {
    const { standing } = this.wallet;
    if (!this.stage.contains(this.live)) {
      this.stage.replaceChildren(this.live, this.card, this.picker(), this.foot);
      this.stage.after(this.full);
    }
    this.stage.dataset["standing"] = standing;
    this.stage.dataset["net"] = this.wallet.net;
    this.tell();
    const bound = standing === "bound";
    for (const part of this.stage.querySelectorAll<HTMLElement>(".code__scenes, .code__foot")) part.hidden = !bound;
    if (bound) {
      this.markScenes();
      await this.tick();
      this.footer();
      return;
    }
    this.drawn = "";
    const label = standing === "new" ? this.say.bind : this.say.bindAgain;
    const bind = button(label, "btn--block code__bind", () => void this.bind());
    this.card.replaceChildren(el("p", {}, this.say.bindLead), bind);
  }

  /** What somebody should know now. Replaced only when it changes, so that it is read out once. */
  private tell(): void {
    const said = this.messages();
    const key = said.map((one) => one.textContent).join("|");
    if (this.live.dataset["key"] === key) return;
    this.live.dataset["key"] = key;
    this.live.replaceChildren(...said);
  }

  private messages(): HTMLElement[] {
    const { standing, net, said } = this.wallet;
    const found: HTMLElement[] = [];
    const signIn = el("a", { href: `${this.config.login ?? "/accounts/login/"}?next=${encodeURIComponent(window.location.pathname)}` }, this.say.signIn);
    if (said) found.push(notice(this.say.refused + said, "bad"));
    if (standing === "stopped") found.push(notice(this.say.stopped, "bad"));
    if (standing === "other") found.push(notice(this.say.other, "warn"));
    if (net === "out") found.push(notice(`${standing === "bound" ? this.say.signedOut : this.say.signInFirst} `, "warn", signIn));
    if (net === "offline" && standing === "bound") found.push(notice(this.say.offline, "info"));
    if (net === "offline" && standing !== "bound" && (this.wallet.tried || !navigator.onLine)) found.push(notice(this.say.needNet, "warn"));
    const off = Math.round(this.wallet.clock.offset / 1000);
    if (Math.abs(off) > (this.config.skew_seconds ?? 60)) {
      const much = Math.abs(off) >= 120 ? `${Math.round(Math.abs(off) / 60)}${this.say.minutes}` : `${Math.abs(off)}${this.say.seconds}`;
      found.push(notice((off < 0 ? this.say.clockFast : this.say.clockSlow) + much + this.say.clockSet, "warn"));
    }
    return found;
  }

  private picker(): HTMLElement {
    const choices = this.config.scenes.map((one) => {
      const input = el("input", { type: "radio", name: "code-scene", value: one.code, checked: one.code === this.scene });
      input.addEventListener("change", () => this.choose(one.code));
      return el("label", { class: "code__choice" }, input, el("span", {}, one.name));
    });
    return el("fieldset", { class: "code__scenes" }, el("legend", {}, this.say.scene), el("div", { class: "code__choices" }, ...choices));
  }

  private choose(scene: string): void {
    this.scene = scene;
    localStorage.setItem(LAST, scene);
    this.drawn = "";
    void this.tick();
    this.footer();
  }

  /** Scenes of which nothing is held say so; they can be chosen to learn why. */
  private markScenes(): void {
    const held = this.wallet.scenes;
    if (!held.has(this.scene) && held.size && !localStorage.getItem(LAST)) this.scene = this.config.scenes.find((one) => held.has(one.code))?.code ?? this.scene;
    for (const label of this.stage.querySelectorAll<HTMLElement>(".code__choice")) {
      const input = label.querySelector("input");
      const text = label.querySelector("span");
      const found = this.config.scenes.find((one) => one.code === input?.value);
      if (!input || !text || !found) continue;
      input.checked = found.code === this.scene;
      text.textContent = held.has(found.code) ? found.name : `${found.name}（${this.say.off}）`;
      label.classList.toggle("is-off", !held.has(found.code));
    }
  }

  private footer(): void {
    const held = this.wallet.choose(this.scene);
    const synced = this.wallet.syncedAt ? `${this.say.synced} ${this.when(this.wallet.syncedAt)}` : this.say.never;
    const until = typeof held === "string" ? "" : `${this.say.until} ${this.when(held.expires)} · `;
    const renew = button(this.say.renew, "btn--quiet", () => void this.meet(true));
    this.foot.replaceChildren(`${until}${synced} `, renew);
  }

  private when(at: number): string {
    return new Date(at * 1000).toLocaleString(this.english ? "en-GB" : "zh-CN", { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
  }

  // -- the code ----------------------------------------------------------------------------------
  private get name(): string { return this.config.scenes.find((one) => one.code === this.scene)?.name ?? this.scene; }

  /** Once a second: what is left, and a new code when its time has come. */
  private async tick(): Promise<void> {
    if (this.wallet.standing !== "bound" || document.hidden) return;
    const now = this.wallet.clock.now();
    const left = RENEWED - (now % RENEWED);
    for (const ring of [this.ring, this.fullRing]) ring.set(left / RENEWED);
    for (const count of [this.count, this.fullCount]) count.textContent = `${Math.ceil(left)} ${this.say.renewIn}`;
    const turn = `${this.scene} ${Math.floor(now / RENEWED)}`;
    if (turn === this.drawn) return;
    this.drawn = turn;
    const held = this.wallet.choose(this.scene);
    if (typeof held === "string") this.missing(held);
    else await this.show(held);
  }

  private async show(held: Held): Promise<void> {
    const text = await this.wallet.show(held);
    const label = `${this.name}${this.say.code}。${this.say.pointed}`.replace("。", this.english ? ". " : "。");
    const [plain, large] = [drawQr(text, label), drawQr(text, label)];
    const place = this.card.querySelector(".code__show");
    if (place) place.replaceChildren(plain);
    else this.frame(plain);
    this.card.querySelector(".code__show")!.setAttribute("aria-label", `${label} ${this.say.full}`); // what is in a button has no words of its own
    this.card.querySelector(".code__scene")!.replaceChildren(this.name);
    this.full.querySelector(".code-full__code")?.replaceChildren(large);
    this.full.querySelector(".code-full__scene")?.replaceChildren(this.name);
    this.card.dataset["scene"] = held.scene;
  }

  private frame(code: SVGSVGElement): void {
    const show = el("button", { type: "button", class: "code__show" }, code);
    show.addEventListener("click", () => void this.enterFull());
    this.card.replaceChildren(
      el("p", { class: "code__scene" }), show,
      el("p", { class: "code__count", "aria-hidden": "true" }, this.ring.element, this.count),
      el("p", { class: "small muted" }, this.say.pointed),
      button(this.say.full, "btn--block", () => void this.enterFull()));
    this.full.replaceChildren(
      el("p", { class: "code-full__scene" }), el("div", { class: "code-full__code" }),
      el("p", { class: "code__count", "aria-hidden": "true" }, this.fullRing.element, this.fullCount),
      el("p", {}, this.say.bright), button(this.say.close, "", () => this.full.close()));
    this.full.setAttribute("aria-label", this.say.full);
  }

  private missing(why: "expired" | "none"): void {
    if (this.full.open) this.full.close();
    const link = why === "none" ? el("a", { href: this.config.settings ?? "/code/scenes/" }, this.say.sceneOffLink) : null;
    this.card.replaceChildren(el("p", { class: "code__scene" }, this.name), notice(`${why === "none" ? this.say.sceneOff : this.say.expired} `, "warn", link));
    delete this.card.dataset["scene"];
  }

  private async enterFull(): Promise<void> {
    this.drawn = "";
    this.full.showModal();
    await this.tick();
    document.documentElement.requestFullscreen?.().catch(() => undefined);
    this.lock = await navigator.wakeLock?.request("screen").catch(() => null) ?? null;
  }

  private leaveFull(): void {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => undefined);
    void this.lock?.release().catch(() => undefined);
    this.lock = null;
  }
}

export async function mount({ root, stage, config, english }: Island<Config>): Promise<void> {
  stage.classList.remove("island__stage");
  stage.classList.add("code", "stack");
  const told = { ...config, ...(root.dataset as Partial<Record<"enrol" | "batch" | "bundle" | "login", string>>) };
  const say = words(english);
  if ("serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register(config.worker ?? "/sw.js").catch(() => undefined);
  let wallet: Wallet;
  try {
    if (!crypto.subtle) throw new Error("no WebCrypto");
    wallet = await Wallet.open(told);
  } catch {
    stage.replaceChildren(notice(`${say.failed} `, "bad", el("a", { href: config.card ?? "/code/card/" }, say.card)));
    return;
  }
  await new CodePage(stage, told, english, wallet).start();
}
