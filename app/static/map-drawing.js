// Maps by Leaflet: pins, figures of wards, and a pin to set. Tiles lie over our own outline of the wards, which is what
// is seen where there are none, or where one does not come.

const here = (path) => new URL(path, import.meta.url).href;

const stylesheet = (path) =>
  new Promise((loaded, failed) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: here(path), onload: loaded, onerror: () => failed(new Error(path)) });
    document.head.append(link);
  });

const fetched = async (address) => {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`outline: ${response.status}`);
  return response.json();
};

// Ours after Leaflet's, which it overrides. One that did not come is asked for again.
let library;
const load = async () => {
  const styles = stylesheet("vendor/leaflet/leaflet.css").then(() => stylesheet("map.css"));
  await Promise.all([import("./vendor/leaflet/leaflet.js"), styles]);
  return globalThis.L;
};
const leaflet = () => {
  if (library) return library;
  library = load();
  library.catch(() => (library = undefined));
  return library;
};

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const STREETS = 16;
const WARDS = 13.5;
const NAME_PIXELS = 88;

const element = (tag, more) => Object.assign(document.createElement(tag), more);
const text = (words) => element("span", { textContent: words }).outerHTML;

// A figure on the page, its map, and what is drawn under everything else.
class Drawn {
  constructor(L, figure, outline) {
    this.L = L;
    this.figure = figure;
    this.words = JSON.parse(figure.dataset.words);
    this.status = figure.querySelector("[role=status]");
    this.canvas = figure.querySelector(".map-canvas");
    this.outline = outline;
    this.tiled = false;
    this.map = L.map(this.canvas, {
      zoomControl: false,
      attributionControl: false,
      scrollWheelZoom: false,
      zoomSnap: 0.5,
      minZoom: 7,
      maxZoom: 18,
      zoomAnimation: !calm.matches,
      fadeAnimation: !calm.matches,
      markerZoomAnimation: !calm.matches,
      inertia: !calm.matches,
    });
    if (calm.matches) this.map.panBy = (offset) => L.Map.prototype.panBy.call(this.map, offset, { animate: false });
    this.canvas.addEventListener("focusin", () => this.map.scrollWheelZoom.enable());
    this.canvas.addEventListener("focusout", () => this.map.scrollWheelZoom.disable());
    L.control.zoom({ zoomInTitle: this.words.zoomIn, zoomOutTitle: this.words.zoomOut }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.credits = L.control.attribution({ prefix: false }).addTo(this.map);
    this.ground();
    this.tiles();
  }

  say(words) {
    this.status.textContent = words;
  }

  ground() {
    const { L, map, outline, words } = this;
    map.createPane("outline").style.zIndex = 150;
    map.createPane("names").style.zIndex = 160;
    const style = { className: "map-ward", weight: 1 };
    this.shapes = L.geoJSON(outline, { pane: "outline", interactive: false, style });
    this.shapes.addTo(map);
    this.city = this.shapes.getBounds();
    map.setMaxBounds(this.city.pad(0.5));
    map.fitBounds(this.city);
    this.credit = text(outline.exact ? words.borders : words.sketch);
    this.credits.addAttribution(this.credit);
    this.names = L.layerGroup().addTo(map);
    map.on("moveend", () => this.nameWards());
    this.nameWards();
  }

  // A ward is named once its name fits into it.
  nameWards() {
    const { L, map } = this;
    this.names.clearLayers();
    const seen = map.getBounds();
    this.shapes.eachLayer((shape) => {
      const bounds = shape.getBounds();
      if (!seen.intersects(bounds)) return;
      const width = map.latLngToContainerPoint(bounds.getNorthEast()).x - map.latLngToContainerPoint(bounds.getSouthWest()).x;
      if (width < NAME_PIXELS) return;
      const { name, at } = shape.feature.properties;
      const icon = L.divIcon({ className: "map-name", html: element("span", { textContent: name }), iconSize: null });
      L.marker(at, { icon, pane: "names", interactive: false, keyboard: false }).addTo(this.names);
    });
  }

  tiles() {
    const { L, map, figure } = this;
    if (!figure.dataset.tiles) return;
    const credit = text(figure.dataset.attribution);
    const tiles = L.tileLayer(figure.dataset.tiles, { maxZoom: 19, attribution: credit });
    let came = false;
    tiles.on("tileload", () => {
      came = true;
      this.credits.removeAttribution(this.credit);
    });
    tiles.on("tileerror", () => {
      if (came || !map.hasLayer(tiles)) return;
      map.removeLayer(tiles);
      this.tiled = false;
      this.say(this.words.noTiles);
    });
    this.tiled = true;
    tiles.addTo(map);
  }

  // How near to look: streets where there are some to see, else wards.
  get closest() {
    return this.tiled ? STREETS : WARDS;
  }

  shape(kind) {
    const template = this.figure.querySelector(`[data-shape="${kind}"]`) ?? this.figure.querySelector('[data-shape="none"]');
    return template.content.cloneNode(true);
  }

  pin(classes, kind, { link = null, press = null } = {}) {
    const body = element(link ? "a" : press ? "button" : "span", { className: "map-pin-body" });
    if (link) body.href = link;
    else if (press) Object.assign(body, { type: "button", onclick: press });
    body.append(this.shape(kind));
    return { icon: this.L.divIcon({ className: `map-pin ${classes}`, html: body, iconSize: [36, 44], iconAnchor: [18, 44] }), body };
  }

  wardAt({ lat, lng }) {
    for (const { geometry, properties } of this.outline.features) {
      const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
      if (polygons.some((rings) => rings.filter((ring) => within(ring, lng, lat)).length % 2 === 1)) return properties.name;
    }
    return null;
  }
}

// Whether a point lies in a ring: a ray to the east crosses it an odd number of times.
const within = (ring, x, y) => {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [[ax, ay], [bx, by]] = [ring[i], ring[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
};

const points = (drawn) => {
  const { L, map } = drawn;
  const pins = JSON.parse(drawn.figure.dataset.pins);
  const select = document.getElementById(drawn.figure.dataset.chooses);
  const chooser = (value, label) => () => {
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    drawn.say(drawn.words.chosen.replace("{where}", label));
  };
  for (const { lat, lon, label, kind = "none", url, choose, here: own } of pins) {
    const press = select && choose ? chooser(choose, label) : null;
    const { icon, body } = drawn.pin(`${kind}${own ? " own" : ""}`, kind, { link: url, press });
    body.title = label;
    body.append(element("span", { className: "sr", textContent: label }));
    body.addEventListener("focus", () => map.panInside([lat, lon], { padding: [40, 60] }));
    const marker = L.marker([lat, lon], { icon, interactive: false, keyboard: false, zIndexOffset: own ? 1000 : 0 });
    marker.addTo(map);
  }
  map.fitBounds(pins.map(({ lat, lon }) => [lat, lon]), { padding: [48, 48], maxZoom: drawn.closest, animate: false });
};

const SMALLEST = 12;
const LARGEST = 30;
const READABLE = 10;

// Smaller while the whole city is seen, so that circles do not hide each other.
const scale = (zoom) => Math.min(1, Math.max(0.45, 2 ** ((zoom - 12) / 2)));

// The table beside it says the same, so that a screen reader is spared the circles.
const wards = (drawn) => {
  const { L, map, outline } = drawn;
  const figures = JSON.parse(drawn.figure.dataset.figures);
  const most = Math.max(1, ...Object.values(figures).map(({ count }) => count));
  const shown = outline.features.map(({ properties }) => properties).filter(({ code }) => figures[code]);
  const circles = L.layerGroup().addTo(map);
  const circle = ({ code, at }) => {
    const figure = figures[code];
    const whole = SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(figure.count / most);
    const radius = Math.round(whole * scale(map.getZoom()));
    const body = element("a", { href: figure.url, title: figure.label, tabIndex: -1 });
    if (radius >= READABLE) body.textContent = figure.shown;
    body.setAttribute("aria-hidden", "true");
    const icon = L.divIcon({ className: "map-count", html: body, iconSize: [2 * radius, 2 * radius] });
    L.marker(at, { icon, interactive: false, keyboard: false, zIndexOffset: -10 * radius }).addTo(circles);
  };
  const redraw = () => {
    circles.clearLayers();
    shown.forEach(circle);
  };
  if (shown.length) map.fitBounds(mostOf(shown.map(({ at }) => at)), { padding: [40, 40], maxZoom: 13, animate: false });
  redraw();
  map.on("zoomend", redraw);
};

// The rectangle around most of some places: one island far out must not make specks of all others.
const mostOf = (places, from = 0.1, to = 0.9) =>
  [from, to].map((share) =>
    [0, 1].map((i) => places.map((place) => place[i]).sort((a, b) => a - b)[Math.round(share * (places.length - 1))]),
  );

const picker = (drawn) => {
  const { L, map, figure, words, canvas } = drawn;
  const fields = [figure.dataset.latitude, figure.dataset.longitude].map((id) => document.getElementById(id));
  const clear = figure.querySelector("[data-map-clear]");
  const locate = figure.querySelector("[data-map-locate]");
  let marker = null;

  const write = (values) => {
    fields.forEach((field, i) => {
      field.value = values[i];
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  };
  const where = (at) => {
    const ward = drawn.wardAt(at);
    const numbers = `${at.lat.toFixed(5)}, ${at.lng.toFixed(5)}`;
    if (!ward) return numbers;
    return `${drawn.outline.exact ? ward : words.near.replace("{ward}", ward)} (${numbers})`;
  };
  const show = (at) => {
    if (marker) {
      marker.setLatLng(at);
      return;
    }
    const { icon } = drawn.pin("own", "none");
    marker = L.marker(at, { icon, draggable: true, keyboard: false, title: words.pin }).addTo(map);
    marker.on("dragend", () => place(marker.getLatLng()));
  };
  const place = (at) => {
    const spot = at.wrap();
    write([spot.lat.toFixed(6), spot.lng.toFixed(6)]);
    drawn.say(words.placed.replace("{where}", where(spot)));
  };

  map.on("click", ({ latlng }) => place(latlng));
  canvas.addEventListener("keydown", (event) => {
    if (event.target !== canvas || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    place(map.getCenter());
  });
  clear.addEventListener("click", () => {
    write(["", ""]);
    drawn.say(words.cleared);
    canvas.focus();
  });
  if (navigator.geolocation) {
    locate.hidden = false;
    locate.addEventListener("click", () => {
      drawn.say(words.looking);
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          const at = L.latLng(coords.latitude, coords.longitude);
          map.setView(at, STREETS, { animate: false });
          place(at);
        },
        () => drawn.say(words.denied),
        { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
      );
    });
  }

  // The page may have a position of its own to write or to take back: the pin is what is sent.
  const written = () => {
    const known = fields.every((field) => field.value !== "" && Number.isFinite(Number(field.value)));
    return known ? L.latLng(...fields.map((field) => Number(field.value))) : null;
  };
  const follow = () => {
    const at = written();
    clear.hidden = !at;
    if (at) {
      show(at);
      if (!map.getBounds().contains(at)) map.setView(at, drawn.closest, { animate: false });
    } else {
      marker?.remove();
      marker = null;
    }
  };
  fields[1].addEventListener("input", follow);
  follow();
  if (marker) {
    map.setView(marker.getLatLng(), drawn.closest, { animate: false });
  } else {
    const middle = mostOf(drawn.outline.features.map(({ properties }) => properties.at), 0.5, 0.5)[0];
    map.setView(middle, 12, { animate: false });
  }
  canvas.focus({ preventScroll: true });
};

const KINDS = { points, wards, picker };

export const draw = async (figure) => {
  const [L, outline] = await Promise.all([leaflet(), fetched(figure.dataset.outline)]);
  KINDS[figure.dataset.map](new Drawn(L, figure, outline));
  figure.dataset.drawn = "true";
};
