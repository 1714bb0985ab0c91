// The call-taker's console. The text never moves and is never taken away; all else happens beside it.

import "./keys.js";
import { Box, said, swap, watch } from "./boxes.js";
import { Draft } from "./draft.js";
import { quiet, readout } from "./readout.js";

const form = document.querySelector("[data-console]");
const fields = form.elements;
const outcome = document.querySelector("#outcome");
const draft = new Draft(form, document.querySelector("#draftstate"));
const PAUSE = 120;
const suggestions = new Box(document.querySelector("#suggestions"), form, form.dataset.suggest, PAUSE);
const caller = new Box(document.querySelector("#caller"), form, form.dataset.caller, 2 * PAUSE);
const NOBODY = "00000000-0000-0000-0000-000000000000";
const TYPED = ["text", "place_text", "contact_phone", "contact_name", "topic", "submission_type", "incident", "asked", "transferred"];

const looked = new Set(["text", "place_text", "topic", "submission_type"]);
const changed = (name) => {
  draft.changed();
  if (looked.has(name)) suggestions.ask(name !== "text" && name !== "place_text");
  if (name === "contact_phone") caller.ask();
};
form.addEventListener("input", ({ target }) => {
  if (target.name) changed(target.name);
});

// A draft that was kept is gone on with at its end.
fields.text.setSelectionRange(fields.text.value.length, fields.text.value.length);

const toggle = (name, value) => {
  fields[name].value = fields[name].value === value ? "" : value;
  draft.changed();
  suggestions.ask(true);
};
const add = (name, value) => {
  fields[name].value = [...new Set([...fields[name].value.split(" "), value])].join(" ").trim();
  draft.changed();
  suggestions.ask(true);
};

const post = (url, body) =>
  fetch(url, { method: "POST", body: new URLSearchParams(body), headers: { "X-Part": "1" }, redirect: "error" });

// Why a small form did nothing: in its own place if it has one, else told; a page of an error is no part of this one.
const wrong = async (answer, place, words = form.dataset.failed) => {
  const page = new DOMParser().parseFromString(answer ? await answer.text() : "", "text/html");
  const problems = page.querySelector("[data-errors]") ?? Object.assign(page.createElement("div"), { className: "notice bad", textContent: words });
  if (!place) return said([...problems.querySelectorAll("li")].map((one) => one.textContent).join(" ") || words);
  problems.tabIndex = -1;
  swap(place, problems.outerHTML);
  return place.firstElementChild.focus();
};

const transfer = async (number) => {
  await draft.saved();
  const url = form.dataset.transferred.replace(NOBODY, draft.id || NOBODY);
  const answer = await post(url, { csrf_token: fields.csrf_token.value, number }).catch(() => null);
  if (!answer?.ok) return wrong(answer);
  said(await answer.text());
  return add("transferred", number);
};

suggestions.box.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  const { topic, incident, ward, transfer: number } = button.dataset;
  if (topic) toggle("topic", topic);
  if (incident) toggle("incident", incident);
  if (number) transfer(number);
  if (ward) {
    fields.place_text.value = [fields.place_text.value.trim(), ward].filter(Boolean).join(", ");
    changed("place_text");
  }
});
suggestions.box.addEventListener("change", ({ target }) => {
  if (target.dataset.ask) add("asked", target.dataset.ask);
});

// Filing: the code comes up where the text was said, and the form is ready for the next caller.
let filing = false;
const refuse = (html) => {
  outcome.innerHTML = html;
  for (const { dataset } of outcome.querySelectorAll("[data-field]")) fields[dataset.field]?.setAttribute?.("aria-invalid", "true");
  const fresh = outcome.querySelector("[data-form-token]")?.dataset.formToken; // the page was open for too long
  if (fresh) fields.form_token.value = fresh;
  outcome.querySelector("[data-errors]")?.focus();
};
const clear = () => {
  for (const name of TYPED) fields[name].value = "";
  fields.consent.checked = false;
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const part of document.querySelectorAll("form[data-part]:not([data-seat])")) {
    part.reset();
    const problems = part.querySelector("[data-problems]");
    if (problems) swap(problems, "");
  }
  document.querySelector("#handed")?.remove();
  history.replaceState(null, "", form.action);
};
const file = async () => {
  await draft.halt();
  try {
    const answer = await post(form.action, [...new FormData(form), ["nearby", "shown"]]);
    const html = await answer.text();
    if (!answer.ok) {
      if (html.includes("<html")) said(form.dataset.unsaved); // not of the report: the session is over, say
      else refuse(html);
      draft.dirty = true;
      draft.resume();
      return;
    }
    outcome.innerHTML = html;
    said("");
    fields.form_token.value = outcome.querySelector("#filed").dataset.formToken;
    clear();
    draft.forget();
    suggestions.ask(true);
    caller.ask(true);
    fields.text.focus();
    outcome.scrollIntoView({ block: "nearest" });
    readout(outcome);
  } catch {
    draft.dirty = true; // nothing came back: what was typed stays, and is sent once more under the same token
    draft.resume();
    said(form.dataset.unsaved);
  }
};
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (filing) return;
  filing = true;
  await file();
  filing = false;
});

