// The whole run on a strip: how much was said when, who was down, and what is in sight.
function paintStrip(canvas, data, chosen, view) {
  const { RUN } = data;
  const ratio = devicePixelRatio || 1;
  const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
  const context = canvas.getContext("2d");
  const colours = coloursNow();
  const x = (us) => (us / Math.max(1, RUN.meta.end_us)) * wide;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colours.panel;
  context.fillRect(0, 0, wide, high);
  const bins = new Float64Array(Math.max(1, Math.ceil(wide / 2)));
  for (let n = 0; n < data.count; n++) {
    if (chosen.has[n]) bins[Math.min(bins.length - 1, Math.floor(x(RUN.messages.us[n]) / 2))]++;
  }
  const most = Math.max(1, ...bins);
  context.fillStyle = colours.soft;
  bins.forEach((count, n) => {
    const tall = Math.sqrt(count / most) * (high - 8);
    context.fillRect(n * 2, high - tall, 2, tall);
  });
  for (const band of RUN.bands) {
    if (band.row !== undefined) continue;
    context.fillStyle = colours.bad;
    context.fillRect(x(band.from), 0, Math.max(2, x(band.to ?? RUN.meta.end_us) - x(band.from)), 4);
  }
  context.strokeStyle = colours.accent;
  context.lineWidth = 2;
  const left = x(view.from);
  context.strokeRect(left + 1, 1, Math.max(3, x(view.to) - left - 2), high - 2);
  if (view.t !== null) line(context, x(view.t), 0, x(view.t), high);
}

function scaled(canvas) {
  const ratio = devicePixelRatio || 1;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function sized(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.height = `${height}px`;
}
