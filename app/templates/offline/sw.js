// What a phone keeps of the hotline: the empty form with what it is made of, and a page that says "no network".
// Nothing else is ever kept: no page of a report, of staff, nor any answer. See app/offline/views.py.
const CACHE = "langnghe-{{ version }}";
const ASSETS = {{ assets|tojson }};
const SHELLS = {{ shells|tojson }};
const AWAY = {{ away|tojson }};
// After so many milliseconds on a slow network the kept form is better than a white page.
const PATIENCE = 5000;

importScripts({{ drafts|tojson }});

const kept = async (address) => (await caches.open(CACHE)).match(address);
const spoken = async () => ((await self.drafts.language()) in SHELLS ? self.drafts.language() : "vi");
const inLanguage = async (pages) => kept(pages[await spoken()]);

// Asked for as nobody, and in the one language that is read here: the other one follows who changes to it.
const keepPages = async (cache) => {
  const language = await spoken();
  for (const address of [SHELLS[language], AWAY[language]]) {
    if (!(await cache.match(address))) await cache.add(new Request(address, { credentials: "omit", cache: "no-store" }));
  }
};

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await Promise.all([cache.addAll(ASSETS), keepPages(cache)]);
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const drop = async () => {
    for (const name of await caches.keys()) if (name.startsWith("langnghe-") && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

const late = () => new Promise((_, fail) => setTimeout(fail, PATIENCE, new Error("slow")));

const form = async (request) => {
  const coming = fetch(request);
  coming.catch(() => {});
  try {
    return await Promise.race([coming, late()]);
  } catch {
    return (await inLanguage(SHELLS)) || coming;
  }
};

const page = async (request) => {
  try {
    return await fetch(request);
  } catch (error) {
    const away = await inLanguage(AWAY);
    if (!away) throw error;
    return away;
  }
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(pathname === "/" ? form(request) : page(request));
    if (pathname === "/") event.waitUntil(caches.open(CACHE).then(keepPages).catch(() => {}));
  } else if (ASSETS.includes(pathname + search)) {
    event.respondWith(kept(pathname + search).then((found) => found || fetch(request)));
  }
});

// Where the browser offers it, drafts are sent when the network is back, though the page is closed.
self.addEventListener("sync", (event) => {
  if (event.tag === "drafts") event.waitUntil(self.drafts.sendAll());
});
