// The citizen's form at its best: what we understand while they write, photos made small, dictation, position, and
// drafts that outlive a closed tab and a lost network. Without this file the form works all the same.

const form = document.querySelector("#report");
const drafts = globalThis.drafts;
const at = (selector, root = document) => root.querySelector(selector);
const words = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const show = (element, visible) => (element.hidden = !visible);
const english = document.documentElement.lang === "en";
const named = (thing) => (english ? thing.en : thing.vi);
const changed = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

// ---- Photos: shrunk here, so that ten of them are no burden for a slow network, and nothing but pixels leaves.
const SIDE = 2048;
const SMALL = 400 * 1024;
const photos = [];
const picker = form.elements.photos;
form.classList.add("enhanced");
const thumbs = at("#thumbs");

const shrunk = async (file) => {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const brush = canvas.getContext("2d");
    brush.fillStyle = "#fff"; // what is transparent, as the server has it
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
    return blob && (blob.size < file.size || file.size > SMALL) ? blob : file;
  } catch {
    return file; // a kind that this browser cannot draw, such as HEIC: the server can
  }
};

const drawThumbs = () => {
  thumbs.replaceChildren(
    ...photos.map((photo, place) => {
      const item = document.createElement("li");
      const image = document.createElement("img");
      image.src = URL.createObjectURL(new Blob([photo.bytes], { type: photo.type }));
      image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
      image.alt = words(thumbs.dataset.alt, { n: place + 1 });
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words(thumbs.dataset.remove, { n: place + 1 });
      button.addEventListener("click", () => {
        photos.splice(place, 1);
        drawThumbs();
        keepPhotos();
        picker.focus();
      });
      item.append(image, button);
      return item;
    }),
  );
  show(thumbs, photos.length);
};

picker.addEventListener("change", async () => {
  const told = at("#thumbs-error");
  show(told, false);
  const complain = (message, n) => {
    told.textContent = words(message, { n });
    show(told, true);
  };
  const most = Number(form.dataset.photosMax);
  const biggest = Number(form.dataset.photoMb);
  const chosen = [...picker.files];
  for (const file of chosen) {
    if (photos.length >= most) {
      complain(thumbs.dataset.many, most);
      break;
    }
    const blob = await shrunk(file);
    if (blob.size > biggest * 1024 * 1024) {
      complain(thumbs.dataset.big, biggest);
      continue;
    }
    const name = blob === file ? file.name : "anh.jpg";
    photos.push({ name, type: blob.type, bytes: await blob.arrayBuffer() });
    drawThumbs();
  }
  picker.value = ""; // so that more can be added, and the same one again
  keepPhotos();
});

// ---- The draft that is being written: words at hand at once, photos beside them.
const WORDS = "langnghe-draft-report";
const WRITING = "writing"; // the id of its photos
const FIELDS = ["text", "place_text", "latitude", "longitude", "topic", "submission_type"];
const kept = at("#kept");
// What they say that it is must not be chosen unseen.
const unfoldKinds = () => {
  if (form.elements.submission_type.value) at("#kinds").open = true;
};

const stored = () => {
  try {
    const found = JSON.parse(localStorage.getItem(WORDS) || "{}");
    return Date.now() - (found.made ?? Date.now()) > drafts.LIFE ? {} : found;
  } catch {
    return {};
  }
};
const isEmpty = () => !photos.length && FIELDS.every((name) => !form.elements[name].value);
const freshKey = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
// The key is the draft's from its first letter on: whatever becomes of the answer, it is filed once.
let key = stored().key ?? freshKey();
// Unless another tab has filed something else under it: what stands here is a draft of its own then.
const keyAfter = (id, problems) => (problems.some(({ code }) => code === "key_reused") ? freshKey() : id);

// A browser may keep nothing, such as in private: words and photos then live as long as the page.
const dropWords = () => {
  try {
    localStorage.removeItem(WORDS);
  } catch {
    // there are none
  }
};
const dropDraft = (id) => drafts.remove(id).catch(() => {});
const keepWords = () => {
  show(kept, !isEmpty());
  if (isEmpty()) return dropWords();
  const said = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
  try {
    localStorage.setItem(WORDS, JSON.stringify({ ...said, key, made: stored().made ?? Date.now() }));
  } catch {
    show(kept, false);
  }
};
const keepPhotos = () => {
  keepWords();
  return photos.length ? drafts.put({ id: WRITING, made: Date.now(), photos }).catch(() => {}) : dropDraft(WRITING);
};
const wipe = async () => {
  form.reset();
  for (const name of FIELDS) form.elements[name].value = "";
  photos.length = 0;
  changed(form.elements.longitude);
  key = freshKey();
  drawThumbs();
  dropWords();
  show(kept, false);
  await dropDraft(WRITING);
  forget();
};

