// When a map is drawn: once it comes near the screen, or when somebody opens it. Until then a page carries only this.

const drawing = () => import("./map-drawing.js");

const fail = (figure) => {
  figure.querySelector("[role=status]").textContent = JSON.parse(figure.dataset.words).failed;
  figure.querySelector(".map-canvas").hidden = true;
};

const open = async (figure) => {
  try {
    await (await drawing()).draw(figure);
  } catch (error) {
    console.warn(`no map: ${error.message}`);
    fail(figure);
  }
};

const openWhenNear = (figure) => {
  const near = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      open(figure);
    },
    { rootMargin: "300px" },
  );
  near.observe(figure);
};

const openWhenAsked = (figure) => {
  const button = figure.querySelector("[data-map-open]");
  const panel = figure.querySelector("[data-map-panel]");
  let opened = false;
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden && !opened) {
      opened = true;
      open(figure);
    }
  });
};

const prepare = (figure) => {
  figure.hidden = false;
  if (figure.dataset.map === "picker") openWhenAsked(figure);
  else openWhenNear(figure);
};

for (const figure of document.querySelectorAll("[data-map]")) prepare(figure);
