/** The package graph of CONTRIBUTING.md: plugins -> plugin-api <- core <- cli, testing -> core. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(packages|plugins)/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    // Types may refer to each other; code may not.
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('plugin-api-imports-nothing', '^packages/plugin-api/', '^packages/plugin-api/'),
    only('core-imports-plugin-api', '^packages/core/', '^packages/(core|plugin-api)/'),
    // What a browser takes imports nothing; its types are those of the core.
    only('page-imports-core', '^packages/page/', '^packages/(page|core)/'),
    only('testing-imports-core', '^packages/testing/', '^packages/(testing|core|plugin-api)/'),
    only('cli-imports-core', '^packages/cli/(?!src/bundled\\.ts$|templates/)', '^packages/(cli|core|page|plugin-api)/'),
    // The one table of bundled plugins; each stands behind a dynamic import.
    only('cli-bundles-plugins', '^packages/cli/src/bundled\\.ts$', '^(plugins/|packages/(cli|core|page|plugin-api)/)'),
    {
      name: 'plugins-import-plugin-api',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/', pathNot: '\\.test\\.ts$|/fixtures/' },
      to: { path: '^(packages|plugins)/', pathNot: '^(packages/plugin-api/|plugins/$1/)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
    doNotFollow: { path: 'node_modules' },
  },
};
