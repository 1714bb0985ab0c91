// What a page can do better with JavaScript. Every page works without this file.

const all = (selector) => document.querySelectorAll(selector);

// A double click files once: the server honours the form token, the button only tells.
for (const form of all("form.once")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button:not([type=button])")) setTimeout(() => (button.disabled = true));
  });
}
addEventListener("pageshow", () => all("form.once button").forEach((button) => (button.disabled = false)));

// Whoever leaves takes along what was typed in this tab and not sent.
for (const form of all("form[action$='/accounts/logout']")) form.addEventListener("submit", () => sessionStorage.clear());

// Who has to log in has had nothing taken of what they sent last: `ticket.js` offers it again.
if (document.querySelector("form[action$='/accounts/login']")) sessionStorage.removeItem("langnghe-sent");

document.querySelector("#errors")?.focus();

// Codes and one-time tokens stand behind the # of a link, which no server and no log ever sees. So do places on the page.
const hash = () => {
  try {
    const value = decodeURIComponent(location.hash.slice(1));
    return document.getElementById(value) ? "" : value;
  } catch {
    return ""; // a stray %
  }
};
const fromHash = (selector, field, then) => {
  const form = document.querySelector(selector);
  const value = hash();
  if (!form || !value || form.elements[field].value) return;
  form.elements[field].value = value;
  history.replaceState(null, "", location.pathname);
  then?.(form);
};
const readHash = () => {
  fromHash("form[data-code-from-hash]", "code", (form) => form.requestSubmit());
  fromHash("form[data-token-from-hash]", "token");
};
readHash();
addEventListener("hashchange", readHash);

for (const button of all("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
    const words = button.querySelector("[data-done]");
    words.textContent = words.dataset.done;
  });
}

// A form that was taken is no draft any more (`citizen.js` keeps one).
try {
  if (document.querySelector("[data-filed]")) localStorage.removeItem("langnghe-draft-report");
} catch {
  // a browser that keeps nothing kept no draft
}

for (const area of all("textarea[data-max]")) {
  const counter = document.createElement("p");
  counter.className = "counter";
  area.after(counter);
  const count = () => {
    const length = [...area.value.normalize("NFC").trim()].length;
    const left = area.dataset.max - length;
    counter.textContent = left < 500 ? String(left) : "";
    counter.classList.toggle("over", left < 0);
  };
  area.addEventListener("input", count);
  count();
}

for (const form of all("form[data-submit-key]")) {
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

// Words of danger bring the numbers up before anything is sent; the list comes with the page.
for (const box of all("[data-danger]")) {
  const area = document.querySelector("textarea[name=text]");
  if (!area) continue;
  const cues = JSON.parse(box.dataset.danger);
  const bare = (text) => text.replaceAll("đ", "d").normalize("NFD").replace(/\p{Mn}/gu, "");
  const says = (text, cue) => new RegExp(`(?<![\\p{L}\\p{N}])${cue}(?![\\p{L}\\p{N}])`, "u").test(text);
  const look = () => {
    const whole = area.value.normalize("NFC").toLowerCase().replace(/\s+/g, " ");
    const plain = bare(whole);
    const numbers = Object.entries(cues)
      .filter(([, [marked, unmarked]]) => (plain === whole ? unmarked : marked).some((cue) => says(whole, cue)))
      .map(([number]) => number)
      .concat(box.dataset.numbers?.split(" ").filter(Boolean) ?? []); // those that a suggestion named
    box.hidden = numbers.length === 0;
    for (const item of box.querySelectorAll("li")) {
      const fits = numbers.some((number) => item.querySelector(`[href="tel:${number}"]`));
      item.classList.toggle("other", !fits);
    }
  };
  for (const event of ["input", "danger"]) area.addEventListener(event, look);
  look();
}
