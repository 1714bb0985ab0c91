// A draft is on the server a second after it changed, and stays until it is filed.

const EVERY = 1000;
const AGAIN = 2000;

export class Draft {
  constructor(form, state) {
    this.form = form;
    this.state = state;
    this.dirty = false;
    this.halted = false;
    this.saving = null;
    addEventListener("pagehide", () => this.dirty && !this.halted && this.#send(true));
  }

  get id() {
    return this.form.elements.draft.value;
  }

  changed() {
    this.dirty = true;
    this.#later(EVERY);
  }

  // Save what is not saved yet; afterwards the draft has an id if there was any way to give it one.
  async saved() {
    this.dirty ||= !this.id;
    for (let tries = 0; tries < 3 && (this.dirty || this.saving); tries += 1) await this.#save();
    return !this.dirty;
  }

  // While a report is being filed nothing is saved: it would bring back the draft that filing deletes.
  async halt() {
    this.halted = true;
    clearTimeout(this.timer);
    this.timer = null;
    await this.saving;
  }

  resume() {
    this.halted = false;
    if (this.dirty) this.#later(EVERY);
  }

  forget() {
    this.form.elements.draft.value = this.form.elements.draft_version.value = "";
    this.dirty = this.halted = false;
    this.state.textContent = "";
  }

  #later(delay) {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.#save();
    }, delay);
  }

  #save() {
    this.saving ??= this.#send(false).finally(() => (this.saving = null));
    return this.saving;
  }

  // The page's token is over with its session: who has logged in again in another window goes on here.
  async #renew() {
    const page = await (await fetch(this.form.action, { redirect: "error" })).text();
    const token = new DOMParser().parseFromString(page, "text/html").querySelector("[name=csrf_token]").value;
    for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = token;
  }

  async #send(leaving) {
    if (this.halted) return;
    const { draft, draft_version: version } = this.form.elements;
    this.dirty = false;
    try {
      const body = new URLSearchParams(new FormData(this.form));
      const answer = await fetch(this.form.dataset.save, { method: "POST", body, keepalive: leaving, redirect: "error" });
      if (answer.ok) {
        const kept = await answer.json();
        [draft.value, version.value] = [kept.draft, kept.version];
        this.state.textContent = this.form.dataset.saved.replace("{time}", new Date().toLocaleTimeString("vi-VN"));
        return;
      }
      if (answer.status === 404 || answer.status === 409) {
        // saved in another window, handed over or a day old: what is here becomes a draft of its own
        draft.value = version.value = "";
        this.state.textContent = answer.status === 409 ? this.form.dataset.elsewhere : "";
        this.dirty = true;
        this.#later(0);
        return;
      }
      if (answer.status === 403) await this.#renew();
      throw new Error(String(answer.status));
    } catch {
      this.dirty = true;
      this.state.textContent = this.form.dataset.unsaved;
      this.#later(AGAIN);
    }
  }
}
