// The boxes beside the text. Each changes in its own place, keeps the focus that is in it, and is told of once.

const QUIET = 700;
const telling = new Map();

// Told to who listens: suggestions and calls each by a voice of their own, so that neither talks the other down.
const tell = (box, voice) => {
  const told = document.querySelector(voice);
  const words = box.querySelector("[data-say]")?.dataset.say.trim();
  clearTimeout(telling.get(voice));
  if (words && told.textContent !== words) telling.set(voice, setTimeout(() => (told.textContent = words), QUIET));
};

// What came of an action: for eyes and ears.
export const said = (words) => (document.querySelector("#said").textContent = words);

// Each answer has tokens of its own; the ones that stand in the box are as good.
const shown = (html) => html.replaceAll(/(name="csrf_token" value=)"[^"]*"/g, "$1");

export const swap = (box, html) => {
  if (box.dataset.shown === shown(html)) return false;
  const focused = box.contains(document.activeElement) ? document.activeElement.id : "";
  box.dataset.shown = shown(html);
  box.innerHTML = html;
  if (focused) (document.getElementById(focused) ?? box.querySelector("button, input, a"))?.focus();
  return true;
};

// A box that follows a form: asked when the form has been quiet for a moment, an older question is dropped for a newer.
export class Box {
  constructor(box, form, url, pause) {
    Object.assign(this, { box, form, url, pause });
  }

  ask(now = false) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#fetch(), now ? 0 : this.pause);
  }

  async #fetch() {
    this.going?.abort();
    const going = (this.going = new AbortController());
    try {
      const body = new URLSearchParams(new FormData(this.form));
      const answer = await fetch(this.url, { method: "POST", body, signal: going.signal, redirect: "error" });
      if (!answer.ok) return;
      const html = await answer.text();
      if (going.signal.aborted || !swap(this.box, html)) return;
      tell(this.box, "#told");
    } catch {
      // the text is what matters; the next pause asks again
    }
  }
}

// What waits is asked for all the time, so that a call pops up where somebody is free to take it.
export const watch = (box, address, changed) => {
  const EVERY = 1500;
  const AGAIN = 5000;
  const look = async () => {
    let next = EVERY;
    try {
      const answer = await fetch(address(), { redirect: "error" });
      if (answer.ok && swap(box, await answer.text())) tell(box, "#rings");
      if (answer.ok) changed(box);
      else next = AGAIN;
    } catch {
      next = AGAIN;
    }
    setTimeout(look, next);
  };
  setTimeout(look, EVERY);
};
