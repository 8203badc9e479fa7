// Signature pads: what is drawn goes into a hidden control as a PNG. Typing one's name stays possible.
export function startPads(form: HTMLFormElement): void {
  for (const pad of form.querySelectorAll<HTMLElement>("[data-sign]")) start(pad);
}

function start(pad: HTMLElement): void {
  const canvas = pad.querySelector("canvas");
  const kept = pad.querySelector<HTMLInputElement>("input[type=hidden]");
  const pen = canvas?.getContext("2d");
  if (!canvas || !kept || !pen) return;
  pad.hidden = false;
  const typed = pad.parentElement?.querySelector<HTMLDetailsElement>("details[data-typed]");
  if (typed && !typed.querySelector<HTMLInputElement>("input")?.value) typed.open = false;
  let drawing = false;
  const clear = (): void => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = "#111";
    pen.lineWidth = 5;
    pen.lineCap = pen.lineJoin = "round";
    kept.value = "";
  };
  const place = (event: PointerEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    drawing = true;
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...place(event));
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    pen.lineTo(...place(event));
    pen.stroke();
  });
  const lift = (): void => {
    if (drawing) kept.value = canvas.toDataURL("image/png");
    drawing = false;
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  pad.querySelector("[data-clear]")?.addEventListener("click", clear);
  clear();
}
