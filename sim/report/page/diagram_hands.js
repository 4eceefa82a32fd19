// What hands do to the diagram: with a pointer, with two fingers, with a wheel, with keys.

// Drag pans, two fingers and Ctrl with the wheel zoom, Shift with the wheel pans.
function pointAt(canvas, { pan, zoom, hover, leave, click, twice }) {
  const fingers = new Map();
  let moved = 0;

  canvas.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event.offsetX);
    moved = 0;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) {
      hover(event);
      return;
    }
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    fingers.set(event.pointerId, event.offsetX);
    moved += Math.abs(event.offsetX - before);
    if (others.length === 0) {
      pan((before - event.offsetX) / canvas.clientWidth);
      return;
    }
    const [other] = others;
    const [far, now] = [Math.abs(before - other), Math.abs(event.offsetX - other)];
    if (far > 10 && now > 10) zoom(far / now, other / canvas.clientWidth);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      if (name === "pointerup" && moved < 5) click(event);
    });
  }
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("dblclick", twice);
  const wheel = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      event.preventDefault();
      zoom(Math.exp(event.deltaY * 0.004), event.offsetX / canvas.clientWidth);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      pan((event.deltaX || event.deltaY) / canvas.clientWidth);
    }
  };
  canvas.addEventListener("wheel", wheel, { passive: false });
}

function pressKeys(canvas, { pan, zoom, all, next, only, everything }) {
  const keys = {
    ArrowLeft: () => pan(-0.2),
    ArrowRight: () => pan(0.2),
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    0: all,
    n: () => next(1),
    p: () => next(-1),
    Enter: only,
    Escape: everything,
  };
  canvas.addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
}

// Tells where on a strip the pointer is as long as it is held down, as a share of its width.
function dragAlong(strip, follow) {
  const tell = (event) => follow(event.offsetX / strip.clientWidth);
  strip.addEventListener("pointerdown", (event) => {
    strip.setPointerCapture(event.pointerId);
    tell(event);
  });
  strip.addEventListener("pointermove", (event) => {
    if (strip.hasPointerCapture(event.pointerId)) tell(event);
  });
}
