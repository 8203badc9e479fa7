// Live conversation. Without it every step is a form; with it what is said appears at once.
// What is typed is kept here until the city has acknowledged it, and sent again after a broken line.
const talk = document.getElementById("talk");
const form = document.getElementById("guide-ask");
const line = document.getElementById("guide-line");
const english = document.documentElement.lang === "en";
const words = english
  ? { lost: "Connection lost, trying again…", open: "" }
  : { lost: "连接断开，正在重连……", open: "" };
const kept = `guide.unsent.${talk?.dataset.socket ?? ""}`;
let socket, retry = 0, timer, beat, typed = 0, typingTimer;
let through = Number(talk?.dataset.through ?? 0);
const unsent = new Map(load());

function load() {
  try { return JSON.parse(sessionStorage.getItem(kept) ?? "[]"); } catch { return []; }
}
function store() {
  try { sessionStorage.setItem(kept, JSON.stringify([...unsent])); } catch { /* storage is full or forbidden */ }
}
function tell(text) {
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
}
function atEnd() { return talk.scrollHeight - talk.scrollTop - talk.clientHeight < 120; }
function toEnd() { talk.scrollTop = talk.scrollHeight; talk.lastElementChild?.scrollIntoView({ block: "nearest" }); }

function waiting(id, text) {
  const item = document.createElement("li");
  item.className = "say say--own say--waits";
  item.dataset.client = id;
  const body = document.createElement("div");
  body.className = "say__body";
  const said = document.createElement("p");
  said.className = "say__text";
  said.lang = "zh";
  said.textContent = text;
  body.append(said);
  item.append(body);
  talk.append(item);
}

function token() { return form?.querySelector("[name=csrfmiddlewaretoken]")?.value ?? ""; }

function add(item) {
  if (talk.querySelector(`[data-sequence="${item.sequence}"]`)) return; // said twice, shown once
  if (item.id) talk.querySelector(`.say--waits[data-client="${CSS.escape(item.id)}"]`)?.remove();
  const last = talk.querySelector(".say--waits");
  if (last) last.insertAdjacentHTML("beforebegin", item.html); else talk.insertAdjacentHTML("beforeend", item.html);
  for (const inner of talk.querySelectorAll(`[data-sequence="${item.sequence}"] form`)) {
    if (inner.querySelector("[name=csrfmiddlewaretoken]")) continue;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "csrfmiddlewaretoken", value: token() });
    inner.append(field);
  }
}

function heard(frame) {
  switch (frame.t) {
    case "messages": {
      const follow = atEnd();
      frame.items.forEach(add);
      through = Math.max(through, frame.through);
      const state = document.getElementById("guide-state");
      if (state && state.textContent !== frame.state_text) state.textContent = frame.state_text;
      if (frame.state !== talk.dataset.state) moved(frame.state);
      if (follow && frame.items.length) toEnd();
      break;
    }
    case "ack":
      unsent.delete(frame.id);
      store();
      break;
    case "error":
      if (frame.id) {
        const field = form?.querySelector("textarea");
        if (field && !field.value) field.value = unsent.get(frame.id) ?? ""; // nothing typed is lost
        unsent.delete(frame.id);
        store();
        talk.querySelector(`.say--waits[data-client="${CSS.escape(frame.id)}"]`)?.remove();
      }
      tell(frame.text);
      break;
    case "typing": {
      const hint = document.getElementById("guide-typing");
      hint.hidden = false;
      clearTimeout(typingTimer);
      typingTimer = setTimeout(() => { hint.hidden = true; }, 3000);
      break;
    }
    case "gone":
      location.assign("/work/guide/");
      break;
  }
}

function moved(state) {
  talk.dataset.state = state;
  const ask = document.querySelector(".guide-more form[action$='/person/']");
  if (ask) ask.hidden = state !== "bot";
  if (state !== "closed") return;
  setTimeout(() => { // the end brings the rating; never while something is typed or unsent
    if (!unsent.size && !form?.querySelector("textarea")?.value) location.reload();
  }, 600);
}

function send(frame) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function open() {
  clearTimeout(timer);
  const address = new URL(talk.dataset.socket, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(address);
  socket.onopen = () => {
    retry = 0;
    tell(words.open);
    document.documentElement.dataset.guide = "open";
    send({ t: "hello", after: through });
    for (const [id, text] of unsent) send({ t: "say", id, text });
    clearInterval(beat);
    beat = setInterval(() => send({ t: "ping" }), 25000);
  };
  socket.onmessage = (event) => heard(JSON.parse(event.data));
  socket.onclose = () => {
    clearInterval(beat);
    document.documentElement.dataset.guide = "lost";
    if (document.hidden) return;
    tell(words.lost);
    retry = Math.min(retry + 1, 5);
    timer = setTimeout(open, 500 * 2 ** retry * (0.7 + 0.6 * Math.random()));
  };
}

if (talk && form) {
  const field = form.querySelector("textarea");
  form.addEventListener("submit", (event) => {
    const text = field.value.trim();
    if (!text || (socket?.readyState !== WebSocket.OPEN && !unsent.size && retry > 3)) return; // the form itself goes
    event.preventDefault();
    const id = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;
    unsent.set(id, text);
    store();
    waiting(id, text);
    toEnd();
    field.value = "";
    if (!send({ t: "say", id, text })) tell(words.lost);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
  field.addEventListener("input", () => {
    if (Date.now() - typed > 2000) { typed = Date.now(); send({ t: "typing" }); }
  });
  for (const [id, text] of unsent) waiting(id, text);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && socket?.readyState !== WebSocket.OPEN) open();
  });
  toEnd();
  open();
}
