// What every page loads: htmx, the focus rules of forms, islands on demand, the live stream on demand.
import htmx from "htmx.org";
import { startIslands } from "./island";

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}
window.htmx = htmx;

const words = document.documentElement.lang === "en"
  ? { failed: "That did not work: the network or the server did not answer. Please try again.", close: "Close" }
  : { failed: "没有成功：网络或服务器没有回应，请再试一次。", close: "关闭" };

/** A refused form tells so first: its summary takes the focus. */
function focusSummary(root: ParentNode): void {
  root.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** Links of an error summary go to the control, not only to its place on the page. */
document.addEventListener("click", (event) => {
  const link = (event.target as Element | null)?.closest<HTMLAnchorElement>(".errors a[href^='#']");
  const control = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!control) return;
  event.preventDefault();
  control.scrollIntoView({ block: "center" });
  control.focus();
});

export function toast(text: string, kind: "info" | "bad" = "info"): void {
  const region = document.getElementById("toasts");
  if (!region) return;
  const note = document.createElement("div");
  note.className = `notice notice--${kind}`;
  const body = document.createElement("div");
  body.className = "notice__body";
  body.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn btn--quiet";
  close.textContent = words.close;
  close.addEventListener("click", () => note.remove());
  note.append(body, close);
  region.append(note);
}

async function startLive(root: ParentNode): Promise<void> {
  if (!root.querySelector("[data-live]")) return;
  const { startLive: start } = await import("./live");
  start();
}

function enliven(root: ParentNode): void {
  startIslands(root);
  void startLive(root);
}

document.addEventListener("htmx:after:swap", () => {
  enliven(document);
  focusSummary(document.getElementById("main") ?? document);
});
document.addEventListener("htmx:error", () => toast(words.failed, "bad"));
/** A form answered with a redirect has led to another page: show its address. */
document.addEventListener("htmx:before:swap", (event) => {
  const ctx = (event as CustomEvent).detail?.ctx;
  const raw: Response | undefined = ctx?.response?.raw;
  const form = ctx?.sourceElement instanceof HTMLFormElement && ctx.sourceElement.method === "post";
  if (form && raw?.redirected && new URL(raw.url).origin === location.origin) {
    event.preventDefault();
    location.assign(raw.url);
  }
});

function ready(): void {
  focusSummary(document);
  enliven(document);
  if ("serviceWorker" in navigator && location.protocol === "https:") {
    navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  }
}
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
else ready();
