// Drafts of this phone: what waits for a network is kept in IndexedDB with its photos and sent exactly once, by the key
// made with it. A page loads this as a module, the service worker by importScripts: so it is both, and exports nothing.
{
  const WAITING = "waiting";
  const SENT = "sent";
  const REFUSED = "refused";
  // A draft may be sent for so long after it was made; the server knows its key for longer (DRAFT_LIFE).
  const LIFE = 14 * 86400e3;
  const GIVE_UP = 120e3;

  const asked = (request) =>
    new Promise((done, fail) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
    });

  // One that failed or was closed is opened anew by whoever asks next.
  let opened;
  const forget = () => (opened = undefined);
  const database = () => {
    if (opened) return opened;
    opened = new Promise((done, fail) => {
      const request = indexedDB.open("langnghe", 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("drafts", { keyPath: "id" });
        request.result.createObjectStore("told");
      };
      request.onsuccess = () => {
        request.result.onclose = forget;
        done(request.result);
      };
      request.onerror = () => fail(request.error);
    });
    opened.catch(forget);
    return opened;
  };

  const inStore = async (name, mode, act) => {
    const transaction = (await database()).transaction(name, mode);
    const found = await asked(act(transaction.objectStore(name)));
    if (mode === "readonly") return found;
    await new Promise((done, fail) => {
      transaction.oncomplete = done;
      transaction.onerror = transaction.onabort = () => fail(transaction.error);
    });
    return found;
  };

  const put = (draft) => inStore("drafts", "readwrite", (store) => store.put(draft));
  const get = (id) => inStore("drafts", "readonly", (store) => store.get(id));
  const remove = (id) => inStore("drafts", "readwrite", (store) => store.delete(id));

  // The draft that is being written is no message yet, and what is too old is nobody's any more.
  const all = async () => {
    const found = await inStore("drafts", "readonly", (store) => store.getAll());
    const old = found.filter((draft) => Date.now() - draft.made > LIFE);
    for (const draft of old) await remove(draft.id);
    return found.filter((draft) => draft.state && !old.includes(draft));
  };

  const language = () => inStore("told", "readonly", (store) => store.get("language")).catch(() => undefined);
  const speak = (to) => inStore("told", "readwrite", (store) => store.put(to, "language"));

  // Returns {state, answer} or {state: REFUSED, problems}, of which there may be none. Whatever is not an answer leaves
  // the draft waiting.
  const send = async (draft) => {
    const body = new FormData();
    for (const [name, value] of draft.fields) body.append(name, value);
    for (const { name, type, bytes } of draft.photos) body.append("photos", new Blob([bytes], { type }), name);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), GIVE_UP);
    try {
      const response = await fetch(draft.to, {
        method: "POST",
        body,
        credentials: "omit",
        headers: { "Idempotency-Key": draft.id },
        signal: patience.signal,
      });
      if (response.status === 413) return { state: REFUSED, problems: [] }; // a proxy may say so in words of its own
      const answer = await response.json();
      if (response.ok) {
        // whoever sends last writes the same: the code stays until its page was seen, the words go at once; where nothing
        // can be kept it is filed all the same, and whoever looks gets the code
        await put({ id: draft.id, made: draft.made, state: SENT, answer }).catch(() => {});
        return { state: SENT, answer };
      }
      const refused = response.status >= 400 && response.status < 500 && ![408, 425, 429].includes(response.status);
      return refused ? { state: REFUSED, problems: answer.errors ?? [] } : { state: WAITING };
    } catch {
      return { state: WAITING };
    } finally {
      clearTimeout(timer);
    }
  };

  // A draft that was refused is for its writer to mend: it stays, and says why.
  const sendAll = async () => {
    for (const draft of await all()) {
      if (draft.state !== WAITING) continue;
      const { state, problems } = await send(draft);
      if (state === REFUSED) await put({ ...draft, state, problems });
    }
  };

  // Of several pages and the worker one sends at a time; the key makes it safe where locks are not to be had.
  const alone = async (act) => {
    let begun = false;
    const begin = () => {
      begun = true;
      return act();
    };
    try {
      return await self.navigator.locks.request("langnghe-drafts", begin);
    } catch (error) {
      if (begun) throw error;
      return act();
    }
  };

  self.drafts = {
    put,
    get,
    remove,
    all,
    language,
    speak,
    send: (draft) => alone(() => send(draft)),
    sendAll: () => alone(sendAll),
    WAITING,
    SENT,
    REFUSED,
    LIFE,
  };
}
