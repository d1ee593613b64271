#!/usr/bin/env node
// Plain JavaScript, so that an old Node can still say what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number);
const supported = (major === 22 && minor >= 22) || (major === 24 && minor >= 15) || major >= 26;

if (supported) {
  const { main } = await import('@logcatch/cli');
  await main(process.argv);
} else {
  console.error(`pipeline needs Node 22.22, 24.15, 26 or newer; this is ${process.version} (${process.execPath}).`);
  process.exit(2);
}
