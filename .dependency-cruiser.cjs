/** The layers of ARCHITECTURE.md as rules; test/tidy/layers.test.ts also checks that every file was read. */

/** The layer in `from` must not import what `to` matches. */
const never = (name, from, to, comment) => ({ name, severity: 'error', comment, from: { path: from }, to: { path: to } })

/** A foreign library has one door: the files that `doors` matches, besides tests and benchmarks. */
const door = (name, library, doors, comment) =>
  ({ name, severity: 'error', comment, from: { pathNot: `^(test|bench|scripts)/|${doors}` }, to: { path: `node_modules/(${library})/` } })

/** All that `protocols/` may import from outside: small, pure, without I/O. */
const PURE = '@noble/|@scure/|@bufbuild/protobuf/|uint8arrays/|json-schema-to-ts/'

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', comment: 'what imports each other is one file', from: { pathNot: '^test/' }, to: { circular: true } },
    { name: 'everything-resolves', severity: 'error', comment: 'an import that is not read is not checked', from: {}, to: { couldNotResolve: true } },
    { name: 'product-needs-no-development-package', severity: 'error', comment: 'it is not there when installed', from: { path: '^(protocols|store|node|cli|testnet|web)/' }, to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: 'node_modules/@types/' } },

    never('protocols-are-the-floor', '^protocols/', '^(store|node|cli|web|test|testnet|bench|scripts)/', 'the pure layer imports nothing of ours'),
    { name: 'protocols-do-no-io', severity: 'error', comment: 'decisions are functions of their arguments', from: { path: '^protocols/' }, to: { dependencyTypes: ['core'] } },
    { name: 'protocols-need-little', severity: 'error', comment: 'they must run in a browser and in another program', from: { path: '^protocols/' }, to: { path: 'node_modules/', pathNot: `node_modules/(${PURE})` } },
    never('store-above-protocols-only', '^store/', '^(node|cli|web|test|testnet|bench|scripts)/', 'what survives a restart knows no network'),
    never('node-below-its-faces', '^node/', '^(cli|web|test|testnet|bench|scripts)/', 'the node does not know who drives it'),
    never('engine-behind-its-ports', '^node/(turn|loops|handlers|contacts|operations)/', '^node/(net|crypto|api)/', 'the simulator must be able to take their place'),
    never('cli-composes-or-calls', '^cli/', '^(store|web|test|bench|scripts)/', 'the command line opens no store'),
    { name: 'testnet-above-the-command-line', severity: 'error', comment: 'it drives the command; the tree alone knows that it is there, and loads it when it runs', from: { path: '^cli/', pathNot: '^cli/tree/testnet\\.ts$' }, to: { path: '^testnet/' } },
    never('testnet-is-no-test', '^testnet/', '^(test|bench|web|scripts)/', 'what developers install rests on no test'),
    { name: 'cli-sees-the-root-of-the-node', severity: 'error', comment: 'everything else goes through the local API', from: { path: '^cli/' }, to: { path: '^node/', pathNot: '^node/(node\\.ts|version\\.ts|home-files\\.ts|api/socket-path\\.ts|relay/(home-files|limits|relay-node|bench)\\.ts)$' } },
    { name: 'web-speaks-the-local-api', severity: 'error', comment: 'a browser holds no keys', from: { path: '^web/' }, to: { path: '^(protocols|store|node|cli|test|testnet|bench|scripts)/', pathNot: '^protocols/(local|core)/' } },
    never('tests-are-leaves', '^(protocols|store|node|cli|testnet|web|scripts)/', '^(test|bench)/', 'nothing rests on a test'),

    door('sqlite-door', 'better-sqlite3-multiple-ciphers', '^store/database\\.ts$', 'replacing the driver is one file'),
    door('keychain-door', '@napi-rs/keyring', '^store/keychain\\.ts$', 'replacing the keychain is one file'),
    door('libp2p-door', '@libp2p|libp2p|@multiformats|datastore-core|interface-datastore', '^(node/net|testnet/simulation/discovery)/', 'replacing the network is one folder; the rest is simulable, and the simulated host stands where it stands'),
    door('libsignal-door', '@signalapp', '^node/crypto/', 'replacing the ratchet is one folder'),
    door('yaml-door', 'yaml', '^testnet/yaml\\.ts$', 'files that people write are read in one place'),
    door('toml-door', 'smol-toml', '^node/home-files\\.ts$', 'files of settings are read alike'),
    door('http-door', 'fastify|@fastify', '^node/(api|relay/http)/', 'the local API is a face, not the engine'),
    door('metrics-door', 'prom-client', '^node/relay/http/metrics\\.ts$', 'figures are counted by the relay and only written down for Prometheus'),
    door('terminal-door', 'ink|react', '^cli/chat/', 'scripts never load the full-screen client'),
    door('arguments-door', 'commander', '^cli/', 'only the command line parses arguments')
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] }
  }
}