// Dialogs: Esc closes them, and what is in them stays.
const copy = (dialog, pairs) => {
  for (const [from, to] of pairs.split(" ").map((pair) => pair.split(":"))) {
    const field = dialog.querySelector(`[name=${to}]`);
    // What nobody sees is always as in the console now; what may have been typed over stays where that has nothing.
    if (field && (field.type === "hidden" || fields[from].value)) field.value = fields[from].value;
  }
};
document.addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-opens]");
  if (opener) {
    const dialog = document.querySelector(opener.dataset.opens);
    const pairs = dialog.querySelector("[data-copies]")?.dataset.copies;
    if (pairs) copy(dialog, pairs);
    dialog.showModal();
    [...dialog.querySelectorAll("input:not([type=hidden]), select, textarea")].find((field) => !field.value)?.focus();
  }
  target.closest("[data-closes]")?.closest("dialog").close();
});

// Small forms are sent in place; their answer is told, their refusal stands in them.
for (const part of document.querySelectorAll("form[data-part]")) {
  part.addEventListener("submit", async (event) => {
    event.preventDefault();
    const place = part.querySelector("[data-problems]");
    let url = part.action;
    if ("ofDraft" in part.dataset) {
      if (!(await draft.saved())) return wrong(null, place, form.dataset.unsaved);
      url = part.dataset.action.replace(NOBODY, draft.id);
    }
    const answer = await post(url, new FormData(part)).catch(() => null);
    if (!answer?.ok) return wrong(answer, place);
    const words = await answer.text();
    if (place) swap(place, "");
    part.closest("dialog")?.close();
    if (part.dataset.then) return location.assign(part.dataset.then);
    if (!("seat" in part.dataset)) part.reset();
    return said(words);
  });
}
const seat = document.querySelector("[data-seat]");
seat.addEventListener("change", () => seat.requestSubmit());

// Whoever leaves the page leaves nothing unsaved behind.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-leaves]");
  if (!link || !(draft.dirty || draft.saving)) return;
  event.preventDefault();
  if (await draft.saved()) location.assign(link.href);
  else said(form.dataset.unsaved);
});
document.addEventListener("submit", async (event) => {
  const leaving = event.target;
  const ofDraft = "ofDraft" in leaving.dataset;
  if (!leaving.matches("[data-leaves]") || !(draft.dirty || draft.saving || ofDraft)) return undefined;
  event.preventDefault();
  if (!(await draft.saved())) return said(form.dataset.unsaved);
  if (ofDraft) leaving.action = leaving.dataset.action.replace(NOBODY, draft.id);
  if (!leaving.isConnected) document.body.append(leaving); // its box was renewed meanwhile
  return leaving.submit();
});

addEventListener("keydown", ({ key }) => {
  if (key === "Escape") quiet();
});
for (const passing of document.querySelectorAll("[data-vanishes]")) {
  setTimeout(() => passing.remove(), 1000 * passing.dataset.vanishes);
}

// A call pops up by itself where nothing is being typed; otherwise it waits in its box.
const idle = () => !TYPED.some((name) => fields[name].value.trim()) && !outcome.querySelector("#filed, [data-errors]") && !document.querySelector("dialog[open]");
const waiting = document.querySelector("#now");
watch(
  waiting,
  () => `${waiting.dataset.url}?draft=${draft.id}`,
  (box) => {
    document.querySelector("[data-owed]").textContent = box.querySelector(".waits")?.dataset.owed ?? "";
    const offered = box.querySelector("[data-mine] form");
    if (offered && idle()) offered.requestSubmit();
  },
);

readout(outcome);
suggestions.ask(true);
if (fields.contact_phone.value) caller.ask(true);
