import { type Batch, condition, defineTransform, z } from '@logcatch/plugin-api';

/** Where what meets none of the conditions leaves. */
const rest = 'unmatched';

const options = z.strictObject({
  routes: z
    .record(z.string().regex(/^[\w-]+$/, 'the name of an exit has letters, digits, _ and - only'), condition())
    .refine((routes) => Object.keys(routes).length > 0, 'name at least one exit')
    .refine((routes) => !Object.hasOwn(routes, rest), `"${rest}" is the exit of what meets no condition`)
    .describe(
      `Exits and their conditions. A record leaves by the first exit whose condition it meets, else by \`${rest}\`.`,
    ),
});

export default defineTransform({
  type: 'route',
  description: 'Gives records to different components by conditions.',
  options,
  exits: ({ routes }) => [...Object.keys(routes), rest],
  summarize: ({ routes }) => Object.keys(routes).join(', '),
  sets: () => [],
  create: ({ routes }) => {
    const exits = Object.entries(routes);
    return {
      apply: (batch) => {
        const tests = exits.map(([, condition]) => condition.test(batch));
        const leaving = Array.from({ length: exits.length + 1 }, () => new Uint32Array(batch.count));
        const counts = leaving.map(() => 0);
        for (let i = 0; i < batch.count; i++) {
          let exit = 0;
          while (exit < tests.length && !tests[exit]!(i)) exit++;
          leaving[exit]![counts[exit]!++] = i;
        }
        const out: Record<string, Batch> = {};
        for (const [i, name] of [...exits.map(([name]) => name), rest].entries()) {
          if (counts[i] === batch.count) return { [name]: batch };
          if (counts[i]! > 0) out[name] = batch.select(leaving[i]!.subarray(0, counts[i]));
        }
        return out;
      },
    };
  },
});
