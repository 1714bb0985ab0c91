// A coordinator's keys: one a decision, each shown on what it does; they can be switched off (WCAG 2.1.4).

const KEPT = "langnghe-keys";
const all = (selector) => document.querySelectorAll(selector);
let on = localStorage.getItem(KEPT) !== "off";

const toggle = document.querySelector("#keys");
const show = () => {
  toggle.hidden = false;
  toggle.textContent = on ? toggle.dataset.on : toggle.dataset.off;
  toggle.setAttribute("aria-pressed", String(on));
  for (const key of all("kbd.key")) key.hidden = !on;
};
toggle.addEventListener("click", () => {
  on = !on;
  localStorage.setItem(KEPT, on ? "on" : "off");
  show();
});
show();

const typing = (element) => element.matches("input, textarea, select, [contenteditable]");
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) event.target.blur(); // the words stay, and the keys work again
  if (!on || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing(event.target)) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!target || event.repeat) return;
  event.preventDefault();
  if (target.matches("summary")) {
    target.parentElement.open = true;
    target.parentElement.querySelector("select, textarea").focus();
  } else if (typing(target)) {
    target.focus();
    target.scrollIntoView({ block: "center" });
  } else {
    target.click();
  }
});

// A unit by a part of its name, with or without marks: the first that fits is chosen, arrows go through the others.
const bare = (text) => text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{Mn}/gu, "");
for (const search of all("[data-finds]")) {
  const select = document.getElementById(search.dataset.finds);
  const told = document.querySelector("#found-units");
  search.removeAttribute("name"); // the list is what is sent
  const begun = select.value;
  let fits = [];
  search.addEventListener("input", () => {
    const parts = bare(search.value).split(/\s+/).filter(Boolean);
    fits = parts.length ? [...select.options].filter((one) => one.value && parts.every((part) => bare(one.text).includes(part))) : [];
    select.value = parts.length ? (fits[0]?.value ?? "") : begun; // none, which cannot be sent, where nothing fits
    told.textContent = !parts.length ? "" : fits.length ? told.dataset.some.replace("{n}", fits.length) : told.dataset.none;
  });
  search.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !fits.length) return;
    event.preventDefault();
    const next = (fits.findIndex((one) => one.value === select.value) + step + fits.length) % fits.length;
    select.value = fits[next].value;
  });
}
