// The page of one ticket: who else is here, words that were not sent, templates, how the citizen will see it.

const told = document.querySelector("#presence");
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// Somebody who opens the same ticket is seen within seconds; a page in the background says nothing.
const people = told?.querySelector(".people");
const changed = told?.querySelector(".changed");
const look = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(told.dataset.address, { method: "POST", headers: { "X-CSRFToken": told.dataset.csrf } });
    if (!answer.ok) return;
    const now = await answer.json();
    const words = now.people.length ? told.dataset.together.replace("{names}", now.people.join(", ")) : "";
    const line = people.querySelector("span");
    if (line.textContent !== words) line.textContent = words; // what has not changed is not read out again
    people.hidden = !words;
    if (String(now.version) !== told.dataset.version && changed.hidden) {
      const again = element("button", { type: "button", textContent: told.dataset.reload });
      again.addEventListener("click", () => location.assign(told.dataset.here));
      changed.append(told.dataset.changed, again);
      changed.hidden = false;
    }
  } catch {
    // no network for a moment: the next look tells
  }
};
if (told) {
  setInterval(look, told.dataset.every * 1000);
  addEventListener("visibilitychange", look);
}

// Words that were typed and not sent are kept in this tab, by person, ticket, form and field, and offered again.
const PREFIX = "langnghe-unsent:";
const SENT = "langnghe-sent"; // by key: the ticket, and the version on which its words were sent
const keyOf = (area) => `${PREFIX}${told.dataset.owner}:${new URL(area.form.action).pathname}:${area.name}`;
const refused = document.querySelector("#errors, main .notice.bad");
const sent = () => JSON.parse(sessionStorage.getItem(SENT) || "{}");
const waiting = sent();
for (const [key, [address, version]] of told ? Object.entries(waiting) : []) {
  if (address !== told.dataset.address) continue; // how that went is seen on its own page
  if (!refused && Number(told.dataset.version) > version) sessionStorage.removeItem(key); // every step moves it on
  delete waiting[key];
}
if (told) sessionStorage.setItem(SENT, JSON.stringify(waiting));

const offer = (area, words) => {
  const take = element("button", { type: "button", textContent: told.dataset.take });
  const drop = element("button", { type: "button", textContent: told.dataset.drop });
  const box = element(
    "div",
    { className: "unsent" },
    element("p", { textContent: told.dataset.unsent }),
    element("blockquote", { textContent: words }),
    element("div", { className: "row" }, take, drop),
  );
  take.addEventListener("click", () => {
    area.value = words;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    box.remove();
    area.focus();
  });
  drop.addEventListener("click", () => {
    sessionStorage.removeItem(keyOf(area));
    box.remove();
    area.focus();
  });
  area.after(box);
  for (let folded = area.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
};

for (const area of told ? document.querySelectorAll("main form :is(textarea, input[type=text])[name]") : []) {
  if (!area.form.elements.version) continue; // no step of the ticket: nothing would tell that it was taken
  const key = keyOf(area);
  const begun = area.value;
  const kept = sessionStorage.getItem(key);
  if (kept && kept !== begun) offer(area, kept);
  area.addEventListener("input", () => {
    if (area.value.trim() && area.value !== begun) sessionStorage.setItem(key, area.value);
    else sessionStorage.removeItem(key);
  });
  area.form.addEventListener("submit", () => {
    sessionStorage.setItem(SENT, JSON.stringify({ ...sent(), [key]: [told.dataset.address, Number(told.dataset.version)] }));
  });
}

// A template goes where the caret is: it is read and changed there, and sent by nothing but the form's own button.
for (const field of document.querySelectorAll("[data-templates]")) {
  const area = document.getElementById(field.dataset.templates);
  const choice = field.querySelector("select");
  field.hidden = false;
  const insert = () => {
    if (!choice.value) return;
    area.setRangeText(choice.value, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  };
  field.querySelector("button").addEventListener("click", insert);
  choice.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    insert();
  });
}

for (const box of document.querySelectorAll("[data-preview]")) {
  const area = document.getElementById(box.dataset.preview);
  const show = () => {
    box.querySelector("blockquote bdi").textContent = area.value.trim();
    box.hidden = !area.value.trim();
  };
  area.addEventListener("input", show);
  show();
}
