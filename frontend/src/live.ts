// One stream a page: refreshes [data-live="topic"] elements and tells the page what happened.
// An element with data-live-url is fetched again by htmx; others only hear the event "live:topic".
export interface LiveMessage {
  topic: string;
  type: string;
  subject: string;
  time: string;
}

let source: EventSource | undefined;
let topics = "";
let lastId = "";
let retry = 0;
let timer: number | undefined;
const pending = new Set<string>();

function wanted(): string {
  const names = new Set<string>();
  document.querySelectorAll<HTMLElement>("[data-live]").forEach((element) => {
    for (const name of (element.dataset["live"] ?? "").split(/\s+/)) if (name) names.add(name);
  });
  return [...names].sort().join(",");
}

function show(state: "open" | "lost" | "paused"): void {
  document.documentElement.dataset["stream"] = state;
  document.querySelectorAll<HTMLElement>("[data-live-state]").forEach((element) => { element.dataset["state"] = state; });
}

function refresh(topic: string): void {
  pending.delete(topic);
  document.querySelectorAll<HTMLElement>(`[data-live~="${CSS.escape(topic)}"][data-live-url]`).forEach((element) => {
    // its own source: requests of one source share a queue, and what exceeds the queue is dropped
    void window.htmx.ajax("GET", element.dataset["liveUrl"]!, { source: element, target: element, swap: "outerMorph", select: `#${CSS.escape(element.id)}` });
  });
}

function heard(event: MessageEvent<string>): void {
  lastId = event.lastEventId || lastId;
  const message = JSON.parse(event.data) as LiveMessage;
  document.dispatchEvent(new CustomEvent(`live:${message.topic}`, { detail: message }));
  document.dispatchEvent(new CustomEvent("live", { detail: message }));
  if (pending.has(message.topic)) return; // many events in one moment refresh once
  pending.add(message.topic);
  window.setTimeout(() => refresh(message.topic), 400);
}

function stop(): void {
  window.clearTimeout(timer);
  source?.close();
  source = undefined;
}

function open(): void {
  stop();
  if (!topics || document.hidden) return;
  const address = new URL("/live/", location.origin);
  address.searchParams.set("topics", topics);
  if (lastId) address.searchParams.set("after", lastId);
  source = new EventSource(address);
  source.onopen = () => { retry = 0; show("open"); };
  source.onmessage = heard;
  source.onerror = () => {
    stop();
    show("lost");
    retry = Math.min(retry + 1, 6);
    timer = window.setTimeout(open, 1000 * 2 ** retry * (0.7 + 0.6 * Math.random()));
  };
}

function visibility(): void {
  if (document.hidden) { stop(); show("paused"); } else open();
}

export function startLive(): void {
  const now = wanted();
  if (now === topics && source) return;
  if (!topics) {
    document.addEventListener("visibilitychange", visibility);
    window.addEventListener("pagehide", stop);
  }
  topics = now;
  open();
}
