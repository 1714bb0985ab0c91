// Reads a code out where the browser has a voice for the language; otherwise the words on the screen are enough.

const speech = window.speechSynthesis;

const voice = (lang) => speech?.getVoices().find((one) => one.lang.replace("_", "-").startsWith(lang.slice(0, 2)));

const say = (lang, words) => {
  const found = voice(lang);
  if (!found) return;
  speech.cancel();
  const said = new SpeechSynthesisUtterance(words);
  Object.assign(said, { lang, voice: found, rate: 0.8 });
  speech.speak(said);
};

export const quiet = () => speech?.cancel();

export const readout = (box) => {
  const offer = box.querySelector("[data-voice]");
  if (!offer || !speech) return;
  const { lang, spoken } = offer.dataset;
  const begin = () => {
    if (!offer.isConnected || !offer.hidden || !voice(lang)) return;
    offer.hidden = false;
    say(lang, spoken);
  };
  offer.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-says]");
    if (button) say(lang, offer.dataset[button.dataset.says]);
  });
  begin();
  speech.addEventListener?.("voiceschanged", begin, { once: true }); // some browsers learn their voices late
};
