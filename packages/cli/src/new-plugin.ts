import { fileURLToPath } from 'node:url';
import { bundled } from './bundled.ts';
import { isEmpty, makeFiles, refuse, template } from './new-files.ts';

type PluginKind = 'input' | 'output' | 'transform' | 'config-source';

interface NewPluginFlags {
  readonly kind: PluginKind;
  readonly dir?: string;
  /** Of logcatch. */
  readonly version: string;
}

/** What people call one. */
const called: Readonly<Record<PluginKind, string>> = {
  input: 'input',
  output: 'output',
  transform: 'transform',
  'config-source': 'configuration source',
};

/** `pipeline new plugin NAME`: a package with a plugin that works, its tests, and a pipeline that uses it. */
export function newPlugin(type: string, { kind, dir, version }: NewPluginFlags): void {
  const name = `logcatch-${kind}-${type}`;
  const folder = dir ?? name;
  if (!/^[a-z][a-z0-9-]*$/.test(type)) {
    refuse(`${type}: the name of a type begins with a small letter, and holds only those, digits and "-".`);
    return;
  }
  if (Object.hasOwn(bundled[kind === 'config-source' ? 'config' : kind], type)) {
    refuse(`logcatch itself has the ${called[kind]} "${type}": choose another name.`);
    return;
  }
  if (!isEmpty(folder)) {
    refuse(`${folder} is there already: nothing is overwritten. Name another folder with --dir.`);
    return;
  }
  const install = inClone ? 'npx -y pnpm@10 install' : 'npm install';
  const words = { 'my-type': type, 'my-package': name, KIND: called[kind], INSTALL: install, NODES: nodes };
  const files = {
    'package.json': json(manifest(name, called[kind], version)),
    'tsconfig.json': json(tsconfig),
    '.gitignore': 'node_modules/\ndist/\n.logcatch/\n',
    'README.md': template('README.md', words),
    'example.yaml': template(`${kind}/example.yaml`, words),
    'src/index.ts': template(`${kind}/index.ts`, words),
    'src/index.test.ts': template(`${kind}/index.test.ts`, words),
  };
  if (!makeFiles(folder, files)) return;
  const next = [`cd ${folder}`, install, 'npm test', 'npx pipeline run example.yaml --once'];
  console.log(
    [
      `Made ${folder}: ${Object.keys(files).join(', ')}. Next, with ${nodes} (\`node --version\`):`,
      ...next.map((line) => `  ${line}`),
    ].join('\n'),
  );
}

/** Run from a clone of logcatch, which nobody can install from npm: its packages are linked. */
const inClone = !import.meta.url.includes('/node_modules/');

const nodes = 'Node 22.22, 24.15, 26 or newer';
/** Tests are TypeScript: an older Node finds none, and says no more than that. */
const checkNode = `const [major, minor] = process.versions.node.split('.').map(Number); if (!(major === 22 && minor >= 22 || major === 24 && minor >= 15 || major >= 26)) { console.error('This needs ${nodes}; this is ' + process.version + ' (' + process.execPath + ').'); process.exit(1); }`;

function manifest(name: string, kind: string, version: string) {
  const packageOf = (folder: string) =>
    inClone ? `link:${fileURLToPath(new URL(`../../${folder}`, import.meta.url))}` : `^${version}`;
  return {
    name,
    version: '0.1.0',
    description: `A logcatch ${kind}`,
    type: 'module',
    engines: { node: '^22.22.2 || ^24.15.0 || >=26' },
    exports: './dist/index.js',
    files: ['dist', '!dist/*.test.*'],
    scripts: {
      check: 'tsc --noEmit',
      pretest: `node -e "${checkNode}"`,
      test: 'node --test "src/**/*.test.ts"',
      build: 'tsc',
      prepack: 'npm run build',
    },
    peerDependencies: { '@logcatch/plugin-api': `^${version}` },
    devDependencies: {
      '@logcatch/cli': packageOf('cli'),
      '@logcatch/plugin-api': packageOf('plugin-api'),
      '@logcatch/testing': packageOf('testing'),
      '@types/node': '^24.0.0',
      typescript: '^7.0.0',
    },
  };
}

const tsconfig = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2025'],
    module: 'nodenext',
    types: ['node'],
    rootDir: 'src',
    outDir: 'dist',
    declaration: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
  },
  include: ['src'],
};

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
