// The page with the code has been seen, so this phone forgets the code; printing for who wants it on paper.

const code = document.querySelector("#code").textContent.trim();
for (const draft of await globalThis.drafts.all().catch(() => [])) {
  if (draft.answer?.code === code) await globalThis.drafts.remove(draft.id);
}

const button = document.querySelector("button[data-print]");
button.hidden = false;
button.addEventListener("click", () => print());