const restore = async () => {
  const said = stored();
  for (const name of FIELDS) if (said[name] && !form.elements[name].value) form.elements[name].value = said[name];
  const found = await drafts.get(WRITING).catch(() => undefined);
  if (found && Date.now() - found.made < drafts.LIFE) photos.push(...found.photos);
  else if (found) await dropDraft(WRITING);
  drawThumbs();
  keepWords();
  unfoldKinds();
  if (form.elements.latitude.value) told(position.dataset.kept, true);
  if (!isEmpty()) changed(form.elements.text);
};

form.addEventListener("input", keepWords);
at("button", kept).addEventListener("click", async () => {
  await wipe();
  form.elements.text.focus();
});

// ---- Where: the phone's position, the ward in words.
const row = at("#position");
const position = at("[role=status]", row);
const forgetPosition = at("[data-forget]", row);
const told = (message, has) => {
  position.textContent = message;
  show(forgetPosition, has);
};
const pin = (latitude, longitude) => {
  form.elements.latitude.value = latitude;
  form.elements.longitude.value = longitude;
  changed(form.elements.longitude);
};
if (navigator.geolocation) {
  show(row, true);
  at("button", row).addEventListener("click", () => {
    told(position.dataset.waiting, false);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        pin(coords.latitude.toFixed(6), coords.longitude.toFixed(6));
        told(words(position.dataset.found, { m: Math.round(coords.accuracy) }), true);
      },
      () => told(position.dataset.failed, false),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  });
}
forgetPosition.addEventListener("click", () => {
  pin("", "");
  (row.hidden ? form.elements.place_text : at("button", row)).focus();
});
// The map sets and takes away the same position, of which the words above it may say nothing else.
form.addEventListener("input", ({ target }) => {
  if (target.name === "longitude") told("", Boolean(target.value));
});

// ---- Dictation, where the browser can.
const dictation = at("#dictation");
const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;
if (Recognition) {
  const button = at("button", dictation);
  const label = at("span", button);
  const start = label.textContent;
  const status = at("[role=status]", dictation);
  let ear;
  let typed = "";
  let writing = false;
  const over = () => {
    ear = undefined;
    button.setAttribute("aria-pressed", "false");
    label.textContent = start;
    if (status.textContent === status.dataset.said) status.textContent = "";
  };
  // Each result writes the whole field anew, so it listens no longer once somebody else writes there.
  const deafen = () => {
    if (!ear || writing) return;
    ear.onresult = null;
    ear.stop();
  };
  form.elements.text.addEventListener("input", deafen);
  for (const event of ["submit", "reset"]) form.addEventListener(event, deafen);
  show(dictation, true);
  button.addEventListener("click", () => {
    if (ear) return ear.stop();
    ear = new Recognition();
    ear.lang = "vi-VN";
    ear.continuous = ear.interimResults = true;
    typed = form.elements.text.value.trim();
    ear.onresult = ({ results }) => {
      const heard = [...results].map(([best]) => best.transcript.trim()).join(" ");
      writing = true;
      form.elements.text.value = [typed, heard].filter(Boolean).join(" ");
      changed(form.elements.text);
      writing = false;
    };
    ear.onerror = () => (status.textContent = status.dataset.failed);
    ear.onend = over;
    button.setAttribute("aria-pressed", "true");
    label.textContent = button.dataset.stop;
    status.textContent = status.dataset.said;
    ear.start();
  });
}

// ---- What we understand while they write. A look-up that fails is passed over in silence.
const PAUSE = 450;
const LEAST = 8;
const understood = at("#understood");
const guidance = at("#guidance");
const ward = at("#ward");
const known = at("#known");
const choice = at("#topic-choice");
let looking = new AbortController();
let waiting;
let dismissed = ""; // the kind that they said it is not
let lookedAt = ""; // the place whose neighbours were shown last
let shownOnce = false;

const value = (name) => form.elements[name].value.trim();
const pinned = () => (value("latitude") ? { latitude: Number(value("latitude")), longitude: Number(value("longitude")) } : {});

const post = async (address, body) => {
  const response = await fetch(address, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: looking.signal,
  });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};

const chip = (topic, pressed) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.value = topic.slug;
  button.setAttribute("aria-pressed", String(pressed));
  button.textContent = named(topic);
  button.addEventListener("click", () => choose(pressed ? "" : topic.slug));
  return button;
};

