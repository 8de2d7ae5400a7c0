// The map of a case: outlines, spots and ways drawn by Leaflet. What names a spot is set as text.
(() => {
  if (window.faisceauMap) return;
  const state = {};
  const of = (id) => {
    const map = getElement(id).map;
    if (!state[id] || state[id].map !== map) {
      const L = window.L;
      const at = { map, L };
      for (const name of ["land", "communes", "names", "spots", "way"]) {
        at[name] = L.layerGroup().addTo(map);
      }
      L.control.scale({ imperial: false }).addTo(map);
      let waiting = null;
      map.on("moveend", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          const b = map.getBounds();
          emitEvent("fx-view", {
            zoom: map.getZoom(),
            box: [b.getSouth(), b.getWest(), b.getNorth(), b.getEast()],
          });
        }, 300);
      });
      state[id] = at;
    }
    return state[id];
  };
  const span = (text) => {
    const made = document.createElement("span");
    made.textContent = text;
    return made;
  };
  window.faisceauMap = {
    async land(id, url, look) {
      const s = of(id);
      const told = await (await fetch(url)).json();
      s.land.clearLayers();
      s.L.geoJSON(told, {
        interactive: false,
        style: { color: look.border, weight: 1, fillColor: look.land, fillOpacity: look.fill },
      }).addTo(s.land);
    },
    detail(id, lines, names, look) {
      const s = of(id);
      s.communes.clearLayers();
      s.names.clearLayers();
      if (lines.length) {
        s.L.polyline(lines, {
          color: look.border, weight: 0.6, opacity: 0.7, interactive: false, smoothFactor: 1.2,
        }).addTo(s.communes);
      }
      const taken = [];
      for (const [lat, lon, name] of names) {
        const at = s.map.latLngToContainerPoint([lat, lon]);
        const box = [at.x - 4, at.y - 9, at.x + 7 * name.length + 6, at.y + 9];
        if (taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue;
        taken.push(box);
        s.L.marker([lat, lon], {
          interactive: false, keyboard: false, opacity: 1,
          icon: s.L.divIcon({ className: "fx-town", html: span(name), iconSize: null }),
        }).addTo(s.names);
      }
    },
    spots(id, spots, ink) {
      const s = of(id);
      s.spots.clearLayers();
      spots.forEach(([lat, lon, radius, colour, label], n) => {
        s.L.circleMarker([lat, lon], {
          radius, color: ink, weight: 1, fillColor: colour, fillOpacity: 0.8,
        })
          .bindTooltip(span(label))
          .on("click", () => emitEvent("fx-spot", n))
          .addTo(s.spots);
      });
    },
    way(id, points, colour, ink) {
      const s = of(id);
      s.way.clearLayers();
      if (!points.length) return;
      const line = points.map(([lat, lon]) => [lat, lon]);
      s.L.polyline(line, { color: colour, weight: 3, opacity: 0.85, interactive: false }).addTo(s.way);
      points.forEach(([lat, lon, label], n) => {
        const end = n === 0 || n === points.length - 1;
        s.L.circleMarker([lat, lon], {
          radius: end ? 7 : 4, color: ink, weight: 1.5, fillColor: colour, fillOpacity: 1,
        }).bindTooltip(span(label)).addTo(s.way);
      });
      s.map.fitBounds(s.L.latLngBounds(line).pad(0.15), { maxZoom: 14 });
    },
    fit(id, box) {
      const s = of(id);
      s.map.fitBounds([[box[0], box[1]], [box[2], box[3]]], { maxZoom: 13, animate: false });
    },
  };
})();
