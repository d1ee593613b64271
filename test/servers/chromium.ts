import { join } from 'node:path';
import { debianPackages, libraryFolder } from './debian.ts';
import { commandPath, Unavailable } from './process.ts';

export interface Chromium {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The Chromium in PATH, else that of Debian, without a screen. @throws Unavailable when neither can be had */
export async function chromium(): Promise<Chromium> {
  const installed = commandPath('chromium-headless-shell') ?? commandPath('chromium') ?? commandPath('google-chrome');
  if (installed !== undefined) return { command: installed, env: process.env };
  const root = await debianPackages('chromium', ['chromium-headless-shell'], { dependencies: true }).catch(
    (cause: unknown) => {
      throw new Unavailable("There is no chromium in PATH, and Debian's could not be unpacked. Install chromium.", {
        cause,
      });
    },
  );
  const libraries = libraryFolder(root);
  return {
    command: join(root, 'usr', 'lib', 'chromium', 'chromium-headless-shell'),
    env: { ...process.env, LD_LIBRARY_PATH: `${libraries}:${join(libraries, 'pulseaudio')}` },
  };
}