let guessed = { topics: [], sure: false };
const drawTopics = () => {
  const chosen = value("topic");
  const lead = at("p", understood);
  const option = chosen && [...choice.options].find((one) => one.value === chosen);
  const listed = option
    ? [{ slug: chosen, vi: option.text, en: option.text }]
    : guessed.topics.slice(0, guessed.sure ? 1 : 3).filter(({ confidence }) => guessed.sure || confidence >= 0.15);
  lead.textContent = option ? lead.dataset.chosen : guessed.sure ? lead.dataset.sure : lead.dataset.unsure;
  const guesses = at("#guesses");
  const pressed = guesses.contains(document.activeElement) ? document.activeElement.value : undefined;
  guesses.replaceChildren(...listed.map((topic) => chip(topic, Boolean(option))));
  choice.value = chosen;
  show(understood, listed.length);
  if (pressed === undefined) return;
  const same = [...guesses.children].find((one) => one.value === pressed);
  (same ?? guesses.firstElementChild ?? form.elements.text).focus();
};
const choose = (slug) => {
  form.elements.topic.value = slug;
  keepWords();
  drawTopics();
  look();
};
at("[data-choose]").addEventListener("click", ({ currentTarget }) => {
  const box = at("#all-topics");
  show(box, box.hidden);
  currentTarget.setAttribute("aria-expanded", String(!box.hidden));
  if (!box.hidden) choice.focus();
});
choice.addEventListener("change", () => choose(choice.value));

const drawGuidance = ({ guidance: advice, submission_type: kind, submission_type_words: name }) => {
  const says = form.elements.submission_type.value;
  const wanted = Boolean(advice) && kind !== dismissed && !says;
  show(guidance, wanted);
  if (!wanted) return;
  at("[data-kind]", guidance).textContent = name;
  at("[data-words]", guidance).textContent = advice;
  const yes = at("[data-yes]", guidance);
  yes.textContent = words(yes.dataset.yes, { kind: name.toLowerCase() });
  yes.onclick = () => {
    at(`#type-${kind}`).click(); // as if by hand: it is kept, and what is known near by goes
    unfoldKinds();
    show(guidance, false);
    at(`#type-${kind}`).focus();
  };
  at("[data-no]", guidance).onclick = () => {
    dismissed = kind;
    show(guidance, false);
    form.elements.text.focus();
  };
};

const drawWard = ({ wards, place_sure: sure }) => {
  const names = wards.map(({ name }) => name);
  const last = names.pop();
  const several = names.length ? `${names.join(", ")} ${ward.dataset.or} ${last}` : last;
  if (last) ward.textContent = sure ? words(ward.dataset.sure, { ward: last }) : words(ward.dataset.unsure, { wards: several });
  show(ward, last);
};

// A day of the city's, wherever the phone is; the English of people who write the day first.
const DAY = { weekday: "long", day: "numeric", month: "numeric", timeZone: "Asia/Ho_Chi_Minh" };
const day = (iso) => new Date(iso).toLocaleDateString(english ? "en-GB" : "vi", DAY);

const drawKnown = (incidents) => {
  const mine = value("topic");
  const about = new Set(mine ? [mine] : guessed.topics.map(({ slug }) => slug));
  const fitting = incidents.filter(({ topic }) => about.has(topic.id)).slice(0, 3);
  const joined = value("incident");
  if (joined && !fitting.some(({ incident }) => incident === joined)) form.elements.incident.value = "";
  at("ul", known).replaceChildren(...fitting.map(neighbour));
  show(known, fitting.length);
  if (fitting.length) shownOnce = true;
  return fitting.length;
};

const neighbour = (one) => {
  const item = document.createElement("li");
  const title = document.createElement("b");
  title.textContent = words(known.dataset.people, { n: one.reports, topic: named(one.topic).toLowerCase() });
  const where = document.createElement("p");
  where.className = "small muted";
  const since = words(known.dataset.since, { day: day(one.since) });
  where.textContent = [one.street, one.ward].filter(Boolean).join(", ") || known.dataset.near;
  where.textContent += ` · ${since}`;
  const button = document.createElement("button");
  button.type = "button";
  const draw = () => {
    const joins = value("incident") === one.incident;
    button.textContent = joins ? known.dataset.apart : known.dataset.join;
    button.setAttribute("aria-pressed", String(joins));
  };
  button.addEventListener("click", () => {
    const joins = value("incident") === one.incident;
    form.elements.incident.value = joins ? "" : one.incident;
    for (const other of known.querySelectorAll("button")) other.dispatchEvent(new Event("draw"));
    at("p[role=status]", known).textContent = joins ? "" : known.dataset.joined;
  });
  button.addEventListener("draw", draw);
  draw();
  item.append(title, where, button);
  return item;
};

