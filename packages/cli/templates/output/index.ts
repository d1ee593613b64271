import { defineOutput, LogcatchError, messageOf, type Refused, Rejected, secret, z } from '@logcatch/plugin-api';

export default defineOutput({
  type: 'my-type',
  description: 'Posts each record to an HTTP server.',
  // One declaration: types, checks, defaults, and the help of `pipeline plugins`. What is a secret is never shown.
  options: z.strictObject({
    url: z.url().describe('Where to.'),
    token: secret().optional().describe('Bearer token, or `{ file: PATH }`.'),
  }),
  summarize: ({ url }) => url,
  create: ({ url, token }, context) => {
    const headers: Record<string, string> = {};
    return {
      // Connects, where there is something to connect to. A throw: again after a pause, and nothing is read meanwhile.
      async start() {
        if (token) headers.authorization = `Bearer ${await context.secret(token)}`;
      },

      // Resolves when every record is safe at the target: only then their positions are stored.
      async write(batch, signal) {
        const refused: Refused[] = [];
        for (const { index, text } of batch) {
          const response = await fetch(url, { method: 'POST', headers, body: text, signal }).catch((cause) => {
            throw new LogcatchError('LC_OUTPUT_UNREACHABLE', messageOf(cause), { cause });
          });
          await response.body?.cancel();
          const answer = `${url} answered ${response.status}`;
          if (response.status === 400) refused.push({ index, reason: new LogcatchError('LC_RECORD_REFUSED', answer) });
          // A throw: the same batch again after a pause, for as long as it takes.
          else if (!response.ok) throw new LogcatchError('LC_OUTPUT_FAILED', answer);
        }
        // These can never be written, all the others are: they go to the dead letters.
        if (refused.length > 0) throw new Rejected(refused);
      },

      // Frees what `start` has opened. Also called before `start`, and twice.
      async stop() {},
    };
  },
});
