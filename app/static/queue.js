// A department's queue by keys, ticking many at once, and the ten seconds in which a step can be undone.

const all = (selector) => [...document.querySelectorAll(selector)];
const links = all("td.words > a, .ticket p > a");
const boxes = all("input[name=chosen]");
const bulk = document.querySelector("#bulk");
const outcome = document.querySelector("#outcome");

const counted = () => boxes.filter((box) => box.checked).length;
if (bulk) {
  const count = bulk.querySelector("[data-count]");
  const every = bulk.querySelector("[data-all]");
  const tell = () => {
    count.textContent = counted();
    count.hidden = counted() === 0;
    for (const box of boxes) box.closest("tr, .ticket").classList.toggle("chosen", box.checked);
  };
  every.hidden = boxes.length === 0;
  every.addEventListener("click", () => {
    const wanted = counted() < boxes.length;
    for (const box of boxes) box.checked = wanted;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
}

// Keys act only while nothing is being typed, and can be switched off.
const keys = document.querySelector("#keys");
const switched = keys?.querySelector("input");
if (keys) {
  keys.hidden = false;
  switched.checked = localStorage.getItem("langnghe-keys") !== "off";
  switched.addEventListener("change", () => localStorage.setItem("langnghe-keys", switched.checked ? "on" : "off"));
}
const here = () => document.activeElement?.closest("tr, .ticket");
const step = (by) => {
  const at = links.findIndex((link) => link.closest("tr, .ticket") === here());
  links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
};
const acts = {
  j: () => step(1),
  k: () => step(-1),
  x: () => here()?.querySelector("input[name=chosen]")?.click(),
  z: () => outcome?.querySelector("form")?.requestSubmit(),
  "/": () => document.querySelector("#q")?.focus(),
};
addEventListener("keydown", (event) => {
  if (!switched?.checked || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select") || !acts[event.key]) return;
  event.preventDefault();
  acts[event.key]();
});

// What is held is told in seconds; when it is done the page shows how it went, unless somebody is at something.
if (outcome?.dataset.seconds) {
  const until = Date.now() + 1000 * Number(outcome.dataset.seconds);
  const left = outcome.querySelector("[data-left]");
  const differs = (field) => {
    if (!field.matches("select")) return field.value !== field.defaultValue;
    const begun = [...field.options].findIndex((one) => one.defaultSelected);
    return field.selectedIndex !== Math.max(0, begun);
  };
  const AT = "tr, .ticket, #filter, input:not([type=checkbox]), textarea, select, details[open]";
  const busy = () =>
    counted() > 0 || document.activeElement?.closest(AT) || all("main :is(input[type=search], input[type=text], textarea, select)").some(differs);
  const tick = setInterval(() => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    if (left) left.textContent = seconds > 0 ? `${seconds} s` : "";
    if (seconds > -2 || busy()) return;
    clearInterval(tick);
    location.replace(outcome.querySelector("a").href);
  }, 250);
}