const danger = (numbers) => {
  const box = at("[data-danger]", form);
  box.dataset.numbers = numbers.join(" ");
  form.elements.text.dispatchEvent(new Event("danger"));
};

// What is sealed, or is one person's own affair, is of no incident.
const sharable = () => ["", "phan-anh"].includes(form.elements.submission_type.value);
form.addEventListener("change", ({ target }) => {
  if (target.name === "submission_type" && !sharable()) drawKnown([]);
});

const neighbours = async () => {
  if (!sharable()) return drawKnown([]);
  const place = { ...(value("place_text") ? { place_text: value("place_text") } : {}), ...pinned() };
  if (!place.place_text && place.latitude === undefined) place.place_text = value("text").slice(0, 500);
  const { incidents } = await post(form.dataset.nearby, place);
  lookedAt = JSON.stringify(place);
  return drawKnown(incidents);
};

const forget = () => {
  guessed = { topics: [], sure: false };
  for (const box of [understood, guidance, ward, known]) show(box, false);
  form.elements.incident.value = "";
  told("", false);
  danger([]);
};

const look = async () => {
  clearTimeout(waiting);
  looking.abort();
  looking = new AbortController();
  const text = value("text");
  if (text.length < LEAST || !navigator.onLine) return;
  try {
    const place = value("place_text") ? { place: value("place_text").slice(0, 500) } : {};
    const found = await post(form.dataset.suggest, { text: [...text].slice(0, 5000).join(""), ...place, ...pinned() });
    guessed = found;
    drawTopics();
    drawGuidance(found);
    drawWard(found);
    danger(found.emergency_numbers);
    if (found.wards.length || pinned().latitude !== undefined) await neighbours();
  } catch {
    // silence: it may be down, or they write on
  }
};
form.addEventListener("input", ({ target }) => {
  if (!["text", "place_text", "longitude"].includes(target.name)) return;
  clearTimeout(waiting);
  waiting = setTimeout(look, PAUSE);
});

// ---- Sending: the draft is kept first, then sent, then its code shown.
const tray = at("#drafts");
const main = at("button.main", form);
const sendWords = at("span", main);
const sendLabel = sendWords.textContent;

const busy = (now) => {
  main.disabled = now;
  sendWords.textContent = now ? main.dataset.sending : sendLabel;
};

// What is on its way is wiped once it has come: until then nobody writes on it. Returns what lets them again.
const held = () => {
  const fields = [...form.elements].filter((field) => !field.disabled);
  for (const field of fields) field.disabled = true;
  return () => fields.forEach((field) => (field.disabled = false));
};
for (const field of form.elements) field.disabled = false; // which some browsers remember over a reload

const receipt = (answer) => {
  const page = document.createElement("form");
  page.method = "post";
  page.action = tray.dataset.receipts;
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "receipt";
  field.value = answer.receipt;
  page.append(field);
  document.body.append(page);
  page.submit();
};

// Not every refusal names what is wrong.
const reasons = (problems) => (problems.length ? problems : [{ field: "", vi: tray.dataset.refused, en: tray.dataset.refused }]);

const complain = (problems) => {
  const box = at("#problems");
  for (const old of form.querySelectorAll(".error[data-new]")) old.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  at("ul", box).replaceChildren(
    ...reasons(problems).map((problem) => {
      const name = problem.field.split(".")[0];
      const item = document.createElement("li");
      const field = name && document.getElementById(name);
      if (!field) {
        item.textContent = named(problem);
        return item;
      }
      const link = document.createElement("a");
      link.href = `#${name}`;
      link.textContent = named(problem);
      item.append(link);
      const error = document.createElement("p");
      error.className = "error";
      error.dataset.new = "";
      error.id = `${name}-error-new`;
      error.textContent = named(problem);
      field.before(error);
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", [...new Set([...(field.getAttribute("aria-describedby") ?? "").split(" "), error.id])].join(" ").trim());
      const folded = field.closest("details");
      if (folded) folded.open = true;
      return item;
    }),
  );
  show(box, true);
  box.focus();
};

