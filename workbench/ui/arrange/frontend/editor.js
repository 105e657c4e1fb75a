// The editor of arrange mode: tiles over the live panels, dragged, resized and moved by keys. It proposes; the server
// answers with where panels stand, and that is shown. See README.md beside this file.
import { GridStack } from "gridstack";
import base from "gridstack/dist/gridstack.min.css";
import own from "./editor.css";

const PAUSE_MS = 300; // keys in quick succession are one step
const FAR = 10_000; // rows below everything
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP = "Arrow keys move it, Shift and arrow keys resize it, Control Z undoes, Escape leaves.";
const editors = new WeakMap();

// Called again whenever `data` changes. What is returned is called when the editor goes, and also for a call that was
// overtaken by the next one: then the editor stays.
export default function ({ data, parentElement, setStateValue }) {
  if (!editors.has(parentElement)) editors.set(parentElement, new Editor(parentElement, data));
  const editor = editors.get(parentElement);
  editor.show(data, (messages) => setStateValue("messages", messages));
  return () => {
    if (editor.data !== data) return;
    editor.close();
    editors.delete(parentElement);
  };
}

const element = (tag, className, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text; // never HTML: names are anybody's
  return made;
};
const four = (node) => [node.x, node.y, node.w, node.h];
const same = (some, others) => some.every((value, at) => value === others[at]);
const inReadingOrder = (one, other) => one.y - other.y || one.x - other.x;
const between = (least, value, most) => Math.min(Math.max(value, least), most);
const place = ({ x, y, w, h }) => `column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high`;

class Editor {
  constructor(parent, data) {
    this.number = 0; // of the last message
    this.unheard = []; // messages that the server has not answered
    this.tiles = new Map(); // by panel id
    this.root = element("div", "wb-arrange");
    this.root.style.setProperty("--wb-gap", `${data.gapPx}px`);
    this.host = element("div", "grid-stack");
    this.host.setAttribute("role", "application");
    this.host.setAttribute("aria-label", "Panels on the grid");
    this.said = element("div", "wb-said");
    this.said.setAttribute("role", "status");
    this.help = element("div", "wb-said", HELP);
    this.help.id = "wb-arrange-help";
    this.root.append(element("style", "", base + own), this.host, this.said, this.help);
    parent.append(this.root);
    this.grid = GridStack.init(
      {
        auto: false,
        column: data.columns,
        cellHeight: data.rowPx + data.gapPx,
        margin: data.gapPx / 2,
        float: true, // gaps are allowed: a panel stays where it is put
        animate: !matchMedia("(prefers-reduced-motion: reduce)").matches,
        resizable: { handles: "e,se,s,sw,w" },
      },
      this.host,
    );
    this.grid.on("change", () => this.changed());
    this.grid.on("dragstart resizestart", () => this.started());
    this.grid.on("dragstop resizestop", () => setTimeout(() => this.stopped()));
    this.onKey = (event) => this.pressed(event);
    this.onLeave = (event) => {
      if (!new URLSearchParams(location.search).has("arrange")) return; // saved or put away: it goes in a moment
      if (this.data.changed || this.unheard.length || this.pause) event.preventDefault();
    };
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("pointerdown", (this.onPointer = () => this.flush()), true); // "Save" comes after the keys
    window.addEventListener("beforeunload", this.onLeave);
  }

  close() {
    clearTimeout(this.pause);
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("pointerdown", this.onPointer, true);
    window.removeEventListener("beforeunload", this.onLeave);
    this.makeInert(false);
    this.grid.destroy(false);
    this.root.remove();
  }

  // ------------------------------------------------------------ from the server

  show(data, tell) {
    this.data = data;
    this.tell = tell;
    this.number = Math.max(this.number, data.taken);
    this.unheard = this.unheard.filter((message) => message.number > data.taken);
    this.makeInert(true);
    this.catchUp();
  }

  // Show what the server says, unless it has not heard all yet: then what stands here is newer.
  catchUp() {
    if (this.unheard.length || this.pause || this.moving) return;
    const restored = this.tiles.size > 0 && this.settle();
    if (!this.tiles.size) this.settle();
    this.root.classList.remove("wb-ahead");
    this.reorder();
    if (restored) this.announce("The layout changed.");
  }

  // Whether anything had to be moved.
  settle() {
    const { panels } = this.data;
    const known = new Set(panels.map((panel) => panel.id));
    this.quiet = true;
    this.grid.batchUpdate();
    for (const [id, tile] of this.tiles) {
      if (known.has(id)) continue;
      this.grid.removeWidget(tile);
      this.tiles.delete(id);
    }
    const elsewhere = panels.filter((panel) => {
      const tile = this.tiles.get(panel.id);
      return tile && !same(four(tile.gridstackNode), panel.box);
    });
    // First all out of the way, then each to its place: on the way none may push another.
    elsewhere.forEach((panel, at) => {
      const [w, h] = panel.least;
      this.grid.update(this.tiles.get(panel.id), { x: 0, y: FAR + 100 * at, w, h });
    });
    for (const panel of elsewhere) {
      const [x, y, w, h] = panel.box;
      this.grid.update(this.tiles.get(panel.id), { x, y, w, h });
    }
    for (const panel of panels) if (!this.tiles.has(panel.id)) this.add(panel);
    this.grid.batchUpdate(false);
    this.quiet = false;
    for (const panel of panels) this.label(this.tiles.get(panel.id), panel.name);
    return elsewhere.length > 0;
  }

