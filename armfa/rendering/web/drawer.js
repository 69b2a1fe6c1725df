// Draws the scenes of armfa/rendering/frames.py on a canvas. No library, no network.
"use strict";

const LETTERS = 10; // pixels: no words are written smaller
const FONT = "'DejaVu Sans', system-ui, sans-serif";

class SceneDrawer {
  // canvas: a square one; backdrop: what `backdrop_frame` gives. The canvas may change its size at any time.
  constructor(canvas, backdrop) {
    this.canvas = canvas;
    this.backdrop = backdrop;
    this.still = document.createElement("canvas");
    const [x, y, width] = backdrop.view;
    this.corner = [(x - width / 2) / backdrop.unit, (y + width / 2) / backdrop.unit]; // top left, units
    this.width = width / backdrop.unit;
  }

  // Draws one frame: what `scene_frame` gives.
  draw(frame) {
    const side = Math.max(1, Math.round(this.canvas.clientWidth * (window.devicePixelRatio || 1)));
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    if (this.still.width !== side) this.drawStill(side);
    const context = this.canvas.getContext("2d");
    context.drawImage(this.still, 0, 0);
    this.shapes(context, frame, side);
  }

  // The place in the plane (m) under a point of the canvas, given as shares from its top left.
  place(right, down) {
    const [x, y, width] = this.backdrop.view;
    return [x + (right - 0.5) * width, y + (0.5 - down) * width];
  }

  // The middle of the view, m.
  get middle() {
    return this.backdrop.view.slice(0, 2);
  }

  drawStill(side) {
    this.still.width = this.still.height = side;
    const context = this.still.getContext("2d");
    context.fillStyle = this.backdrop.color;
    context.fillRect(0, 0, side, side);
    this.shapes(context, this.backdrop.shapes, side);
  }

  shapes(context, shapes, side) {
    const scale = side / this.width;
    const [left, top] = this.corner;
    context.lineCap = context.lineJoin = "round";
    context.textBaseline = "middle";
    for (const shape of shapes) {
      const [kind, color] = shape;
      context.fillStyle = context.strokeStyle = color;
      if (kind === "t") {
        this.words(context, shape, scale);
        continue;
      }
      let at = { p: 2, l: 3, c: 4 }[kind];
      let x = (shape[at] - left) * scale;
      let y = (top - shape[at + 1]) * scale;
      context.beginPath();
      if (kind === "c") {
        context.arc(x, y, shape[2] * scale, 0, 2 * Math.PI);
        if (!shape[3]) context.fill();
        else {
          context.lineWidth = Math.max(1, shape[3] * scale);
          context.stroke();
        }
        continue;
      }
      context.moveTo(x, y);
      for (at += 2; at < shape.length; at += 2) {
        x += shape[at] * scale;
        y -= shape[at + 1] * scale;
        context.lineTo(x, y);
      }
      if (kind === "p") context.fill();
      else {
        context.lineWidth = shape[2] * scale;
        context.stroke();
      }
    }
  }

  words(context, [, , tall, words, align, bold, room, short, x, y], scale) {
    const least = LETTERS * (window.devicePixelRatio || 1);
    const height = Math.max(least, tall * scale);
    context.font = `${bold ? "bold " : ""}${height}px ${FONT}`;
    context.textAlign = align;
    let lines = words.split("\n");
    if (room) {
      const wide = Math.max(...lines.map((line) => context.measureText(line).width));
      if (wide > room[0] * scale || lines.length * height > room[1] * scale) lines = short ? [short] : [];
    }
    const middle = (this.corner[1] - y) * scale;
    lines.forEach((line, number) => {
      const down = (number - (lines.length - 1) / 2) * 1.4 * height;
      context.fillText(line, (x - this.corner[0]) * scale, middle + down);
    });
  }
}
