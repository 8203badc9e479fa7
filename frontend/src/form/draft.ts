// A copy of what is entered, kept on this device until the server has it. Without a network the form
// is sent as a draft when the network is back. Files are not copied; signatures and numbers of
// identity documents are not either.
import type { Config } from "./rules";

const PREFIX = "quancheng.form.";
const DAYS = 14;
interface Copy { at: number; base: number; waiting: boolean; values: [string, string][] }
const english = document.documentElement.lang === "en";
const say = {
  restored: english ? "Answers kept on this device were put back." : "已恢复保存在本机、尚未发送的内容。",
  offline: english
    ? "No network. Your answers are kept on this device and will be sent as a draft when it is back."
    : "没有网络。填写的内容已保存在本机，联网后会自动存为草稿，不会丢失。",
  sent: english ? "Back online: your answers were saved as a draft. Continue when you are ready." : "已联网，刚才的内容已存为草稿，请继续。",
  forget: english ? "Discard them" : "不用恢复",
};

function secret(name: string): boolean {
  return name === "csrfmiddlewaretoken" || name === "idempotency_key" || name.endsWith(".drawn")
    || name.endsWith(".typed") || name.endsWith("id_number") || name === "page";
}

function values(form: HTMLFormElement): [string, string][] {
  return [...new FormData(form).entries()].filter((pair): pair is [string, string] =>
    typeof pair[1] === "string" && !secret(pair[0]));
}

function read(key: string): Copy | null {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "null") as Copy | null;
    return found && Date.now() - found.at < DAYS * 86_400_000 ? found : null;
  } catch {
    return null;
  }
}

export class LocalDraft {
  private key: string;
  private form: HTMLFormElement;
  private config: Config;
  private timer = 0;
  private pristine: string;

  constructor(form: HTMLFormElement, config: Config) {
    this.form = form;
    this.config = config;
    this.key = PREFIX + config.store;
    this.pristine = JSON.stringify(values(form));
  }

  start(changed: () => void): void {
    const copy = read(this.key);
    // The server answered after the copy was made: it has everything the copy had.
    if (copy && (copy.base !== this.config.saved || this.config.refused)) this.forget();
    else if (copy && JSON.stringify(copy.values) !== this.pristine) this.restore(copy, changed);
    const later = (): void => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.keep(false), 300);
    };
    this.form.addEventListener("input", later);
    this.form.addEventListener("change", later);
    window.addEventListener("pagehide", () => { if (this.timer) this.keep(false); });
    this.form.addEventListener("submit", (event) => {
      window.clearTimeout(this.timer);
      this.keep(!navigator.onLine);
      if (navigator.onLine) return;
      event.preventDefault();
      this.tell(say.offline, "warn");
    });
    window.addEventListener("online", () => void this.send());
    if (copy?.waiting && navigator.onLine) void this.send();
  }

  keep(waiting: boolean): void {
    const found = values(this.form);
    this.timer = 0;
    if (!waiting && JSON.stringify(found) === this.pristine) return;
    const copy: Copy = { at: Date.now(), base: this.config.saved, waiting: waiting || (read(this.key)?.waiting ?? false), values: found };
    try {
      localStorage.setItem(this.key, JSON.stringify(copy));
    } catch {
      // Storage is full or forbidden: the page itself still holds everything.
    }
  }

  private forget(): void {
    localStorage.removeItem(this.key);
  }

  /** Put the copy back: items of repeating groups first, then every control. */
  private restore(copy: Copy, changed: () => void): void {
    const names = new Set(copy.values.map(([name]) => name));
    for (const group of this.form.querySelectorAll<HTMLElement>("[data-repeat]")) {
      const start = `${group.dataset["repeat"] ?? ""}.`;
      const wanted = new Set([...names].filter((name) => name.startsWith(start)).map((name) => name.slice(start.length).split(".")[0]));
      const add = group.querySelector<HTMLButtonElement>("button[name=add]");
      let there = group.querySelectorAll(":scope > [data-items] > [data-item]").length;
      for (; there < wanted.size && add && !add.disabled; there += 1) add.click();
    }
    for (const control of this.form.elements) {
      if (!(control instanceof HTMLInputElement || control instanceof HTMLSelectElement || control instanceof HTMLTextAreaElement)) continue;
      if (!control.name || secret(control.name) || ["hidden", "file", "submit"].includes(control.type)) continue;
      const given = copy.values.filter(([name]) => name === control.name).map(([, value]) => value);
      if (control instanceof HTMLInputElement && (control.type === "checkbox" || control.type === "radio")) {
        control.checked = given.includes(control.value);
      } else {
        control.value = given[given.length - 1] ?? "";
      }
    }
    const notice = this.tell(say.restored, "info");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn--quiet";
    button.textContent = say.forget;
    button.addEventListener("click", () => {
      this.forget();
      window.location.reload();
    });
    notice.append(" ", button);
    changed();
  }

  /** Send what waited as a draft; the person goes on from there. */
  private async send(): Promise<void> {
    const copy = read(this.key);
    if (!copy?.waiting) return;
    const body = new FormData(this.form);
    if (this.form.querySelector("[name=page]")) body.set("save", "1");
    else return; // a correction is sent by the person, never by itself
    try {
      const answer = await fetch(window.location.href, { method: "POST", body, credentials: "same-origin", redirect: "follow" });
      if (!answer.ok || new URL(answer.url).pathname.includes("sign-in")) return;
      this.forget();
      this.pristine = JSON.stringify(values(this.form));
      this.tell(say.sent, "ok");
    } catch {
      // Still no network: the next "online" tries again.
    }
  }

  private tell(text: string, kind: string): HTMLElement {
    let notice = document.querySelector<HTMLElement>("[data-form-notice]");
    if (!notice) {
      notice = document.createElement("div");
      notice.dataset["formNotice"] = "";
      notice.setAttribute("role", "status");
      this.form.before(notice);
    }
    notice.className = `notice notice--${kind}`;
    notice.textContent = text;
    return notice;
  }
}
