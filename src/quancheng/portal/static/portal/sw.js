// Keeps the offline pages and what they load. Nothing personal is stored here: pages are fetched as nobody.
// FILES, SHELLS (addresses that begin so → the page shown without a network) and QUICK are written above this file.
const KEPT = ["/offline/", ...Object.values(SHELLS)];
const CACHE = "quancheng-" + [...FILES, ...KEPT].join("|").split("").reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) | 0, 7);
const HURRY = 8000; // milliseconds a page of the field may take before the kept one is shown
const HURRY_QUICK = 1000; // … where the kept page is as good: QUICK

self.addEventListener("install", (event) => {
  const pages = KEPT.map((page) => new Request(page, { credentials: "omit" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...pages, ...FILES])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("quancheng-") && name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});
function shellOf(path) {
  const prefix = Object.keys(SHELLS).find((one) => path.startsWith(one));
  return prefix ? SHELLS[prefix] : null;
}
function inTime(request, path) {
  const patience = QUICK.includes(path) ? HURRY_QUICK : HURRY;
  return Promise.race([fetch(request), new Promise((_, late) => setTimeout(() => late(new Error("late")), patience))]);
}
self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET") return;
  const path = new URL(request.url).pathname;
  if (request.mode === "navigate") {
    const shell = shellOf(path);
    event.respondWith((shell ? inTime(request, path) : fetch(request)).catch(() => caches.match(shell ?? "/offline/")));
  } else if (FILES.includes(path)) {
    event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
  }
});
