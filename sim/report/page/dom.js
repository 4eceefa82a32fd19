// Elements, a line each.  Data goes in as text and as attributes, and never as HTML.
//
//   element("p", { class: "why" }, "told ", element("b", {}, name))

const SVG_SPACE = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG_SPACE, tag), attributes, children);
}

// The value of one of the page's colours, as the theme has it: colour("--bad").
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Virtual time as people read it: 97.823 ms.
function inMs(us, digits = 3) {
  return `${(us / 1000).toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })} ms`;
}

const calmMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