  add(panel) {
    const [x, y, w, h] = panel.box;
    const [minW, minH] = panel.least;
    const tile = this.grid.addWidget({ id: panel.id, x, y, w, h, minW, minH, maxH: this.data.mostRows });
    tile.classList.add("wb-tile");
    tile.tabIndex = 0;
    tile.setAttribute("role", "group");
    tile.setAttribute("aria-roledescription", "movable panel");
    tile.setAttribute("aria-describedby", this.help.id);
    tile.querySelector(".grid-stack-item-content").append(element("div", "wb-tile-name"), element("div", "wb-tile-place"));
    this.tiles.set(panel.id, tile);
  }

  label(tile, name) {
    tile.dataset.name = name;
    tile.setAttribute("aria-label", `${name}, ${place(tile.gridstackNode)}`);
    tile.querySelector(".wb-tile-name").textContent = name;
    tile.querySelector(".wb-tile-place").textContent = `${tile.gridstackNode.w} × ${tile.gridstackNode.h}`;
  }

  // Tab goes from tile to tile as they are read. The focused one is not touched: it would lose the focus.
  reorder() {
    const focused = this.host.contains(document.activeElement) ? document.activeElement : null;
    let passed = !focused;
    for (const { el } of [...this.grid.engine.nodes].sort(inReadingOrder)) {
      if (el === focused) passed = true;
      else if (passed) this.host.append(el);
      else this.host.insertBefore(el, focused);
    }
  }

  // The live panels lie beneath: not to be clicked, focused or read out.
  makeInert(inert) {
    const covered = inert && this.root.checkVisibility(); // narrow screens show no editor: see style.css
    for (const grid of document.querySelectorAll(".st-key-grid")) grid.inert = covered;
  }

  // ------------------------------------------------------------ from the hand and the keys

  started() {
    this.flush();
    this.moving = true;
    this.root.classList.add("wb-moving");
  }

  stopped() {
    this.moving = false;
    this.root.classList.remove("wb-moving");
    this.catchUp();
  }

  changed() {
    if (this.quiet) return;
    this.root.classList.add("wb-ahead");
    for (const tile of this.tiles.values()) this.label(tile, tile.dataset.name);
    if (!this.byKey) this.sendMove();
  }

  pressed(event) {
    if (this.moving || event.target.closest?.("input, textarea, [contenteditable], [role=dialog]")) return;
    const did = this.asked(event);
    if (did) {
      event.preventDefault();
      this.flush();
      this.send(did);
    } else if (ARROWS[event.key] && event.target.gridstackNode && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.step(event.target, ARROWS[event.key], event.shiftKey);
    }
  }

  asked({ key, ctrlKey, metaKey, shiftKey }) {
    if (key === "Escape") return "leave";
    if (!ctrlKey && !metaKey) return null;
    if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
    return key.toLowerCase() === "y" ? "redo" : null;
  }

  step(tile, [right, down], resize) {
    const node = tile.gridstackNode;
    const { columns, mostRows } = this.data;
    const wish = resize
      ? { w: between(node.minW ?? 1, node.w + right, columns - node.x), h: between(node.minH ?? 1, node.h + down, mostRows) }
      : { x: between(0, node.x + right, columns - node.w), y: Math.max(0, node.y + down) };
    const before = this.grid.engine.nodes.map((other) => ({ other, at: four(other) }));
    this.byKey = true;
    this.grid.update(tile, wish);
    this.byKey = false;
    const moved = before.filter(({ other, at }) => !same(four(other), at)).map(({ other }) => other);
    if (!moved.includes(node)) return this.announce(`${tile.dataset.name}: no further.`);
    const pushed = moved.length - 1;
    const others = pushed ? `; ${pushed} ${pushed === 1 ? "panel" : "panels"} pushed down` : "";
    this.announce(`${tile.dataset.name}: ${place(node)}${others}.`);
    tile.scrollIntoView({ block: "nearest" });
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.flush(), PAUSE_MS);
  }

  announce(text) {
    this.said.textContent = text;
  }

  // ------------------------------------------------------------ to the server

  flush() {
    if (!this.pause) return;
    clearTimeout(this.pause);
    this.pause = null;
    this.sendMove();
  }

  sendMove() {
    this.send("move", Object.fromEntries(this.grid.engine.nodes.map((node) => [node.id, four(node)])));
  }

  // All that is unheard goes again: a run of the page may see only the last of several states.
  send(did, boxes = {}) {
    this.number += 1;
    this.unheard.push({ number: this.number, did, boxes });
    this.tell([...this.unheard]);
  }
}