// Once before sending, who has not seen it yet sees what is known near by: as the page between does without us.
const asksFirst = async () => {
  if (shownOnce || !navigator.onLine || value("incident") || !sharable()) return false;
  const patience = setTimeout(() => looking.abort(), 1500);
  try {
    if (!guessed.topics.length || !(value("place_text") || value("latitude") || !ward.hidden)) return false;
    return lookedAt ? false : Boolean(await neighbours());
  } catch {
    return false;
  } finally {
    clearTimeout(patience);
  }
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  busy(true);
  if (await asksFirst()) {
    at("p[role=status]", known).textContent = known.dataset.look;
    known.scrollIntoView({ block: "center" });
    at("button", known).focus();
    return busy(false);
  }
  const fields = [...new FormData(form)].filter(([name, field]) => typeof field === "string" && field && name !== "form_token");
  const draft = { id: key, to: form.dataset.send, made: Date.now(), state: drafts.WAITING, fields: [...fields], photos: [...photos] };
  const release = held();
  // From here on it is a message that waits, and no draft to be written on: a closed tab must not make two of it.
  const isKept = await drafts.put(draft).then(() => true, () => false);
  if (isKept) {
    dropWords();
    await dropDraft(WRITING);
  }
  const { state, answer, problems } = await drafts.send(draft);
  release();
  busy(false);
  if (state === drafts.REFUSED) {
    if (isKept) await dropDraft(draft.id);
    key = keyAfter(draft.id, problems);
    await keepPhotos();
    return complain(problems);
  }
  if (state !== drafts.SENT && !isKept) return complain([{ field: "", vi: main.dataset.away, en: main.dataset.away }]);
  await wipe();
  if (state === drafts.SENT) return receipt(answer);
  (await navigator.serviceWorker?.getRegistration())?.sync?.register("drafts").catch(() => {});
  await drawTray();
  tray.focus();
});

// ---- Drafts that wait or were refused, and codes that came while nobody looked.
const CARDS = { [drafts.WAITING]: "#draft-waiting", [drafts.REFUSED]: "#draft-refused", [drafts.SENT]: "#draft-sent" };
const drawTray = async () => {
  const waitingOnes = await drafts.all().catch(() => []);
  const focused = tray.contains(document.activeElement) ? (document.activeElement.closest("section")?.dataset.draft ?? "") : undefined;
  tray.replaceChildren(
    ...waitingOnes.map((draft) => {
      const card = at(CARDS[draft.state]).content.cloneNode(true);
      at("section", card).dataset.draft = draft.id;
      if (draft.state === drafts.SENT) {
        at("[data-code]", card).textContent = draft.answer.code;
        at("input", card).value = draft.answer.receipt;
        return card;
      }
      const text = draft.fields.find(([name]) => name === "text")?.[1] ?? "";
      at("[data-excerpt]", card).textContent = [...text].slice(0, 120).join("");
      at("[data-retry]", card)?.addEventListener("click", retry);
      at("[data-problems]", card)?.append(
        ...reasons(draft.problems).map((problem) => Object.assign(document.createElement("li"), { textContent: named(problem) })),
      );
      at("[data-mend]", card)?.addEventListener("click", async () => {
        if (!isEmpty() && !confirm(tray.dataset.replace)) return;
        await wipe();
        await mend(draft);
      });
      at("[data-drop]", card).addEventListener("click", async () => {
        await drafts.remove(draft.id);
        await drawTray();
        form.elements.text.focus();
      });
      return card;
    }),
  );
  tray.tabIndex = -1;
  show(tray, waitingOnes.length);
  if (focused !== undefined) {
    const same = [...tray.children].find((card) => card.dataset.draft === focused);
    (same ? at("button", same) : tray.hidden ? form.elements.text : tray).focus();
  }
  return waitingOnes;
};

// One that was refused when it came is put back, for its writer to mend.
const mend = async (draft) => {
  for (const [name, text] of draft.fields) {
    const field = form.elements[name];
    if (!field || name === "form_token") continue;
    if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = true;
    else field.value = text;
  }
  photos.push(...draft.photos);
  unfoldKinds();
  key = keyAfter(draft.id, draft.problems);
  await drafts.remove(draft.id);
  drawThumbs();
  await keepPhotos();
  await drawTray();
  complain(draft.problems);
};

let again = 5000;
let timer;
const retry = async () => {
  clearTimeout(timer);
  await drafts.sendAll().catch(() => {});
  const found = await drawTray();
  const refused = found.find(({ state }) => state === drafts.REFUSED);
  if (refused && isEmpty()) return mend(refused);
  if (found.some(({ state }) => state === drafts.WAITING)) {
    timer = setTimeout(retry, again);
    again = Math.min(again * 2, 300000);
  } else {
    again = 5000;
  }
};
addEventListener("online", retry);

await restore();
drafts.speak(document.documentElement.lang).catch(() => {});
await retry();
if ("serviceWorker" in navigator) navigator.serviceWorker.register(form.dataset.worker).catch(() => {});
