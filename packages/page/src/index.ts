const names = [
  'agent.js',
  'changes.js',
  'component.js',
  'dom.js',
  'errors.js',
  'files.js',
  'graph-layout.js',
  'graph-list.js',
  'graph.js',
  'lanes.js',
  'ledger.js',
  'lines.js',
  'line-buffer.js',
  'main.js',
  'model.js',
  'plain-text.js',
  'style.css',
  'summary.js',
  'tables.js',
  'token.js',
  'trouble.js',
  'units.js',
];

const folder = new URL('../browser/', import.meta.url);

/** The files of the page, by the path at which a browser asks for them. They stand as they are beside `src` and `dist`. */
export const pageFiles: Readonly<Record<string, URL>> = Object.fromEntries([
  ['/', new URL('index.html', folder)],
  ...names.map((name) => [`/${name}`, new URL(name, folder)] as const),
]);
