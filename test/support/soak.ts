/** The same test with larger counts: `pnpm soak [name]` sets SOAK. */
export function rounds(test: number, soak: number): number {
  return process.env.SOAK ? soak : test;
}
