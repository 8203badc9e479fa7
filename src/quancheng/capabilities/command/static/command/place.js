// Fills the hidden lon and lat of forms marked data-place when the reader allows it.
const forms = document.querySelectorAll("form[data-place]");
if (forms.length && "geolocation" in navigator) {
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    for (const form of forms) {
      const lon = form.querySelector("[name=lon]");
      const lat = form.querySelector("[name=lat]");
      if (lon && lat && !lon.value) {
        lon.value = coords.longitude.toFixed(6);
        lat.value = coords.latitude.toFixed(6);
      }
    }
  }, () => undefined, { timeout: 8000, maximumAge: 60000 });
}
