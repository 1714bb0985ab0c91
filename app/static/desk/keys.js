// Keys of a page: what an element's aria-keyshortcuts names clicks it, or puts the cursor there. Nothing is bound to a
// letter or digit alone: those are text, and tone marks where people type by VNI.

const named = (event) => {
  const [, digit] = /^Digit(\d)$/.exec(event.code) ?? [];
  const [, letter] = /^Key([A-Z])$/.exec(event.code) ?? [];
  const key = digit ?? letter ?? (event.code === "Slash" ? "/" : event.key);
  const held = [[event.ctrlKey || event.metaKey, "Control"], [event.altKey, "Alt"], [event.shiftKey, "Shift"]];
  return [...held.filter(([on]) => on).map(([, name]) => name), key].join("+");
};

const usable = (element) => !element.disabled && element.getClientRects().length > 0;
const written = (element) => element.matches("textarea, select, input:not([type=checkbox], [type=radio])");

addEventListener("keydown", (event) => {
  if (event.isComposing || event.getModifierState("AltGraph")) return;
  if (!event.altKey && !event.ctrlKey && !event.metaKey && !/^F\d+$/.test(event.key)) return;
  const keys = named(event);
  const scope = document.querySelector("dialog[open]") ?? document;
  const found = [...scope.querySelectorAll(`[aria-keyshortcuts~="${CSS.escape(keys)}"]`)].find(usable);
  if (!found && !/^Alt\+(Shift\+)?\d$/.test(keys)) return;
  event.preventDefault(); // also where no row has this number now: browsers would change the tab
  if (!found || event.repeat) return;
  if (written(found)) found.focus();
  else found.click();
});
