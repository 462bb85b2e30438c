// What can be measured of a page: returns a sentence for everything that is wrong, in the order of the document.
// axe-core judges what needs a whole rule book; here is what it leaves open (sizes, overflow) or what must not rest on
// one judge alone (contrast).
(() => {
  const wrong = [];
  const root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const name = (element) => `${element.tagName.toLowerCase()} "${(element.textContent || '').trim().slice(0, 40)}"`;

  // --- structure
  if (root.lang !== 'en') wrong.push(`the language is "${root.lang}"`);
  if (!document.title.trim()) wrong.push('there is no title');
  if (all('h1').length !== 1) wrong.push(`${all('h1').length} headings of the first level`);
  if (all('main').length !== 1) wrong.push(`${all('main').length} main landmarks`);
  let level = 0;
  for (const heading of all('h1,h2,h3,h4,h5,h6')) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) wrong.push(`${name(heading)} follows level ${level}`);
    level = next;
  }
  for (const element of all('a,button,input,select,textarea')) {
    const text = (element.getAttribute('aria-label') || element.textContent || element.value || '').trim();
    if (!text) wrong.push(`${name(element)} has no accessible name`);
    const { width, height } = element.getBoundingClientRect();
    if (width < 24 || height < 24) wrong.push(`${name(element)} is ${width} x ${height} px, less than 24 x 24`);
  }

  // --- fit: nothing sticks out of the window, and nothing is cut off
  if (root.scrollWidth > window.innerWidth) wrong.push(`${root.scrollWidth} px wide in ${window.innerWidth} px`);
  for (const element of all('body *')) {
    const { left, right, width } = element.getBoundingClientRect();
    if (width && (left < -0.5 || right > window.innerWidth + 0.5)) wrong.push(`${name(element)} sticks out`);
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== 'visible') {
      wrong.push(`${name(element)} is cut off`);
    }
  }
  if (document.getAnimations().length) wrong.push('something moves');

  // --- contrast (WCAG 2.2, 1.4.3): every text against the nearest background that covers it
  const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => (
    0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255)
  );
  const read = (color) => {
    const numbers = color.match(/[\d.]+/g).map(Number);
    return { rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1 };
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, alpha } = read(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return rgb;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && element.getBoundingClientRect().width) {
      const [light, dark] = [read(getComputedStyle(element).color).rgb, background(element)]
        .map(luminance).sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < 4.5) wrong.push(`${name(element)} has a contrast of ${ratio.toFixed(2)}`);
    }
  }
  return wrong;
})()
