// When a map is drawn: once it comes near the screen, or when somebody opens it. Until then a page carries only this.

const drawing = () => import("./map-drawing.js");

const fail = (figure) => {
  figure.querySelector("[role=status]").textContent = JSON.parse(figure.dataset.words).failed;
  figure.querySelector(".map-canvas").hidden = true;
};

const open = async (figure) => {
  const canvas = figure.querySelector(".map-canvas");
  if (canvas.hidden) {
    canvas.hidden = false; // after one that failed
    figure.querySelector("[role=status]").textContent = "";
  }
  try {
    await (await drawing()).draw(figure);
    return true;
  } catch (error) {
    console.warn(`no map: ${error.message}`);
    fail(figure);
    return false;
  }
};

// Drawn once, however often it is asked for; one that failed is tried again by who asks next.
const once = (figure) => {
  let opening;
  return async () => {
    opening ??= open(figure);
    const opened = await opening;
    if (!opened) opening = undefined;
    return opened;
  };
};

const openWhenNear = (figure) => {
  const openIt = once(figure);
  const near = new IntersectionObserver(
    async (entries) => {
      if (entries.some((entry) => entry.isIntersecting) && (await openIt())) near.disconnect();
    },
    { rootMargin: "300px" },
  );
  near.observe(figure);
};

const openWhenAsked = (figure) => {
  const openIt = once(figure);
  const button = figure.querySelector("[data-map-open]");
  const panel = figure.querySelector("[data-map-panel]");
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) openIt();
  });
};

const prepare = (figure) => {
  figure.hidden = false;
  if (figure.dataset.map === "picker") openWhenAsked(figure);
  else openWhenNear(figure);
};

for (const figure of document.querySelectorAll("[data-map]")) prepare(figure);
