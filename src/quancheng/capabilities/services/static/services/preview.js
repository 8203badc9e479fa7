// Shows a chosen picture before it is sent, and says at once when it is no picture that can be taken.
for (const input of document.querySelectorAll("input[type=file][data-preview]")) {
  const picture = document.createElement("img");
  picture.className = "preview";
  picture.width = 120;
  picture.hidden = true;
  picture.alt = "";
  input.after(picture);
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (picture.src) URL.revokeObjectURL(picture.src);
    picture.hidden = !file;
    if (file) picture.src = URL.createObjectURL(file);
  });
  picture.addEventListener("error", () => { picture.hidden = true; });
}
