// Plain JavaScript, because an older Node.js cannot even read the TypeScript that would tell it so.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `Vigie runs on Node.js 24 or later, and this is ${process.version}. On Linux x64 \`npm ci\` brings it along; elsewhere install it from https://nodejs.org.`,
  );
  process.exit(1);
}
