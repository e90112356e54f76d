/**
 * What the site's pages have beyond GitHub's: cells that know their column, for phones, where each row of a table is
 * shown as a card; and captions under pictures.
 * @param {any} markdown
 */
export function markdownRules(markdown) {
  markdown.core.ruler.push('labelled-cells', labelCells);
  markdown.core.ruler.push('captions', captionPictures);
}

/** @param {{ readonly tokens: any[] }} state */
function labelCells({ tokens }) {
  /** @type {string[]} */
  let labels = [];
  let column = 0;
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'table_open') labels = [];
    if (token.type === 'tr_open') column = 0;
    if (token.type === 'th_open') labels.push(textOf(tokens[at + 1]));
    // As an attribute, it can be undone by the style for phones.
    const align = /text-align:(\w+)/.exec(token.attrGet?.('style') ?? '')?.[1];
    if (align) token.attrs = [['align', align]];
    if (token.type === 'td_open') {
      const label = labels[column];
      column += 1;
      if (label) token.attrSet('data-label', label);
    }
  }
}

/** A paragraph that is a picture alone becomes a figure, and what the picture says to who cannot see it, its caption. */
function captionPictures(/** @type {any} */ state) {
  const { tokens, Token } = state;
  for (let at = tokens.length - 2; at > 0; at -= 1) {
    const images = (tokens[at].children ?? []).filter((/** @type {any} */ child) => child.type === 'image');
    const alone = tokens[at].type === 'inline' && images.length === 1 && tokens[at].children.length === 1;
    if (!alone || tokens[at - 1].type !== 'paragraph_open') continue;
    for (const end of [tokens[at - 1], tokens[at + 1]]) end.tag = 'figure';
    const caption = new Token('html_block', '', 0);
    caption.content = `<figcaption>${state.md.utils.escapeHtml(textOf(images[0]))}</figcaption>`;
    tokens.splice(at + 1, 0, caption);
  }
}

/**
 * @param {any} token
 * @returns {string}
 */
function textOf(token) {
  return token.children.map((/** @type {any} */ child) => (child.children ? textOf(child) : child.content)).join('');
}
