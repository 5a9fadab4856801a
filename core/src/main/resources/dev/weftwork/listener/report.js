'use strict';
// Everything that isn't in the page as HTML is made here, from the data below it. Texts come from machines: they are only
// ever set as text, never as markup.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);

  // Letter in the data -> class in the style sheet, sign, words, how bad it is.
  const STEP = {
    C: ['CHANGED', 'C', 'changed', 2],
    U: ['UNCHANGED', '=', 'unchanged', 1],
    W: ['WOULD_CHANGE', 'W', 'would change', 2],
    Q: ['UNKNOWN', '?', 'can\u2019t be known', 3],
    S: ['SKIPPED', '\u2013', 'skipped', 0],
    I: ['IGNORED', 'I', 'failed, ignored', 5],
    F: ['FAILED', 'F', 'failed', 7],
    X: ['CANCELLED', 'X', 'cancelled', 6],
    N: ['NOT_RUN', '', 'not run', 0],
  };
  const HOST = {
    OK: ['OK', '\u2713', 'succeeded', 0],
    FAILED: ['FAILED', 'F', 'failed', 7],
    UNREACHABLE: ['UNREACHABLE', 'U', 'unreachable', 8],
    CANCELLED: ['CANCELLED', 'X', 'cancelled', 6],
    STOPPED: ['STOPPED', 'T', 'stopped', 4],
  };
  const MADE = [['CHANGED', 'C'], ['FAILED', 'F'], ['NOT_RUN', '']];

  const steps = data.steps;
  const hosts = data.hosts.map((row, index) => {
    const [name, status, groups, started, connected, ended, message, letters, times, said, machines] = row;
    const host = {
      index, name, status: HOST[status], statusName: status, groups, started, connected, ended, message, letters,
      began: new Float64Array(steps.length).fill(-1),
      took: new Float64Array(steps.length),
      said: pairs(said),
      machines: pairs(machines),
      busy: 0,
    };
    let before = 0;
    let at = 0;
    for (let step = 0; step < steps.length; step++) {
      if (letters[step] === 'N') continue;
      const gap = times[at++];
      const took = times[at++];
      if (gap < 0) continue;
      host.began[step] = before + gap;
      host.took[step] = took;
      before += gap + took;
      host.busy += took;
    }
    host.connecting = started < 0 ? 0 : Math.max(0, (connected < 0 ? ended : connected) - started);
    if (connected < 0 && before > 0) host.connecting = 0;
    host.busy += host.connecting;
    host.trouble = Math.max(host.status[3], ...Array.from(letters, (letter) => STEP[letter][3] > 4 ? STEP[letter][3] : 0));
    return host;
  });
  const end = Math.max(data.elapsed, 1, hosts.reduce((most, host) => Math.max(most, host.ended), 0));

  function pairs(list) {
    const map = new Map();
    for (let i = 0; i < list.length; i += 2) map.set(list[i], list[i + 1]);
    return map;
  }

  // ---- small things

  function element(name, properties, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties || {})) {
      if (key in made && key !== 'role') made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
    return made;
  }

  function chip(mark) {
    return element('span', { className: 'chip ' + mark[0], 'aria-hidden': 'true' }, mark[1]);
  }

  const whole = new Intl.NumberFormat('en');
  const count = (number, one, many) => whole.format(number) + ' ' + (number === 1 ? one : many);

  function duration(micros) {
    const ms = micros / 1000;
    if (ms < 1) return (ms < 0.05 ? '0' : ms.toFixed(1)) + ' ms';
    if (ms < 999.5) return ms.toFixed(0) + ' ms';
    if (ms < 59995) return (ms / 1000).toFixed(2) + ' s';
    const s = Math.round(ms / 1000);
    return s < 3600 ? Math.floor(s / 60) + ' min ' + s % 60 + ' s' : Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
  }

  const later = (task) => {
    let waiting = false;
    return () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; task(); });
    };
  };

  // ---- filter

  const form = byId('filter');
  let shown = hosts;

  function option(value, text) {
    return element('option', { value }, text);
  }

  function fillFilter() {
    byId('filter-group').append(option('', 'all'), ...data.groups.map((name, index) => option(String(index), name)));
    byId('filter-group').disabled = data.groups.length === 0;
    const had = new Set(hosts.map((host) => host.statusName));
    const letters = new Set(hosts.flatMap((host) => Array.from(host.letters)));
    byId('filter-outcome').append(
      option('', 'all'),
      element('optgroup', { label: 'Hosts that' }, ...Object.keys(HOST).filter((key) => had.has(key))
        .map((key) => option('host ' + key, (key === 'OK' || key === 'FAILED' ? '' : 'were ') + HOST[key][2]))),
      element('optgroup', { label: 'Hosts with a step' }, ...Object.keys(STEP).filter((key) => letters.has(key))
        .map((key) => option('step ' + key, STEP[key][2]))));
  }

  function patternOf(text) {
    const words = text.split(/[\s,]+/).filter((word) => word !== '');
    if (words.length === 0) return null;
    return new RegExp(words.map((word) => {
      const escaped = word.replace(/[.+^${}()|[\]\\]/g, '\\$&');
      return /[*?]/.test(word) ? '^' + escaped.replace(/\*/g, '.*').replace(/\?/g, '.') + '$' : escaped;
    }).join('|'), 'i');
  }

  function filter() {
    const pattern = patternOf(byId('filter-host').value);
    const group = byId('filter-group').value;
    const [of, outcome] = byId('filter-outcome').value.split(' ');
    const order = byId('filter-order').value;
    shown = hosts.filter((host) => (!pattern || pattern.test(host.name))
      && (group === '' || host.groups.includes(Number(group)))
      && (!outcome || (of === 'host' ? host.statusName === outcome : host.letters.includes(outcome))));
    if (order === 'failures') shown.sort((a, b) => b.trouble - a.trouble || a.index - b.index);
    if (order === 'slowest') shown.sort((a, b) => b.busy - a.busy || a.index - b.index);
    byId('filter-count').value = shown.length === hosts.length
      ? count(hosts.length, 'host', 'hosts')
      : whole.format(shown.length) + ' of ' + count(hosts.length, 'host', 'hosts');
    page = 0;
    cursor = null;
    showFindings();
    layOut();
    showSlowest();
    showTable();
  }

  // ---- findings

  const NAMES = 30;

  function showFindings() {
    const visible = new Set(shown);
    for (const article of document.querySelectorAll('.finding')) {
      const all = data.findings[Number(article.dataset.finding)];
      const here = all.map((index) => hosts[index]).filter((host) => visible.has(host));
      article.hidden = here.length === 0;
      article.querySelector('.on').textContent = here.length === all.length
        ? count(all.length, 'host', 'hosts')
        : whole.format(here.length) + ' of ' + count(all.length, 'host', 'hosts');
      showNames(article.querySelector('.names'), here, NAMES);
    }
    for (const none of document.querySelectorAll('.filtered')) {
      const articles = Array.from(none.parentElement.querySelectorAll('.finding'));
      none.hidden = articles.length === 0 || articles.some((article) => !article.hidden);
    }
  }

  function showNames(list, here, limit) {
    list.replaceChildren(...here.slice(0, limit).map((host) => element('li', {}, hostButton(host))));
    if (here.length > limit) {
      const more = element('button', { type: 'button' }, 'and ' + whole.format(here.length - limit) + ' more');
      more.addEventListener('click', () => {
        showNames(list, here, here.length);
        list.children[limit].firstChild.focus();
      });
      list.append(element('li', {}, more));
    }
  }

  function hostButton(host) {
    return element('button', { type: 'button', 'data-host': host.index, 'aria-haspopup': 'dialog' }, host.name);
  }

  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-host]') : null;
    if (button) openHost(hosts[Number(button.dataset.host)], -1);
  });

  // ---- timeline

  const chart = byId('chart');
  const inside = byId('chart-inside');
  const canvas = byId('canvas');
  const pen = canvas.getContext('2d');
  const tip = byId('tip');
  const AXIS = 26;
  const FONT = '12px system-ui, sans-serif';
  let gutter = 120;
  let rowHeight = 22;
  let zoom = 1;
  let allInView = hosts.length > 100;
  let cursor = null;
  let colours = {};
  const darkness = matchMedia('(prefers-color-scheme: dark)');

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    colours = {};
    for (const name of ['ink', 'soft', 'line', 'card', 'focus', 'CONNECT']) colours[name] = style.getPropertyValue('--' + name).trim();
    for (const [name] of [...Object.values(STEP), ...Object.values(HOST)]) {
      colours[name] = style.getPropertyValue('--' + name).trim();
      colours[name + '-ink'] = style.getPropertyValue('--' + name + '-ink').trim();
    }
    colours.fill = {
      FAILED: hatch('FAILED', [[0, 8, 8, 0], [-2, 2, 2, -2], [6, 10, 10, 6]]),
      UNREACHABLE: hatch('UNREACHABLE', [[0, 8, 8, 0], [-2, 2, 2, -2], [6, 10, 10, 6], [0, 0, 8, 8]]),
      IGNORED: hatch('IGNORED', [[2, 0, 2, 8], [6, 0, 6, 8]]),
      CANCELLED: hatch('CANCELLED', [[0, 2, 8, 2], [0, 6, 8, 6]]),
      WOULD_CHANGE: hatch('WOULD_CHANGE', [[3, 4, 5, 4]]),
      UNKNOWN: hatch('UNKNOWN', [[1, 2, 3, 2], [5, 6, 7, 6]]),
    };
  }

  function hatch(name, lines) {
    const tile = document.createElement('canvas');
    tile.width = tile.height = 8;
    const own = tile.getContext('2d');
    own.fillStyle = colours[name];
    own.fillRect(0, 0, 8, 8);
    own.strokeStyle = colours[name + '-ink'];
    own.globalAlpha = 0.45;
    for (const [x1, y1, x2, y2] of lines) {
      own.beginPath();
      own.moveTo(x1, y1);
      own.lineTo(x2, y2);
      own.stroke();
    }
    return pen.createPattern(tile, 'repeat');
  }

  function layOut() {
    // What is jumped to stands below the filter where that stays in view.
    document.documentElement.style.scrollPaddingTop =
      getComputedStyle(form).position === 'sticky' ? form.offsetHeight + 8 + 'px' : '';
    if (chart.clientWidth === 0) return;
    const width = chart.clientWidth;
    const most = Math.max(240, Math.min(innerHeight * 0.7, 640));
    pen.font = FONT;
    const longest = shown.reduce((all, host) => host.name.length > all.length ? host.name : all, '');
    gutter = Math.ceil(Math.min(pen.measureText('X ' + longest).width + 20, width * (width < 600 ? 0.28 : 0.2)));
    rowHeight = allInView ? Math.min(22, (most - AXIS) / Math.max(1, shown.length)) : 22;
    if (allInView && rowHeight < 11) gutter = 10;
    const height = AXIS + Math.ceil(rowHeight * shown.length) + 4;
    inside.style.height = height + 'px';
    inside.style.width = gutter + (width - gutter) * zoom + 'px';
    chart.style.height = Math.min(height, most) + (chart.offsetHeight - chart.clientHeight) + 'px';
    byId('zoom').textContent = zoom + '\u00d7';
    byId('zoom-out').disabled = zoom === 1;
    byId('zoom-in').disabled = zoom === 256;
    draw();
  }

  const scale = () => (chart.clientWidth - gutter - 8) * zoom / end;
  const xOf = (micros) => gutter + micros * scale() - chart.scrollLeft;
  const yOf = (row) => AXIS + row * rowHeight - chart.scrollTop;

  function draw() {
    const width = chart.clientWidth;
    const height = chart.clientHeight;
    const dots = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * dots) || canvas.height !== Math.round(height * dots)) {
      canvas.width = Math.round(width * dots);
      canvas.height = Math.round(height * dots);
      canvas.style.width = width + 'px';
      canvas.style.height = height + 'px';
    }
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.fillStyle = colours.card;
    pen.fillRect(0, 0, width, height);
    pen.font = FONT;
    pen.textBaseline = 'middle';
    drawGrid(width, height);
    const first = Math.max(0, Math.floor(chart.scrollTop / rowHeight));
    const last = Math.min(shown.length, Math.ceil((chart.scrollTop + height - AXIS) / rowHeight) + 1);
    pen.save();
    pen.beginPath();
    pen.rect(gutter, AXIS, width - gutter, height - AXIS);
    pen.clip();
    // Where rows are thinner than a line the worst of what falls on it is to be seen.
    const passes = rowHeight < 3 ? [[-1, 4], [4, 9]] : [[-1, 9]];
    for (const [from, to] of passes) {
      for (let row = first; row < last; row++) drawBars(shown[row], row, from, to, width);
    }
    pen.restore();
    drawNames(first, last, height);
    drawAxis(width);
    if (cursor) drawCursor();
  }

  function ticks() {
    const width = (chart.clientWidth - gutter) * zoom;
    const wanted = end / Math.max(2, width / 110);
    const units = [1e3, 1e6, 60e6, 3600e6];
    for (const unit of units) {
      const factors = unit === 1e3 ? [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500]
        : unit < 3600e6 ? [1, 2, 5, 10, 15, 30] : [1, 2, 3, 6, 12, 24, 48, 96];
      for (const factor of factors) if (unit * factor >= wanted) return unit * factor;
    }
    return wanted;
  }

  function tickText(micros, step) {
    if (micros === 0) return '0';
    if (step < 1e3) return (micros / 1e3).toFixed(1) + ' ms';
    if (end < 1e6) return Math.round(micros / 1e3) + ' ms';
    if (end < 120e6) return (micros / 1e6).toFixed(step < 1e5 ? 2 : step < 1e6 ? 1 : 0) + ' s';
    const s = Math.round(micros / 1e6);
    const text = Math.floor(s / 3600) + ':' + String(Math.floor(s % 3600 / 60)).padStart(2, '0') + ':' + String(s % 60).padStart(2, '0');
    return s < 3600 ? text.slice(2) : text;
  }

  function eachTick(width, task) {
    const step = ticks();
    const from = Math.max(0, Math.floor(chart.scrollLeft / scale() / step));
    for (let i = from; i * step <= end; i++) {
      const x = Math.round(xOf(i * step)) + 0.5;
      if (x > width) break;
      if (x >= gutter) task(x, i * step, step);
    }
  }

  function drawGrid(width, height) {
    pen.fillStyle = colours.line;
    eachTick(width, (x) => pen.fillRect(x - 0.5, AXIS, 1, height));
  }

  function drawAxis(width) {
    pen.fillStyle = colours.card;
    pen.fillRect(0, 0, width, AXIS);
    pen.fillStyle = colours.soft;
    eachTick(width, (x, micros, step) => {
      const text = tickText(micros, step);
      const wide = pen.measureText(text).width;
      pen.fillText(text, Math.min(x + (micros === 0 ? 0 : -wide / 2), width - wide - 2), AXIS / 2);
    });
    pen.fillStyle = colours.line;
    pen.fillRect(0, AXIS - 1, width, 1);
  }

  function drawNames(first, last, height) {
    if (rowHeight < 11) return;
    pen.fillStyle = colours.card;
    pen.fillRect(0, AXIS, gutter, height);
    for (let row = first; row < last; row++) {
      const host = shown[row];
      const y = yOf(row) + rowHeight / 2;
      const troubled = host.status[3] > 0;
      pen.fillStyle = troubled ? colours[host.status[0]] : colours.line;
      pen.fillRect(2, y - rowHeight / 2 + 3, 4, rowHeight - 6);
      pen.fillStyle = colours.ink;
      pen.fillText(fitted((troubled ? host.status[1] + ' ' : '') + host.name, gutter - 14), 10, y);
    }
  }

  function fitted(text, width) {
    if (pen.measureText(text).width <= width) return text;
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pen.measureText(text.slice(0, middle) + '\u2026').width <= width) low = middle;
      else high = middle - 1;
    }
    return low === 0 ? '' : text.slice(0, low) + '\u2026';
  }

  function drawBars(host, row, from, to, width) {
    const y = rowHeight < 3 ? Math.floor(yOf(row)) : yOf(row) + (rowHeight > 8 ? 3 : 0.5);
    const tall = rowHeight < 3 ? Math.max(1, rowHeight) : rowHeight - (rowHeight > 8 ? 6 : 1);
    if (from < 0 && rowHeight >= 6 && host.ended > 0) {
      const begin = xOf(0);
      pen.fillStyle = colours.line;
      pen.fillRect(begin, y + tall / 2 - 0.5, xOf(host.ended) - begin, 1);
    }
    if (host.connecting > 0) {
      const failed = host.connected < 0;
      const mark = failed ? host.status[0] : 'CONNECT';
      const bad = failed ? 8 : 0;
      if (bad > from && bad <= to) {
        const thin = failed ? 0 : tall * 0.25;
        drawBar(mark, host.started, host.connecting, y + thin, tall - 2 * thin, width, failed ? host.status[1] : '');
      }
    }
    for (let step = 0; step < steps.length; step++) {
      const mark = STEP[host.letters[step]];
      if (host.began[step] >= 0 && mark[3] > from && mark[3] <= to) {
        const sign = mark[3] > 2 || mark[0] === 'WOULD_CHANGE' ? mark[1] + ' ' : '';
        // Without room for a gap the end of one step is to be seen by the next.
        pen.globalAlpha = rowHeight < 3 && step % 2 === 1 && mark[3] < 4 ? 0.72 : 1;
        drawBar(mark[0], host.began[step], host.took[step], y, tall, width, sign + steps[step]);
        pen.globalAlpha = 1;
      }
    }
  }

  function drawBar(mark, began, took, y, tall, width, text) {
    const x = xOf(began);
    const thin = rowHeight < 3;
    const bad = thin && (mark === 'FAILED' || mark === 'UNREACHABLE' || mark === 'CANCELLED');
    const wide = Math.max(bad ? 4 : thin ? 1 : 1.5, took * scale() - (!thin && took * scale() > 4 ? 1 : 0));
    if (x > width || x + wide < gutter) return;
    if (bad) {
      // A few of thousands must not be overlooked.
      pen.fillStyle = colours.card;
      pen.fillRect(x - 1, y - 2, wide + 2, tall + 4);
      tall += 2;
      y -= 1;
    }
    pen.fillStyle = (rowHeight >= 5 && colours.fill[mark]) || colours[mark];
    pen.fillRect(x, y, wide, tall);
    if (mark === 'SKIPPED' && wide > 3 && tall > 6) {
      pen.strokeStyle = colours.soft;
      pen.setLineDash([2, 2]);
      pen.strokeRect(x + 0.5, y + 0.5, wide - 1, tall - 1);
      pen.setLineDash([]);
    }
    if (text !== '' && wide > 16 && tall >= 12) {
      const left = Math.max(x, gutter);
      const label = fitted(text, x + wide - left - 6);
      if (label === '') return;
      if (colours.fill[mark]) {
        pen.fillStyle = colours[mark];
        pen.fillRect(left + 1, y + 1, pen.measureText(label).width + 5, tall - 2);
      }
      pen.fillStyle = colours[mark + '-ink'] || colours.ink;
      pen.fillText(label, left + 3, y + tall / 2 + 0.5);
    }
  }

  // What the cursor is at: a row, and connecting (-1) or a step.
  function spanOf(host, step) {
    return step < 0 ? [Math.max(0, host.started), host.connecting] : [Math.max(0, host.began[step]), host.took[step]];
  }

  function drawCursor() {
    const host = shown[cursor.row];
    const [began, took] = spanOf(host, cursor.step);
    pen.strokeStyle = colours.focus;
    pen.lineWidth = 2;
    pen.strokeRect(xOf(began) - 1, yOf(cursor.row), Math.max(4, took * scale()) + 2, Math.max(4, rowHeight));
    pen.lineWidth = 1;
  }

  function describe(host, step) {
    const lines = [host.name + ': ' + host.status[2]];
    if (step < 0) {
      const began = host.started < 0 ? '' : ', from ' + duration(host.started);
      lines.push(host.started < 0 ? 'its turn never came'
        : (host.connected < 0 ? 'no connection after ' : 'connecting, ') + duration(host.connecting) + began);
    } else {
      const machine = host.machines.has(step) ? ' on ' + data.texts[host.machines.get(step)] : '';
      lines.push('step ' + (step + 1) + ', ' + steps[step] + machine + ': ' + STEP[host.letters[step]][2]
        + (host.began[step] < 0 ? '' : ', ' + duration(host.took[step]) + ', from ' + duration(host.began[step])));
    }
    return lines.join('\n');
  }

  function hit(event) {
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const row = Math.floor((y - AXIS + chart.scrollTop) / rowHeight);
    if (y < AXIS || row < 0 || row >= shown.length) return null;
    const host = shown[row];
    if (x < gutter) return { row, step: -1, bar: false };
    const at = (x - gutter + chart.scrollLeft) / scale();
    const near = 3 / scale();
    for (let step = steps.length - 1; step >= 0; step--) {
      const began = host.began[step];
      if (began >= 0 && at >= began - near && at <= began + host.took[step] + near) return { row, step, bar: true };
    }
    const [began, took] = spanOf(host, -1);
    if (host.started >= 0 && at >= began - near && at <= began + took + near) return { row, step: -1, bar: true };
    return { row, step: -1, bar: false };
  }

  chart.addEventListener('pointermove', (event) => {
    const at = hit(event);
    tip.hidden = at === null;
    if (at === null) return;
    const host = shown[at.row];
    tip.textContent = at.bar ? describe(host, at.step) : host.name + ': ' + host.status[2] + '\nwaiting, or through';
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 4)) + 'px';
    tip.style.top = (event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18) + 'px';
  });
  chart.addEventListener('pointerleave', () => { tip.hidden = true; });
  chart.addEventListener('click', (event) => {
    const at = hit(event);
    if (at) openHost(shown[at.row], at.step);
  });
  chart.addEventListener('scroll', later(draw), { passive: true });
  chart.addEventListener('keydown', (event) => {
    if (shown.length === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = Math.max(1, Math.floor((chart.clientHeight - AXIS) / rowHeight) - 1);
    const moves = {
      ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1],
      PageDown: [rows, 0], PageUp: [-rows, 0], Home: [-shown.length, 0], End: [shown.length, 0],
    };
    if (event.key === 'Enter' && cursor) {
      openHost(shown[cursor.row], cursor.step);
    } else if (event.key === '+' || event.key === '-') {
      changeZoom(event.key === '+' ? 2 : 0.5);
    } else if (moves[event.key]) {
      const [down, right] = moves[event.key];
      const last = steps.length - 1;
      cursor = cursor === null ? { row: 0, step: -1 } : {
        row: Math.max(0, Math.min(shown.length - 1, cursor.row + down)),
        step: Math.max(-1, Math.min(last, cursor.step + right)),
      };
      bringIntoView();
      byId('chart-said').textContent = describe(shown[cursor.row], cursor.step);
    } else {
      return;
    }
    event.preventDefault();
  });
  chart.addEventListener('blur', () => {
    if (cursor === null || byId('host').open) return;
    cursor = null;
    draw();
  });

  function bringIntoView() {
    const top = cursor.row * rowHeight;
    const [began, took] = spanOf(shown[cursor.row], cursor.step);
    const left = began * scale();
    if (top < chart.scrollTop) chart.scrollTop = top;
    if (top + rowHeight > chart.scrollTop + chart.clientHeight - AXIS) chart.scrollTop = top + rowHeight - chart.clientHeight + AXIS;
    if (left < chart.scrollLeft || left + took * scale() > chart.scrollLeft + chart.clientWidth - gutter) chart.scrollLeft = left - 20;
    draw();
  }

  function changeZoom(by) {
    const before = zoom;
    const centre = (chart.scrollLeft + (chart.clientWidth - gutter) / 2) / zoom;
    zoom = Math.max(1, Math.min(256, zoom * by));
    if (zoom === before) return;
    layOut();
    chart.scrollLeft = centre * zoom - (chart.clientWidth - gutter) / 2;
    draw();
  }

  byId('zoom-in').addEventListener('click', () => changeZoom(2));
  byId('zoom-out').addEventListener('click', () => changeZoom(0.5));
  for (const radio of document.getElementsByName('rows')) {
    radio.checked = (radio.value === 'all') === allInView;
    radio.addEventListener('change', () => { allInView = radio.value === 'all'; layOut(); });
  }
  darkness.addEventListener('change', () => { readColours(); draw(); });
  addEventListener('resize', later(layOut));

  function showLegend() {
    const letters = new Set(hosts.flatMap((host) => Array.from(host.letters)));
    const marks = Object.keys(STEP).filter((key) => letters.has(key) && key !== 'N').map((key) => STEP[key]);
    const unreached = hosts.some((host) => host.statusName === 'UNREACHABLE') ? [HOST.UNREACHABLE] : [];
    byId('chart-legend').append(
      ...[['CONNECT', '', 'connecting'], ...marks, ...unreached].map((mark) => element('li', {}, chip(mark), mark[2])));
  }

  // ---- slowest

  const LONGEST = 10;

  function row(cells) {
    return element('tr', {}, ...cells);
  }

  function head(names) {
    return element('thead', {}, row(names.map(([name, className]) => element('th', { scope: 'col', className: className || '' },
      className === 'share' ? element('span', { className: 'hidden' }, name) : name))));
  }

  function share(part, of) {
    const bar = element('span', { className: 'bar' });
    bar.style.width = (of > 0 ? 100 * part / of : 0) + '%';
    return element('td', { className: 'share', 'aria-hidden': 'true' }, bar);
  }

  function showSlowest() {
    const all = steps.map((name, step) => {
      const ran = shown.filter((host) => host.began[step] >= 0 && host.letters[step] !== 'S');
      const took = ran.map((host) => host.took[step]).sort((a, b) => a - b);
      const slowest = ran.reduce((most, host) => most === null || host.took[step] > most.took[step] ? host : most, null);
      return { name, ran: ran.length, median: took[took.length >> 1], longest: took[took.length - 1], slowest };
    }).filter((each) => each.ran > 0).sort((a, b) => b.longest - a.longest).slice(0, LONGEST);
    byId('slow-steps').replaceChildren(
      head([['Step'], ['Median', 'number'], ['Longest', 'number'], ['compared', 'share'], ['On']]),
      element('tbody', {}, ...all.map((each) => row([
        element('th', { scope: 'row', className: 'name', title: each.name }, each.name),
        element('td', { className: 'number' }, duration(each.median)),
        element('td', { className: 'number' }, duration(each.longest)),
        share(each.longest, all[0].longest),
        element('td', {}, hostButton(each.slowest)),
      ]))));
    const slow = shown.filter((host) => host.started >= 0).sort((a, b) => b.busy - a.busy).slice(0, LONGEST);
    byId('slow-hosts').replaceChildren(
      head([['Host'], ['At work', 'number'], ['Waiting', 'number'], ['compared', 'share'], ['Longest in']]),
      element('tbody', {}, ...slow.map((host) => {
        const step = host.took.reduce((most, took, index) => took > host.took[most] ? index : most, 0);
        const name = host.connecting > host.took[step] ? 'connecting' : steps[step];
        return row([
          element('th', { scope: 'row' }, hostButton(host)),
          element('td', { className: 'number' }, duration(host.busy)),
          element('td', { className: 'number' }, duration(Math.max(0, host.ended - host.busy))),
          share(host.busy, slow[0].busy),
          element('td', { className: 'name', title: name }, name),
        ]);
      })));
  }

  // ---- table

  const PAGE = 50;
  let pageSize = PAGE;
  let page = 0;

  function showTable() {
    const table = byId('steps');
    const here = shown.slice(page * pageSize, (page + 1) * pageSize);
    table.className = steps.length > 6 ? 'many' : '';
    table.replaceChildren(
      element('caption', { className: 'hidden' }, 'How each step ended on each host, and how long it took'),
      element('thead', {}, row([
        element('th', { scope: 'col' }, 'Host'),
        element('th', { scope: 'col' }, element('span', { className: 'words' }, 'Outcome')),
        element('th', { scope: 'col', className: 'number wide' }, 'At work'),
        ...steps.map((name, step) => element('th', { scope: 'col', className: 'step', title: name }, element('span', {}, (step + 1) + ' ' + name))),
      ])),
      element('tbody', {}, ...here.map((host) => row([
        element('th', { scope: 'row' }, hostButton(host)),
        element('td', {}, chip(host.status), element('span', { className: 'words' }, host.status[2])),
        element('td', { className: 'number wide' }, duration(host.busy)),
        ...steps.map((name, step) => cell(host, step)),
      ]))));
    showPages();
  }

  function cell(host, step) {
    const mark = STEP[host.letters[step]];
    return element('td', {}, chip(mark), element('span', { className: 'hidden' }, mark[2] + ' '),
      host.began[step] < 0 || mark[0] === 'SKIPPED' ? '' : duration(host.took[step]));
  }

  function showPages() {
    const pages = Math.max(1, Math.ceil(shown.length / pageSize));
    const nav = byId('pages');
    nav.hidden = pages === 1;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.page : undefined;
    const button = (text, to, able) => {
      const made = element('button', { type: 'button', disabled: !able, 'data-page': text }, text);
      made.addEventListener('click', () => { page = to; showTable(); });
      return made;
    };
    nav.replaceChildren(
      button('First', 0, page > 0),
      button('Previous', page - 1, page > 0),
      element('span', { role: 'status' }, whole.format(page * pageSize + 1) + ' to '
        + whole.format(Math.min(shown.length, (page + 1) * pageSize)) + ' of ' + count(shown.length, 'host', 'hosts')),
      button('Next', page + 1, page + 1 < pages),
      button('Last', pages - 1, page + 1 < pages));
    if (focused) {
      const again = Array.from(nav.querySelectorAll('button')).filter((each) => !each.disabled);
      const next = again.find((each) => each.dataset.page === focused) || again[0];
      // There is none where all is on one page, as on paper.
      if (next) next.focus();
    }
  }

  // ---- one host

  function openHost(host, step) {
    tip.hidden = true;
    const dialog = byId('host');
    const close = element('button', { type: 'button', autofocus: true }, 'Close');
    close.addEventListener('click', () => dialog.close());
    const groups = host.groups.map((group) => data.groups[group]).join(', ');
    const times = host.started < 0 ? 'its turn never came' : 'at work ' + duration(host.busy) + ', waiting ' + duration(Math.max(0, host.ended - host.busy));
    const items = [];
    if (host.started >= 0) {
      items.push(walked(host.connected < 0 && host.connecting > 0 ? host.status : ['CONNECT', '', ''], 'connecting', host.connecting, host.started, []));
    }
    steps.forEach((name, index) => items.push(stepItem(host, index, name, index === step)));
    dialog.replaceChildren(
      element('div', { className: 'dialog-top' },
        element('div', {}, element('h2', { id: 'host-title' }, chip(host.status), host.name + ': ' + host.status[2]),
          element('p', {}, times + (groups === '' ? '' : '; groups: ' + groups))),
        close),
      element('div', { className: 'dialog-body' },
        host.message >= 0 ? element('p', { className: 'message' }, data.texts[host.message]) : '',
        element('ol', { className: 'walk', 'aria-label': 'Steps' }, ...items)));
    dialog.showModal();
    const wanted = step >= 0 ? dialog.querySelectorAll('.walk > li')[step + (host.started >= 0 ? 1 : 0)] : null;
    if (wanted) wanted.scrollIntoView({ block: 'center' });
    else dialog.scrollTop = 0;
  }

  function walked(mark, name, took, began, more) {
    return element('li', {},
      element('div', { className: 'head' },
        element('span', {}, chip(mark), element('b', {}, name), ' ' + mark[2]),
        began < 0 ? '' : element('span', { className: 'took' }, duration(took) + ', from ' + duration(began))),
      ...more);
  }

  function stepItem(host, step, name, wanted) {
    const letter = host.letters[step];
    const machine = host.machines.has(step) ? [element('p', { className: 'stream' }, 'on ' + data.texts[host.machines.get(step)])] : [];
    const more = host.said.has(step) ? saidOf(data.details[host.said.get(step)], letter, host, wanted) : [];
    return walked(STEP[letter], name, host.took[step], host.began[step], [...machine, ...more]);
  }

  function saidOf([message, earlier, ...lines], letter, host, wanted) {
    const made = [];
    if (message >= 0) made.push(element('p', { className: 'message' }, data.texts[message]));
    if (earlier.length > 0) {
      made.push(element('p', { className: 'stream' }, 'tried ' + (earlier.length + 1) + ' times; before:'),
        element('ol', { className: 'earlier' }, ...earlier.map((text) => element('li', {}, data.texts[text]))));
    }
    if (lines.length > 0) {
      const planned = letter === 'W' || letter === 'Q';
      made.push(element('details', { open: wanted || STEP[letter][3] > 4 || letter === 'W' },
        element('summary', {}, planned ? count(lines.length, 'change', 'changes') : count(lines.length, 'command', 'commands')),
        element('ul', { className: 'lines' }, ...lines.map((line) => lineOf(line, planned, host)))));
    }
    return made;
  }

  function lineOf([made, summary, command, outcome, machine, stdout, stderr, diff, everyTime, times], planned, host) {
    const text = (index) => index < 0 ? '' : data.texts[index];
    const tag = (words) => element('span', { className: 'tag' }, words);
    return element('li', {},
      chip(made === 2 && planned ? STEP.W : MADE[made]),
      summary < 0 ? '' : element('span', { className: 'what' }, text(summary)), ' ',
      everyTime ? tag('every time') : '', ' ',
      made === 2 && !planned ? tag('not tried') : '', ' ',
      times > 1 ? tag(whole.format(times) + ' times') : '', ' ',
      element('code', {}, text(command)), ' ',
      outcome < 0 ? '' : element('span', { className: 'outcome' }, text(outcome) + (machine < 0 ? '' : ' on ' + text(machine))),
      ...block('standard output', text(stdout), host), ...block('standard error', text(stderr), host), ...block('diff', text(diff), host));
  }

  function block(title, text, host) {
    if (text === '') return [];
    const kinds = { '+': 'added', '-': 'removed', '@': 'place' };
    const content = title !== 'diff' ? [text]
      : text.split('\n').map((line) => element('span', { className: kinds[line[0]] || '' }, line + '\n'));
    return [element('p', { className: 'stream' }, title),
      element('pre', { tabIndex: 0, role: 'group', 'aria-label': title + ' of ' + host.name }, ...content)];
  }

  // ---- begin

  let onScreen = null;
  addEventListener('beforeprint', () => {
    if (onScreen) return;
    onScreen = { closed: document.querySelectorAll('.finding details:not([open])'), page };
    for (const each of onScreen.closed) each.open = true;
    pageSize = Math.max(PAGE, shown.length);
    page = 0;
    showTable();
    allInView = true;
    layOut();
  });
  addEventListener('afterprint', () => {
    if (!onScreen) return;
    for (const each of onScreen.closed) each.open = false;
    pageSize = PAGE;
    page = onScreen.page;
    onScreen = null;
    allInView = document.querySelector('[name=rows]:checked').value === 'all';
    showTable();
    layOut();
  });
  let typing = 0;
  byId('filter-host').addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(filter, 120);
  });
  for (const id of ['filter-group', 'filter-outcome', 'filter-order']) byId(id).addEventListener('change', filter);
  form.addEventListener('submit', (event) => { event.preventDefault(); filter(); });
  form.addEventListener('reset', () => setTimeout(filter));

  document.documentElement.classList.add('live');
  readColours();
  fillFilter();
  showLegend();
  filter();
})();
