"use strict";
// Faces: two people, the walk between their codes, neighbours, directions of the code and samples of the prior.

(function () {
  const section = $("#faces"), { people, dim, std } = facts.faces;
  let codes = null, directions = null, shape = null, drawPhoto = null, stop = () => {};
  let pair = [0, 1], slot = 0, place = 0, neighboursOf = -1, offsets = [], sliders = [];

  const codeOf = (k) => codes.subarray(k * dim, (k + 1) * dim);
  const show = (canvas, images) => paint(canvas, images, shape);
  const decodeTo = (canvas) => latest(async (code) => {
    const { images, milliseconds } = await decode("faces", code);
    show(canvas, images);
    section.dataset.milliseconds = milliseconds.toFixed(1);
  });
  const showWalk = decodeTo($("#walk-face"));
  const showEnds = $$(".end-decoded").map(decodeTo);

  /** The code of the walk's place, moved along the directions. */
  function walkCode() {
    const code = blend(codeOf(pair[0]), codeOf(pair[1]), place);
    offsets.forEach((offset, k) => {
      if (offset) for (let i = 0; i < dim; i++) code[i] += offset * directions[k * dim + i];
    });
    return code;
  }

  /** Shows the walk at t in [0, 1], eased. */
  function go(t) {
    place = ease(t);
    $("#walk-slider").value = t;
    $("#walk-share").textContent = `${(100 * place).toFixed(0)}%`;
    showWalk(walkCode());
  }

  function choosePerson(k) {
    stop();
    pair[slot] = k;
    showPair();
    setSlot(1 - slot);
  }

  function setSlot(next) {
    slot = next;
    $$(".end").forEach((button, k) => button.setAttribute("aria-pressed", k === slot));
  }

  function showPair() {
    $$(".end").forEach((button, which) => {
      drawPhoto($(".end-photo", button), pair[which]);
      $(".end-photo", button).setAttribute("aria-label", `photo of ${people[pair[which]]}`);
      $(".end-decoded", button).setAttribute("aria-label", `reconstruction of ${people[pair[which]]}`);
      $(".name", button).textContent = people[pair[which]];
      showEnds[which](codeOf(pair[which]));
    });
    if (pair[0] !== neighboursOf) showNeighbours(); // else they keep the focus
    go(Number($("#walk-slider").value));
  }

  const distance = (a, b) => Math.hypot(...codeOf(a).map((value, i) => value - codeOf(b)[i]));

  /** The people whose codes are nearest to that of the first chosen one. */
  function showNeighbours() {
    const [self] = pair;
    neighboursOf = self;
    const near = people.map((_, k) => ({ k, away: distance(self, k) })).filter(({ k }) => k !== self)
      .sort((a, b) => a.away - b.away).slice(0, facts.faces.neighbours);
    $("#neighbours-title").textContent = `Nearest to ${people[self]}`;
    $("#neighbours").replaceChildren(...near.map(({ k, away }) => personButton(k, `${people[k]}, ${away.toFixed(1)}`, () => {
      setSlot(1);
      choosePerson(k);
      $("#walk-face").scrollIntoView({ block: "nearest" });
      if (!still.matches) playWalk();
    })));
  }

  function playWalk() {
    stop();
    stop = play(3, go);
  }

  function personButton(k, label, onclick) {
    const canvas = picture(`photo of ${people[k]}`, 64);
    drawPhoto(canvas, k);
    return make("button", { class: "person", onclick }, canvas, make("span", {}, label));
  }

  /** All people whose name has the words that are searched. */
  function search() {
    const wanted = $("#search").value.toLowerCase().split(/\s+/);
    let found = 0;
    $$("#people button").forEach((button, k) => {
      button.hidden = !wanted.every((word) => people[k].toLowerCase().includes(word));
      found += !button.hidden;
    });
    $("#found").textContent = `${found} of ${people.length} people`;
  }

  const showSamples = latest(async () => {
    const canvases = $$("#samples canvas"), width = Number($("#temperature").value);
    const drawn = Array.from({ length: canvases.length * dim }, () => width * std * normal());
    for (const [k, canvas] of canvases.entries()) {
      const { images } = await decode("faces", drawn.slice(k * dim, (k + 1) * dim));
      show(canvas, images);
    }
  });

  async function start() {
    const [{ arrays }, draw] = await Promise.all([bundle("people"), atlas("faces", facts.faces.atlas)]);
    [codes, directions, drawPhoto] = [arrays.codes.values, arrays.directions.values, draw];
    shape = [3, facts.faces.atlas.height, facts.faces.atlas.width];
    offsets = Array(arrays.directions.shape[0]).fill(0);
    sliders = offsets.map((_, k) => {
      const label = `direction ${k + 1}: ${(100 * facts.faces.shares[k]).toFixed(0)}%`;
      return slider(label, { min: -4 * std, max: 4 * std, step: 0.1, value: 0 }, (to) => {
        offsets[k] = to;
        showWalk(walkCode());
      });
    });
    $("#directions").replaceChildren(...sliders.map((each) => each.row));
    $("#people").replaceChildren(...people.map((name, k) => personButton(k, name, () => choosePerson(k))));
    search();
    setSlot(0);
    showPair();
    showSamples();
    $$(".end").forEach((button, k) => (button.onclick = () => setSlot(k)));
    $("#walk-slider").oninput = () => {
      stop();
      go(Number($("#walk-slider").value));
    };
    $("#walk-play").onclick = playWalk;
    $("#directions-none").onclick = () => {
      offsets.fill(0);
      sliders.forEach((each) => each.set(0));
      showWalk(walkCode());
    };
    $("#search").oninput = search;
    $("#sample").onclick = showSamples;
    $("#temperature").oninput = () => ($("#temperature-value").textContent = Number($("#temperature").value).toFixed(2));
  }

  whenNear(section, start);
})();
